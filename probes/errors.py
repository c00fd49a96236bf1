"""The one error that the probe room raises on purpose."""


class ProbeError(ValueError):
    """What is wrong, where, what was expected, what came, and what to type next, in one line."""
