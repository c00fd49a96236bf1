"""Cut items into folds that never split a group.

In: labels and group numbers. Out: `Folds`, a fold number per item, and the `Trainings` that nested choice needs. The
inner folds of an outer fold are the *other* outer folds: a model trained without folds i and j scores fold j on behalf
of outer fold i, and fold i on behalf of outer fold j. No model that has seen fold i takes part in a choice made for
fold i, so this is strict nested cross-validation, and it needs k(k-1)/2 inner trainings where separate inner folds need
k times k.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from tacit.errors import ProbeError

N_FOLDS = 5
MIN_FOLDS = 3  # with two, an inner training would have no fold left


@dataclass(frozen=True)
class Trainings:
    """Several training sets over the same items, and the rows that each is to predict."""

    train: np.ndarray
    """(n_items, n_trainings) bool"""
    test: np.ndarray
    """(n_items, n_trainings) bool, disjoint from train in every column"""


@dataclass(frozen=True)
class Folds:
    fold: np.ndarray
    """(n_items,) int64, the fold in which the item is held out"""
    groups: np.ndarray
    """(n_items,) int64, group numbers; no group lies in two folds"""
    n_folds: int

    def __post_init__(self) -> None:
        for i in range(self.n_folds):
            shared = np.intersect1d(self.groups[self.fold == i], self.groups[self.fold != i])
            assert shared.size == 0, f"groups {shared[:5].tolist()} lie inside and outside fold {i}"

    def outer(self) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """(i, rows to train on, rows held out) for every fold."""
        for i in range(self.n_folds):
            yield i, np.flatnonzero(self.fold != i), np.flatnonzero(self.fold == i)

    def pairs(self) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
        """(i, j, rows in neither, rows in either) for every pair of folds i < j."""
        for i in range(self.n_folds):
            for j in range(i + 1, self.n_folds):
                out = (self.fold == i) | (self.fold == j)
                yield i, j, np.flatnonzero(~out), np.flatnonzero(out)

    def trainings(self, sample: np.ndarray | None = None) -> Trainings:
        """All training sets of a nested search: every pair of folds left out, in the order of `pairs`, then each fold.

        sample: (n_items,) bool, the rows whose labels may be used; None is all of them.
        """
        allowed = np.ones(len(self.fold), dtype=bool) if sample is None else sample
        out = [(self.fold == i) | (self.fold == j) for i, j in combinations(range(self.n_folds), 2)]
        out += [self.fold == i for i in range(self.n_folds)]
        test = np.stack(out, axis=1)
        return Trainings(~test & allowed[:, None], test)


def make_folds(y: np.ndarray, groups: np.ndarray, *, kind: str, seed: int, n_folds: int = N_FOLDS) -> Folds:
    """Stratified, group-aware outer folds (scikit-learn's StratifiedGroupKFold), seeded.

    y: (n_items,) float64, class index or count (counts are stratified by fifths). Takes fewer folds, down to three,
    where there are few groups or a class lives in few groups.
    Raises ProbeError where three folds with every class of a two-class target in every training part do not exist.
    """
    strata = _strata(y, kind)
    n_groups = len(np.unique(groups))
    per_class = [len(np.unique(groups[strata == s])) for s in np.unique(strata)]
    fewest = n_groups if kind == "count" else min([n_groups, *per_class])
    if fewest < MIN_FOLDS:
        raise ProbeError(
            f"the items fall into {n_groups} groups, and the rarest class lives in {fewest} of them, but {MIN_FOLDS}"
            " are needed to hold whole groups out. Add items that share no prompt, group, entity or answer."
        )
    k = min(n_folds, fewest)
    for attempt in range(10):
        folds = _split(strata, groups, k, seed + 7919 * attempt)
        if folds is not None and _trainable(folds, y, kind):
            return folds
    largest = np.bincount(groups).max() / len(groups)
    raise ProbeError(
        f"no {k} folds hold out whole groups and keep two classes in every training part (largest group: {largest:.0%}"
        " of the items). Add items that share no prompt, group, entity or answer."
    )


def _strata(y: np.ndarray, kind: str) -> np.ndarray:
    if kind != "count":
        return y.astype(np.int64)
    return np.searchsorted(np.quantile(y, [0.2, 0.4, 0.6, 0.8]), y, side="left")


def _split(strata: np.ndarray, groups: np.ndarray, k: int, seed: int) -> Folds | None:
    splitter = StratifiedGroupKFold(k, shuffle=True, random_state=seed % 2**32)
    fold = np.full(len(strata), -1, dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # fewer members than folds: checked by _trainable
        try:
            for i, (_, test) in enumerate(splitter.split(np.zeros(len(strata)), strata, groups)):
                fold[test] = i
        except ValueError:  # every class has fewer members than folds
            return None
    if len(np.unique(fold)) < k or fold.min() < 0:
        return None
    return Folds(fold, groups, k)


def _trainable(folds: Folds, y: np.ndarray, kind: str) -> bool:
    """Whether every inner training part holds at least two classes (any labels for counts), and every fold an item."""
    if kind == "count":
        return True
    return all(len(np.unique(y[train])) > 1 for _, _, train, _ in folds.pairs())
