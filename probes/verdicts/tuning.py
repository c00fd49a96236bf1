"""A report tuned on labels, and its control task, as tuned.json keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tacit.thresholds import MARGIN, MIN_TAUGHT


@dataclass(frozen=True)
class TuningControl:
    """The same training on labels by a hash of the group, which nothing but memory could get right (Hewitt & Liang
    2019, EMNLP, arXiv 1909.03368)."""

    score: float
    """held out, in the primary metric, against its own labels"""
    learned: float
    """on the items that were learned from, in the fold in which that is least: what a soft prompt can memorise"""
    epochs: tuple[int, ...]
    """one per outer fold"""
    labels: tuple = field(repr=False)
    """per item its label in the control task, a class index or a count"""
    pred: tuple = field(repr=False)
    """per item what `metrics` takes"""


@dataclass(frozen=True)
class Tuning:
    """A report tuned on labels, and what it says of the items that it did not learn from (`tuned`)."""

    target: str
    condition: str
    score: float
    """held out, in the primary metric"""
    learned: float
    """on the items that were learned from, in the fold in which that is least"""
    taught: float
    """share of items of which a valid answer means the label itself; of other counts the nearest was taught"""
    epochs: tuple[int, ...]
    """one per outer fold"""
    how: Mapping[str, float]
    """`seed`, and what else makes a tuning what it is"""
    item_ids: tuple[str, ...] = field(repr=False)
    pred: tuple = field(repr=False)
    """per item what `metrics` takes: log-odds, a count, or the shares of the classes"""
    control: TuningControl | None = None
    """the same training on labels permuted by group; None where it was not run"""

    @classmethod
    def read(cls, written: dict) -> "Tuning":
        """Back from JSON, which holds null for nan. Raises KeyError or TypeError where something is missing."""
        control = written.get("control")
        return cls(**_parsed(written) | {"control": control and TuningControl(**_parsed(control))})

    def took(self, probe: float) -> bool:
        """Whether a failure on held-out items says something of the model: the valid answers can say the labels, and in
        every fold the items that were learned from are answered about as well as the probe reads held-out ones."""
        return bool(self.learned >= probe - MARGIN and self.taught >= MIN_TAUGHT)


def _parsed(written: dict) -> dict:
    """A table of tuned.json with nan for null and tuples for lists. Raises KeyError where something is missing."""
    numbers = {key: float("nan") if written[key] is None else float(written[key]) for key in ("score", "learned")}
    return written | numbers | {key: tuple(x) for key, x in written.items() if isinstance(x, list)}
