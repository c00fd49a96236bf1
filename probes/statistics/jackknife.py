"""Stratified leave-one-group-out jackknife, for few groups of several items each.

In: group and fold numbers. Out: weights with one group left out each, and draws about the point estimate.

A bootstrap draw that takes a group twice counts the pairs within it four times and, where a fold holds two groups,
never compares them with each other. The resampled AUROC is then another quantity than the measured one: with twelve
groups of twenty over five folds, whose scores shift by group, intervals of a score covered 74 % (300 simulations), and
those of a difference of zero lay above it in 17 %. Leaving out one group at a time, with the other k - 1 of its fold
weighted k / (k - 1), changes little but that group (Shao & Tu 1995, The Jackknife and Bootstrap, ch. 6; Jones 1974,
Biometrika 61:343, for strata). With t quantiles for groups minus folds degrees of freedom both were covered in 96 to
97 %.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

PER_FOLD = 20
"""Groups per fold from which the bootstrap is used as it is."""
MOST_SKEW = 1.2
"""Up to this skewness the draws rise with their quantile over 99 % of the mass."""
TINY = 1e-12
"""In place of a standard error of 0, to divide by."""


@dataclass(frozen=True)
class LeftOut:
    weights: np.ndarray
    """(n_items, n_left) float64, one group of a fold left out in each column; a fold's only group never is"""
    share: np.ndarray
    """(n_left,) float64, (k - 1) / k for a group among the k of its fold"""
    df: int
    """degrees of freedom: groups minus folds"""

    @property
    def n_groups(self) -> int:
        """Groups of which a mean has as many degrees of freedom."""
        return self.df + 1

    def settle(self, point: float, left: np.ndarray, values: np.ndarray, plain: np.ndarray | None = None) -> np.ndarray:
        """(n_draws,) draws about the point, as many as `values`, with the jackknife's standard error and skewness.

        left: (n_left,), the statistic under `weights`. values, plain: bootstrap draws with and without what a search
        adds to their variance, whose ratio widens the error. The shape is Cornish and Fisher's first-order one (1938,
        Rev. Inst. Int. Stat. 5:307), because near the ceiling a group that scores badly moves a score more. All nan
        where the statistic is undefined without a group.
        """
        influence = np.sqrt(self.share) * (point - left)
        error = np.sqrt(np.sum(influence**2))
        skew = np.clip(np.sum(influence**3) / max(error, TINY) ** 3, -MOST_SKEW, MOST_SKEW)
        z = stats.norm.ppf((np.arange(len(values)) + 0.5) / len(values))
        return point + error * _ratio(values, plain) * (z + skew / 6 * (z**2 - np.mean(z**2)))


def left_out(groups: np.ndarray, fold: np.ndarray) -> LeftOut | None:
    """What `LeftOut` needs; None where all groups are single items, or there are enough of them for the bootstrap.

    groups, fold: (n_items,) int64; no group is in two folds.
    """
    numbers, first = np.unique(groups, return_index=True)
    n_folds = len(np.unique(fold))
    if len(numbers) == len(groups) or len(numbers) >= PER_FOLD * n_folds or len(numbers) <= n_folds:
        return None
    of_group = fold[first]
    columns, share = [], []
    for number, its in zip(numbers, of_group, strict=True):
        k = int((of_group == its).sum())
        if k > 1:
            columns.append(np.where(groups == number, 0.0, np.where(fold == its, k / (k - 1), 1.0)))
            share.append((k - 1) / k)
    return LeftOut(np.stack(columns, axis=1), np.array(share), len(numbers) - n_folds) if columns else None


def _ratio(values: np.ndarray, plain: np.ndarray | None) -> float:
    if plain is None:
        return 1.0
    own = np.nanvar(plain)
    return float(np.sqrt(np.nanvar(values) / own)) if own > 0 else 1.0
