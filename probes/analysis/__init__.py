"""What is computed for one target under one condition."""
