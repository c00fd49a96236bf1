"""Probes: families, regularisation paths, nested cross-validation, directions."""
