"""What a split that ignores groups would have shown: the size of the leak that grouping closes.

In: the states of the layer fixed in advance, the grouped score there. Out: `Leakage`, the score of the same probe on
folds that split groups, and whether it is so much higher that rows must be copies of each other. Nothing else uses
folds that split groups.
"""

from dataclasses import dataclass

import numpy as np

from tacit.errors import ProbeError
from tacit.probes.data.folds import Folds, make_folds
from tacit.probes.estimators.families import Dense, families
from tacit.probes.estimators.nested_cv import Held, cross_fit
from tacit.probes.statistics.metrics import Scoring, value

LEAK = 0.1
"""Difference in the primary metric from which a warning is given."""


@dataclass(frozen=True)
class Leakage:
    grouped: float
    ungrouped: float
    """nan where every item is a group of its own, or no such folds exist"""

    @property
    def suspicious(self) -> bool:
        return bool(self.ungrouped - self.grouped >= LEAK)


def leakage(x: np.ndarray, scoring: Scoring, folds: Folds, grouped: Held, *, seed: int) -> Leakage:
    """Probe the same layer on folds that split groups.

    x: (n_items, d_model); grouped: the held-out predictions there on the true folds.
    """
    found = value(scoring.primary, scoring, grouped.pred)
    if len(np.unique(folds.groups)) == len(scoring.y):
        return Leakage(found, float("nan"))
    try:
        loose = make_folds(scoring.y, np.arange(len(scoring.y)), kind=scoring.kind, seed=seed, n_folds=folds.n_folds)
    except ProbeError:
        return Leakage(found, float("nan"))
    other = scoring.with_labels(scoring.y, fold=loose.fold)
    held = cross_fit(Dense(x), other, loose, families(scoring.kind))
    return Leakage(found, value(scoring.primary, other, held.pred))
