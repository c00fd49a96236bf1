"""The learning curve: what the whole pipeline finds with few labels, and how many it takes to pass the best report.

In: sub-samples of whole groups, taken through the same nested search (folds, candidates, sites, layers) as all labels.
Out: `Point`s, and the number of labels at which the probe passes a given score. Every item is predicted at every size,
by models that were fitted and chosen on the sampled labels of the other folds alone, so the points differ in labels and
not in what they are tested on.

Sub-samples are nested: what is in the smaller one of a repeat is in its larger ones. Each takes from every fold whole
groups in a random order until the fold has its share, so with large groups it may hold a few labels more than asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tacit.probes.data.folds import Folds
from tacit.probes.estimators.batched_cv import HeldMany
from tacit.probes.statistics.metrics import Scoring, value

SIZES = (25, 160, 640, 2560)
"""Labels that a training set may hold."""
N_REPEATS = 3
CURVE_COLUMNS = ("target", "condition", "n_labels", "metric", "value", "lower", "upper", "n_repeats")


@dataclass(frozen=True)
class Sample:
    size: int
    """what was asked for: one of the sizes"""
    n_labels: float
    """labels in a training set, averaged over folds"""
    used: np.ndarray
    """(n_items,) bool, whose labels may be used"""


@dataclass(frozen=True)
class Point:
    n_labels: int
    value: float
    """mean over the repeats"""
    lower: float
    upper: float
    """lowest and highest of the repeats; nan for a single one"""
    n_repeats: int


def samples(
    folds: Folds, *, sizes: Sequence[int] = SIZES, n_repeats: int = N_REPEATS, rng: np.random.Generator
) -> list[Sample]:
    """Nested sub-samples of groups for every size below nine tenths of a training set, n_repeats each."""
    whole = len(folds.fold) * (1 - 1 / folds.n_folds)
    out = []
    for _ in range(n_repeats):
        rank = np.empty(len(folds.fold), dtype=np.int64)
        for i in range(folds.n_folds):
            rows = np.flatnonzero(folds.fold == i)
            order = rng.permutation(np.unique(folds.groups[rows]))
            place = np.argsort(order)[np.searchsorted(np.sort(order), folds.groups[rows])]
            sizes_before = np.r_[0, np.cumsum([np.sum(folds.groups[rows] == g) for g in order])]
            rank[rows] = sizes_before[place]
        for size in sizes:
            if size < 0.9 * whole:
                used = rank < max(1, round(size / (folds.n_folds - 1)))
                out.append(Sample(size, float(used.sum() * (1 - 1 / folds.n_folds)), used))
    return out


def points(
    scoring: Scoring, drawn: Sequence[Sample], found: Sequence[HeldMany], headline: np.ndarray
) -> tuple[Point, ...]:
    """One point per size, and one for all labels, which is the headline itself."""
    out = []
    for size in sorted({s.size for s in drawn}):
        mine = [(s, f) for s, f in zip(drawn, found, strict=True) if s.size == size]
        scores = [value(scoring.primary, scoring, f.pred[0]) for _, f in mine]
        known = [s for s in scores if np.isfinite(s)]
        n_labels = round(float(np.mean([s.n_labels for s, _ in mine])))
        limits = (min(known), max(known)) if len(known) > 1 else (np.nan, np.nan)
        out.append(Point(n_labels, float(np.mean(known)) if known else np.nan, *limits, len(known)))
    whole = round(np.mean([(scoring.fold != i).sum() for i in np.unique(scoring.fold)]))
    return (*out, Point(int(whole), value(scoring.primary, scoring, headline), np.nan, np.nan, 1))


def crossing(curve: Sequence[Point], score: float) -> int | None:
    """The number of labels at which the curve first passes the score, log-linear between points; None: never.

    The first point's own number means "at most so many".
    """
    before = None
    for point in curve:
        if point.value > score:
            if before is None or not np.isfinite(before.value):
                return point.n_labels
            share = (score - before.value) / (point.value - before.value)
            n = np.log(before.n_labels) + share * np.log(point.n_labels / before.n_labels)
            return int(np.ceil(round(float(np.exp(n)), 6)))
        before = point
    return None
