"""The tool judged by truth it did not see: invented worlds, planted gaps, and what must come back."""

from tacit.validation.run import validate

__all__ = ["validate"]
