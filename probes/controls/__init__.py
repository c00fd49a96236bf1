"""Baselines and controls that a probe has to beat."""
