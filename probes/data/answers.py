"""One reply read: the answer that it gives, and that answer as a number.

In: an item, its target, a reply. Out: an `Answer`, and by `Coding` a count or the index of a class. Replies of every
form are read by the target's own reader.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tacit.names import ANSWERED, OUT_OF_RANGE, OUTCOMES
from tacit.targets.elicitations import Elicitation

WILD = 100.0
"""A count of more than this many times the largest true one is out of range: one such number would set the skill."""


@dataclass(frozen=True)
class Coding:
    """How a target's answers become numbers."""

    kind: str
    """binary, multiclass or count"""
    classes: tuple[str, ...]
    other: str = ""
    """the class that takes every name that is none of the classes; "" for none"""

    def code(self, value: float | str) -> float:
        """A number itself, a class's index, or -1 for a class that is none of these."""
        if self.kind == "count":
            return float(value)
        index = {c: k for k, c in enumerate(self.classes)}
        return float(index.get(str(value), index.get(self.other, -1)))


@dataclass(frozen=True)
class Answer:
    """What one reply was read as."""

    outcome: str
    value: float | str | None


def answer(target, item, reply: Mapping, elicitation: Elicitation) -> Answer:
    """The target's reading, made safe: a value only with "answered", and never a number that is not finite."""
    text = reply["text"]
    if not isinstance(text, str):
        return Answer("unreadable", None)
    report = target.read(item, text, ended=bool(reply.get("ended", True)), elicitation=elicitation)
    value = report.value if report.outcome == "answered" else None
    number = target.kind == "count" or elicitation.rung == "number"
    if number and value is not None and not np.isfinite(float(value)):
        value = None
    if report.outcome not in OUTCOMES or (report.outcome == "answered" and value is None):
        return Answer("unreadable", None)
    return Answer(report.outcome, value)


def named(value: float | str) -> str:
    """A value in words: 12 and 12.0 are the same count."""
    return value if isinstance(value, str) else f"{value:.10g}"


def in_range(read: Answer, coding: Coding, largest: float) -> Answer:
    """The answer, or a non-answer if it is a count that cannot be meant."""
    is_count = coding.kind == "count" and read.outcome == ANSWERED
    return Answer(OUT_OF_RANGE, None) if is_count and wild(read.value, largest) else read


def wild(count, largest: float):
    """Whether a count (or each of an array) is too large to be meant, the largest true one being `largest`."""
    return count > WILD * max(largest, 1.0)
