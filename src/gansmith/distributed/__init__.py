"""What one process knows of the others that it trains, samples or scores with."""
