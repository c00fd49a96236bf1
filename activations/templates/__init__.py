"""The chat template: which one, how it is rendered within bounds, and what it says about thinking."""
