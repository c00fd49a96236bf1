"""Nested cross-fitting of many labellings of the same items at once: what `crossfit` does, for all columns together.

In: one layer's features, labels (n_items, n_labellings), folds, families that share their work. Out: `HeldMany`. The
headline is the case of one column; the permutation null is the same function with permuted columns; the learning curve
is the same function with few labels to use. So none of the three can differ in what it does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np

from tacit.probes.data.folds import Folds, Trainings
from tacit.probes.estimators.closed_form import Basis, take_rows
from tacit.probes.estimators.families import Family
from tacit.probes.statistics.metrics import primary_columns

WIDTH = {True: 64, False: 128}
"""Labellings that are fitted together, along a path and in closed form: what is held in memory grows with it. A path's
work on its features is kept for all of them."""
KEPT = 2**23
"""Entries of all training sets' decompositions up to which these are kept for the next batch of labellings; larger ones
are recomputed, since each takes as much memory as the layer itself."""


@dataclass(frozen=True)
class HeldMany:
    pred: np.ndarray
    """(n_labellings, n_items) or (n_labellings, n_items, n_classes) float64, held out"""
    inner: np.ndarray
    """(n_labellings, n_folds) float64, inner score of what was chosen; -inf if undefined"""
    chosen: np.ndarray
    """(n_labellings, n_folds) int, index among the families' candidates in their order"""


@dataclass(frozen=True)
class Prepared:
    """What the fits of all labellings share: work on the features of one layer and on the training sets."""

    along: Mapping[str, Callable]
    """by name, the families that take all training sets together, ready for labels"""
    basis: Callable[[int], Basis]
    """number of a training set -> its decomposition, made when it is asked for and kept if all of them are small"""

    @classmethod
    def of(cls, x, trainings: Trainings, families: Sequence[Family]) -> "Prepared":
        """x: (n_items, n_features) float, unscaled."""

        def basis(t: int) -> Basis:
            return Basis.of(take_rows(x, trainings.train[:, t]), take_rows(x, trainings.test[:, t]), scale=True)

        n_entries = len(x) * min(x.shape) * trainings.train.shape[1]
        along = {f.name: f.along(x, trainings) for f in families if f.along is not None}
        return cls(along, cache(basis) if n_entries <= KEPT else basis)


def cross_fit_labellings(
    x: np.ndarray,
    y: np.ndarray,
    folds: Folds,
    families: Sequence[Family],
    *,
    kind: str,
    n_classes: int,
    sample: np.ndarray | None = None,
    prepared: Prepared | None = None,
) -> HeldMany:
    """Choose family and candidate on inner folds and predict every outer fold, for every labelling by itself.

    x: (n_items, n_features) float, unscaled; y: (n_items, n_labellings) float, class indices or counts.
    sample: (n_items,) bool, the items whose labels may be used for fitting and choosing; None is all. Every item is
    predicted either way. Every labelling draws on columns of its own alone.
    prepared: of these features, folds, families and sample, where several calls share it.
    """
    trainings, parts = folds.trainings(sample), []
    prepared = prepared or Prepared.of(x, trainings, families)
    width = WIDTH[bool(prepared.along)] // (n_classes if kind == "multiclass" else 1)
    for start in range(0, y.shape[1], max(1, width)):
        some = y[:, start : start + max(1, width)]
        found = fit_together(trainings, some, families, prepared, n_classes=n_classes)
        parts.append(_choose(found, trainings, some, folds, kind, n_classes, sample))
    return HeldMany(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("pred", "inner", "chosen")))


def better(first: HeldMany | None, second: HeldMany, fold: np.ndarray) -> HeldMany:
    """In every labelling and outer fold the one with the higher inner score, the first of equals: a search over layers
    that holds two of them at a time. `chosen` keeps the indices within the layer taken."""
    if first is None:
        return second
    ahead = second.inner > first.inner
    taken = ahead[:, fold]
    taken = taken[..., None] if first.pred.ndim == 3 else taken
    return HeldMany(
        np.where(taken, second.pred, first.pred),
        np.where(ahead, second.inner, first.inner),
        np.where(ahead, second.chosen, first.chosen),
    )


def fit_together(
    trainings: Trainings, y: np.ndarray, families: Sequence[Family], prepared: Prepared, *, n_classes: int
) -> list[np.ndarray]:
    """For every training set (n_candidates, n_test, n_labellings) or (…, n_classes), all families' candidates in order.

    A closed form's decomposition is shared by families, candidates and labellings.
    """
    out, along = [], {name: fit(y, n_classes=n_classes) for name, fit in prepared.along.items()}
    closed = [f for f in families if f.solve is not None]
    for t, train in enumerate(trainings.train.T):
        solved = {}
        if closed:
            own = prepared.basis(t)
            solved = {f.name: f.solve(own, y[train], n_classes=n_classes) for f in closed}
        out.append(np.concatenate([solved[f.name] if f.name in solved else along[f.name][t] for f in families]))
    return out


def _choose(found, trainings, y, folds, kind, n_classes, sample) -> HeldMany:
    """Pick per outer fold and labelling the candidate with the best inner score; the first of equals."""
    n, n_labellings = y.shape
    tail = (n_classes,) if kind == "multiclass" else ()
    pred = np.full((n_labellings, n, *tail), np.nan)
    best, chosen = np.empty((n_labellings, folds.n_folds)), np.empty((n_labellings, folds.n_folds), dtype=np.int64)
    n_pairs = folds.n_folds * (folds.n_folds - 1) // 2
    usable = np.ones(n, dtype=bool) if sample is None else sample
    each = np.arange(n_labellings)
    for i in range(folds.n_folds):
        keep = np.flatnonzero(usable & (folds.fold != i))
        inner = _inner_predictions(found, trainings, folds, i, (n, n_labellings, *tail))
        scores = primary_columns(kind, y[keep], inner[:, keep], folds.fold[keep], n_classes)
        scores = np.where(np.isfinite(scores), scores, -np.inf)
        chosen[:, i] = np.argmax(scores, axis=0)
        best[:, i] = scores[chosen[:, i], each]
        rows = np.flatnonzero(trainings.test[:, n_pairs + i])
        pred[:, rows] = np.moveaxis(found[n_pairs + i], 2, 0)[each, chosen[:, i]]
    return HeldMany(pred, best, chosen)


def _inner_predictions(found, trainings: Trainings, folds: Folds, outer: int, shape: tuple[int, ...]) -> np.ndarray:
    """(n_candidates, *shape) float32: each fold predicted by models that saw neither it nor the outer fold.

    NaN in the outer fold itself. The first training sets leave out pairs of folds, in the order of `combinations`.
    """
    inner = np.full((len(found[0]), *shape), np.nan, dtype=np.float32)
    for t, pair in enumerate(combinations(range(folds.n_folds), 2)):
        if outer in pair:
            rows = np.flatnonzero(trainings.test[:, t])
            other = folds.fold[rows] != outer
            inner[:, rows[other]] = found[t][:, other]
    return inner
