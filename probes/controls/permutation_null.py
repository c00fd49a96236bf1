"""The permutation null of the whole pipeline: what the search itself finds where there is nothing to find.

In: labels permuted by group, taken through the same folds, families, candidates, sites and layers as the true ones.
Out: `Null`: the score that a headline would have had without any relation between states and labels, and p.

Differs from the shuffled-label baseline, one permutation at one layer: here every permutation has its own choice of
layer and penalty, so a search over many layers is charged for. p = (1 + #{null >= observed}) / (1 + n_permutations),
which is valid at any number of permutations (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39), under the
assumption that groups are exchangeable.
"""

from dataclasses import dataclass

import numpy as np

from tacit.probes.estimators.batched_cv import HeldMany
from tacit.probes.statistics.groups import exchangeable, permute_within
from tacit.probes.statistics.metrics import Scoring, primary_columns, training_median, value
from tacit.thresholds import MIN_PERMUTATIONS

N_PERMUTATIONS = MIN_PERMUTATIONS
NULL_COLUMNS = ("target", "condition", "method", "metric", "value", "p", "n_permutations", "null_mean", "null_q95")


@dataclass(frozen=True)
class Null:
    value: float
    """the observed headline"""
    p: float
    draws: np.ndarray
    """(n_permutations,) float64, the headline of every permutation"""

    @property
    def words(self) -> str:
        """The p and where it comes from; the least there can be is 1 / (1 + n_permutations)."""
        n = len(self.draws)
        if np.isnan(self.p):
            return f"no p: the score is undefined ({n} permutations)"
        as_good = round(self.p * (n + 1)) - 1
        return f"p = {self.p:.2g} ({as_good or 'none'} of {n} label permutations did as well)"

    def facts(self) -> dict[str, float]:
        """What is written of it; nan where nothing was drawn. A score above null_q95 has p <= .05: the quantile is a
        draw itself, the higher one, and an undefined draw is above every score."""
        good = self.draws[~np.isnan(self.draws)]
        above = np.nan_to_num(self.draws, nan=np.inf)
        mean = float(good.mean()) if len(good) else np.nan
        high = float(np.quantile(above, 0.95, method="higher")) if len(good) else np.nan
        return {
            "value": self.value,
            "p": self.p,
            "n_permutations": len(self.draws),
            "null_mean": mean,
            "null_q95": high,
        }


def permutations(y: np.ndarray, groups: np.ndarray, *, n: int, rng: np.random.Generator) -> np.ndarray:
    """(n_items, n) float64: the labels handed from group to group, anew in every column."""
    if n == 0:
        return np.empty((len(y), 0))
    pools = exchangeable(groups)
    return np.stack([permute_within(y, pools, rng) for _ in range(n)], axis=1)


def null_of(scoring: Scoring, headline: np.ndarray, permuted: np.ndarray, found: HeldMany) -> Null:
    """Measure every permutation's headline against its own labels, as the true one is measured.

    headline: held-out predictions of the true labels' pipeline; permuted: (n_items, n_permutations) labels;
    found: the pipeline's predictions of each. An undefined draw counts against the observed score.
    """
    reference = None
    if scoring.kind == "count":
        reference = np.stack([training_median(y, scoring.fold) for y in permuted.T], axis=1)
    pred = np.moveaxis(found.pred, 0, 1)[None]
    draws = primary_columns(scoring.kind, permuted, pred, scoring.fold, scoring.n_classes, reference)[0]
    observed = value(scoring.primary, scoring, headline)
    p = (1 + int((~(draws < observed)).sum())) / (1 + len(draws))
    return Null(observed, p if np.isfinite(observed) else np.nan, draws)
