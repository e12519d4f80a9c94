"""From data to a finished folder, and what is done with it."""
