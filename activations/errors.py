"""The one error of this room: a single line that says what is wrong, where, and what to type next."""


class ActivationError(ValueError):
    """Bad input or a damaged store; its message is meant to be printed as it stands, without a traceback."""
