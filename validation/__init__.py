"""Validation of the tool: simulated data with a known truth, and the verdicts it must return."""

from tacit.validation.run import validate

__all__ = ["validate"]
