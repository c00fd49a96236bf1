"""How much the headline's score varies if the same probe is fitted again, on other folds.

In: the states at one reading, scoring, folds. Out: `Refits`. Intervals of a score hold the fitted probes fixed; other
fold assignments train them on other items, so the spread shows what an interval leaves out. The reading is that of the
headline, and penalties are chosen on inner folds as always. It is printed beside the score and decides nothing.
"""

from dataclasses import dataclass

import numpy as np

from tacit.errors import ProbeError
from tacit.probes.data.folds import Folds, make_folds
from tacit.probes.estimators.families import Dense, families
from tacit.probes.estimators.nested_cv import cross_fit
from tacit.probes.statistics.metrics import Scoring, value
from tacit.seeds import stream

N_REFITS = 5
"""Ten would add more than a tenth to the time of an analysis."""


@dataclass(frozen=True)
class Refits:
    site: str
    layer: int
    n: int
    """fold assignments on which the probe could be fitted"""
    mean: float
    """of the scores; nan where n is 0"""
    sd: float
    """their standard deviation; nan where n is below 2"""
    least: float
    most: float


def refits(
    x: np.ndarray, scoring: Scoring, folds: Folds, *, site: str, layer: int, seed: int, n: int = N_REFITS
) -> Refits:
    """Cross-fit the probe on n other assignments of the same groups to folds. x: (n_items, d_model) float."""
    features, scores = Dense(x), []
    for other_seed in stream(seed, "refits").integers(2**31, size=n):
        try:
            other = make_folds(scoring.y, folds.groups, kind=scoring.kind, seed=int(other_seed), n_folds=folds.n_folds)
        except ProbeError:
            continue
        own = scoring.with_labels(scoring.y, fold=other.fold)
        scores.append(value(own.primary, own, cross_fit(features, own, other, families(scoring.kind)).pred))
    return _spread(site, layer, np.array([s for s in scores if np.isfinite(s)]))


def _spread(site: str, layer: int, scores: np.ndarray) -> Refits:
    if not len(scores):
        return Refits(site, layer, 0, *[float("nan")] * 4)
    sd = float(scores.std(ddof=1)) if len(scores) > 1 else float("nan")
    return Refits(site, layer, len(scores), float(scores.mean()), sd, float(scores.min()), float(scores.max()))
