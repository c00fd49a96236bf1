"""The AUROC of one prediction against many labellings at once, for permutations.

In: labels, (n_items, n_labellings) class indices, and one method's predictions. Out: a score per labelling, each equal
to what `metrics.measure` gives for it alone, after one ranking instead of n_labellings.
"""

import numpy as np
from scipy.stats import rankdata

from tacit.probes.statistics.metrics import Scoring


def auroc_of_labellings(scoring: Scoring, pred: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n_labellings,) float64: AUROC within folds, of several classes the mean over the classes; nan where undefined.

    pred: as `Scoring` takes it for binary or multiclass labels, NaN for no answer; labels: (n_items, n_labellings).
    """
    if scoring.kind == "binary":
        return _auroc(pred, labels == 1, scoring.fold)
    each = np.stack([_auroc(pred[:, k], labels == k, scoring.fold) for k in range(scoring.n_classes)])
    defined = ~np.isnan(each)
    return _share(np.where(defined, each, 0.0).sum(0), defined.sum(0))


def _auroc(score: np.ndarray, positive: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Mann-Whitney's statistic from rank sums, stratified by fold; a pair with a NaN counts one half."""
    won, pairs = np.zeros(positive.shape[1]), np.zeros(positive.shape[1])
    for i in np.unique(fold):
        rows = np.flatnonzero(fold == i)
        known = rows[~np.isnan(score[rows])]
        n_pos, known_pos = positive[rows].sum(0), positive[known].sum(0)
        every, ranked = n_pos * (len(rows) - n_pos), known_pos * (len(known) - known_pos)
        ranks = rankdata(score[known])
        won += ranks @ positive[known] - known_pos * (known_pos + 1) / 2 + (every - ranked) / 2
        pairs += every
    return _share(won, pairs)


def _share(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)
