"""Building blocks and bodies. They know no loss, no optimiser and no file."""
