"""What is going wrong in a run, since when, and what to change."""
