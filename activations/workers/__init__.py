"""Who computes the units of a run: this process, or several that each load the model once."""
