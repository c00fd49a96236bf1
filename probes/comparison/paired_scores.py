"""All methods of one target and condition, measured under the same resamples, so that every difference is paired.

In: what the probe room wrote of one target and condition. Out: `Estimate`s of scores and of leads, by method name.
"""

from collections.abc import Callable
from copy import copy

import numpy as np
import pandas as pd

from tacit.names import LABEL_COLUMN, NESTED
from tacit.probes.data.items_table import own_scoring, predictions, read_by
from tacit.probes.statistics.bootstrap import Estimate, equivalent, interval, resample
from tacit.probes.statistics.drawn import Drawn
from tacit.probes.statistics.groups import effective_groups
from tacit.probes.statistics.jackknife import left_out
from tacit.probes.statistics.metrics import CHANCE, Scoring, measure
from tacit.probes.statistics.selection import Searches, clipped
from tacit.probes.statistics.unseen_errors import lead_with_unseen, score_with_unseen
from tacit.seeds import stream
from tacit.thresholds import MARGIN

BALANCED = "balanced_accuracy"
Seen = Callable[[np.ndarray], np.ndarray]
"""Predictions -> the same predictions in another form."""


class Paired:
    """Values are kept once computed.

    entry, frame: of probes.json and items.parquet; n_resamples x n_items draws of whole groups, seeded by the entry.
    Raises KeyError where the frame lacks a column that is asked for.
    """

    def __init__(self, entry: dict, frame: pd.DataFrame, n_resamples: int) -> None:
        groups = frame["group"].to_numpy(dtype=np.int64)
        self.frame, self.scoring, self.groups = frame, stick_of(entry, frame), groups
        rng = stream(entry["seed"], "bootstrap")
        self.weights = resample(groups, fold=self.scoring.fold, n_resamples=n_resamples, rng=rng)
        self.left_out = left_out(groups, self.scoring.fold)
        self.n_groups = len(np.unique(groups))
        self.effective = effective_groups(self.scoring.y, groups, self.scoring.kind)
        self.n_classes = len(entry["classes"])
        self._drawn: dict[tuple[str, str], Drawn] = {}
        self.head = NESTED
        self._searches = Searches(self.scoring, self.weights, self.pred, entry["inner"], entry["searches"])

    def read_by(self, head: str) -> "Paired":
        """The same methods and draws with this method as the probe: `head`, and the frame's ``probe`` and
        ``probe_right``. Raises KeyError where the frame does not have them."""
        if head == self.head:
            return self
        found = copy(self)
        found.head, found.frame = head, read_by(self.frame, head)
        return found

    def has(self, name: str) -> bool:
        """Whether predictions of this method were made here: a column may be another target's, and empty."""
        columns = self.frame.filter(items=[f"method:{name}", f"method:{name}:0"])
        return bool(columns.notna().any(axis=None))

    def pred(self, name: str) -> np.ndarray:
        return predictions(self.frame, name, self.n_classes)

    @property
    def independent(self) -> int:
        """Groups that an interval's t quantile goes by."""
        return self.effective if self.left_out is None else min(self.effective, self.left_out.n_groups)

    def drawn(self, name: str, metric: str = "") -> Drawn:
        """A method's metric, the primary one if none is named, against its own labels where it has some."""
        metric = metric or self.scoring.primary
        if (name, metric) not in self._drawn:
            self._drawn[name, metric] = self._drawn_as(name, metric, lambda pred: pred)
        return self._drawn[name, metric]

    def _drawn_as(self, name: str, metric: str, seen: Seen) -> Drawn:
        """`drawn` of what `seen` makes of the predictions."""
        scoring, pred = own_scoring(self.scoring, self._own_labels(name)), seen(self.pred(name))
        point, plain = float(measure(metric, scoring, pred)[0]), measure(metric, scoring, pred, self.weights)
        left = None if self.left_out is None else measure(metric, scoring, pred, self.left_out.weights)
        redrawn = self._searches.redraw_selection(name, metric, seen) if name in self._searches else plain
        return Drawn(point, plain, redrawn, left)

    def score(self, name: str, metric: str = "") -> Estimate:
        drawn, metric = self.drawn(name, metric), metric or self.scoring.primary
        found = self._limits(drawn.point, clipped(metric, self._settled(drawn)))
        return score_with_unseen(found, metric, n_groups=self.independent)

    def lead(self, first: str, second: str, metric: str = "", *, seen: Seen | None = None) -> Estimate:
        """The first method's score minus the second's; seen: what the first method's predictions are made into."""
        metric = metric or self.scoring.primary
        found = self._limits(*self.lead_values(first, second, metric, seen=seen))
        one, other = found.value + self.drawn(second, metric).point, self.drawn(second, metric).point
        return lead_with_unseen(found, one, other, metric, n_groups=self.independent)

    def lead_values(
        self, first: str, second: str, metric: str = "", *, seen: Seen | None = None
    ) -> tuple[float, np.ndarray]:
        """(point, (n_resamples,) values) of that difference."""
        metric = metric or self.scoring.primary
        one = self.drawn(first, metric) if seen is None else self._drawn_as(first, metric, seen)
        lead = one - self.drawn(second, metric)
        return lead.point, self._settled(lead)

    def within_margin(self, point: float, values: np.ndarray) -> bool:
        """Whether a difference, as `lead_values` gives it, is shown to be within the margin (see `equivalent`)."""
        return equivalent(point, values, margin=MARGIN, n_groups=self.effective, independent=self.independent)

    def selectivity(self, head: str, control: str) -> Estimate | None:
        """The method's score minus that of a control task on labels of its own (Hewitt & Liang 2019, arXiv
        1909.03368); a control below chance counts as chance. None where the run holds no such task with its labels."""
        if not self.has(control) or self._own_labels(control) is None:
            return None
        lead = self.drawn(head) - self.drawn(control).at_least(CHANCE[self.scoring.primary])
        return self._limits(lead.point, self._settled(lead))

    def statistic(self, function: Callable[[np.ndarray], np.ndarray]) -> Estimate:
        """function: (n_items, n_draws) weights -> (n_draws,) values."""
        point = float(function(np.ones((len(self.frame), 1)))[0])
        plain = function(self.weights)
        left = None if self.left_out is None else function(self.left_out.weights)
        return self._limits(point, self._settled(Drawn(point, plain, plain, left)))

    def _settled(self, drawn: Drawn) -> np.ndarray:
        """(n_resamples,) draws about the point, with what a search adds; the jackknife's where groups are few."""
        return drawn.settled(self.left_out)

    def _limits(self, point: float, values: np.ndarray) -> Estimate:
        return interval(point, values, n=len(self.frame), n_groups=self.n_groups, effective=self.independent)

    def _own_labels(self, name: str) -> np.ndarray | None:
        column = f"{LABEL_COLUMN}{name}"
        return self.frame[column].to_numpy(dtype=np.float64) if column in self.frame else None


def stick_of(entry: dict, frame: pd.DataFrame) -> Scoring:
    """The ruler of a target and condition, read back from its items."""
    count = entry["kind"] == "count"
    return Scoring(
        entry["kind"], frame["label"].to_numpy(dtype=np.float64), frame["fold"].to_numpy(dtype=np.int64),
        len(entry["classes"]), frame["reference"].to_numpy(dtype=np.float64) if count else None,
    )  # fmt: skip


def limits(name: str, x: Estimate) -> dict[str, float]:
    """The three numbers of an estimate under the names that verdicts.json uses."""
    return {name: x.value, f"{name}_lower": x.lower, f"{name}_upper": x.upper}
