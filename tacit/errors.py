"""Every error that tacit raises on bad input: one base class, one subclass per room.

The message is one or two sentences meant to be printed as they are, without a traceback: what is wrong, where, what was
expected, what came, and what to type next.
"""


class TacitError(ValueError):
    """Bad input, a damaged file, or a result that cannot be computed from the given data."""


class TargetError(TacitError):
    """An item table, a Python target, or a choice of targets and elicitations cannot be used."""


class ActivationError(TacitError):
    """A model cannot be loaded or run as asked, or a store of activations is missing, unfinished or damaged."""


class ProbeError(TacitError):
    """The stored activations and replies do not allow the analysis that was asked for."""


class FigureError(TacitError):
    """A page cannot be drawn from the files of the run."""


class WriteError(TacitError):
    """A file could not be written (a full disk, a read-only folder); what was there before is unchanged."""


def in_a_line(error: Exception) -> str:
    """The kind of an exception and the first line of what it says, for a message."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
