"""Names of report rungs: the form of question that a rung reads, and whether it was fitted to labels."""

CALIBRATED = " calibrated"
BY_SOURCE = " calibrated by source"
"""The map has an offset of its own for every source of items."""
KIND = "kind of reply"
"""What the kind of a reply reveals: a class named, a refusal, an unreadable text."""
_MAPS = (f" and {KIND}", f" {KIND}", BY_SOURCE, CALIBRATED)
_SUFFIXES = (*_MAPS, " median", " logits")


def is_mapped(rung: str) -> bool:
    """Whether the rung was mapped onto the labels of the training folds.

    >>> is_mapped("said calibrated"), is_mapped("kind of reply"), is_mapped("logits")
    (True, True, False)
    """
    return rung.endswith((CALIBRATED, BY_SOURCE, KIND))


def unmapped(rung: str) -> str:
    """The report that a rung maps onto labels, or the rung itself.

    >>> unmapped("shots4/you/0 logits calibrated"), unmapped("logits and kind of reply")
    ('shots4/you/0 logits', 'logits')
    """
    for suffix in _MAPS:
        rung = rung.removesuffix(suffix)
    return rung


def form_of(rung: str) -> str:
    """The rung without what was made of the form's replies.

    >>> form_of("free/you/0 kind of reply")
    'free/you/0'
    """
    for suffix in _SUFFIXES:
        rung = rung.removesuffix(suffix)
    return rung
