"""Checkpoints whose gap between knowing and saying is known by construction, with the recipe that trained them."""
