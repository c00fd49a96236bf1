"""What a split that ignores groups would have shown: the size of the leak that grouping closes.

In: the states of a layer, the grouped score there. Out: `Leakage`, the score of the same probe on
folds that split groups, and whether it is so much higher that rows must be copies of each other; nothing else uses
folds that split groups. And `Regrouped`, the score on folds that keep together what lies far closer than the rest: if
that is lower, the groups given split paraphrases.
"""

from dataclasses import dataclass

import numpy as np

from tacit.errors import ProbeError
from tacit.probes.controls.close_neighbours import join_close
from tacit.probes.data.folds import Folds, make_folds
from tacit.probes.estimators.families import Dense, families
from tacit.probes.estimators.nested_cv import Held, cross_fit
from tacit.probes.statistics.bootstrap import Estimate, interval, resample
from tacit.probes.statistics.groups import effective_groups
from tacit.probes.statistics.metrics import Scoring, measure, value
from tacit.seeds import stream
from tacit.targets.groups import renumber
from tacit.thresholds import MIN_CLOSE

N_RESAMPLES = 500
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


@dataclass(frozen=True)
class Regrouped:
    """What is left of the score once suspiciously close items are kept in one fold (`ladder` judges it)."""

    close: float
    """share of items that are far closer to one of another group than to the rest"""
    score: Estimate | None = None
    """on the larger groups; None where few items are close, or no such folds exist"""
    drop: Estimate | None = None
    """score on the groups given minus that"""


def regrouped(x: np.ndarray, scoring: Scoring, folds: Folds, grouped: Held, *, seed: int) -> Regrouped:
    """Join groups of items that are far closer than the rest, and probe the same layer again.

    x: (n_items, d_model); grouped: the held-out predictions there on the true folds. The interval of the drop is a
    bootstrap of the larger groups.
    """
    groups = join_close(x, folds.groups)
    groups = groups if scoring.kind == "count" else _unless_a_class(groups, folds.groups, scoring.y.astype(np.int64))
    close = float((np.bincount(groups)[groups] > np.bincount(folds.groups)[folds.groups]).mean())
    if close < MIN_CLOSE:
        return Regrouped(close)
    try:
        wide = make_folds(scoring.y, groups, kind=scoring.kind, seed=seed, n_folds=folds.n_folds)
    except ProbeError:
        return Regrouped(close)
    other = scoring.with_labels(scoring.y, fold=wide.fold)
    held = cross_fit(Dense(x), other, wide, families(scoring.kind))
    estimates = _score_and_drop(scoring, grouped.pred, other, held.pred, wide.groups, seed)
    return Regrouped(close, *estimates)


def _unless_a_class(joined: np.ndarray, groups: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(n_items,) int64 group numbers: those joined, but the ones given where a joined group has most of a class: items
    that lie together because their label is the same are what a probe should find."""
    held = np.zeros((int(joined.max()) + 1, int(y.max()) + 1))
    np.add.at(held, (joined, y), 1)
    whole = (held > held.sum(axis=0) / 2).any(axis=1)
    return renumber(np.where(whole[joined], len(held) + groups, joined))


def _score_and_drop(first: Scoring, pred: np.ndarray, second: Scoring, other: np.ndarray, groups, seed: int):
    """(the second score, the first minus the second), on the same draws of groups."""
    weights = resample(groups, n_resamples=N_RESAMPLES, rng=stream(seed, "close neighbours"))
    size = {"n": len(first.y), "n_groups": len(np.unique(groups))}
    size["effective"] = effective_groups(first.y, groups, first.kind)
    before, after = value(first.primary, first, pred), value(second.primary, second, other)
    drawn_before, drawn_after = (measure(s.primary, s, p, weights) for s, p in ((first, pred), (second, other)))
    return interval(after, drawn_after, **size), interval(before - after, drawn_before - drawn_after, **size)


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
