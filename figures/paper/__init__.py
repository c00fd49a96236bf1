"""What goes into a paper: methods, numbers, references, reproducibility."""
