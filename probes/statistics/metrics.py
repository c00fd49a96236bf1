"""The ruler by which probe, report and baseline are all measured.

In: a `Scoring` (labels, folds, the median guess), predictions, and optionally resample weights. Out: one number per
resample; the point estimate is the case of unit weights, so a statistic and its interval cannot diverge.

Predictions have one form for everybody: (n_items,) log-odds of class 1, or any score that rises with it (two classes);
(n_items, n_classes) class scores; (n_items,) a number (counts). NaN means "no answer".

Scores of different folds come from different models and are not comparable, so rankings are taken *within* folds:
AUROC counts only pairs of items held out in the same fold (each such pair once, so folds weigh by their pairs);
Spearman is computed per fold and averaged by the fold's weight. The report is measured by the same pairs, although its
values are comparable across folds: what is compared must be the same quantity.

A non-answer is never right. In a ranking, every pair that contains one counts ½: it sits on no side, so swapping the
classes mirrors the score exactly and silence earns chance. (Ranked low instead, silence on the negative items would
look like knowledge, and the score would depend on which class is called positive.) In the error of counts it
contributes the error of the median guess: it earns no skill.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import rankdata

METRICS = {
    "binary": ("auroc", "accuracy", "balanced_accuracy"),
    "multiclass": ("macro_auroc", "accuracy", "balanced_accuracy"),
    "count": ("skill", "spearman", "exact", "within_1", "within_10pct", "mae"),
}
"""Metrics by kind of label; the first one is what verdicts are about."""

PRINTED = {"auroc": "AUROC", "macro_auroc": "macro AUROC", "spearman": "Spearman ρ"}
CHANCE = {"auroc": 0.5, "macro_auroc": 0.5, "skill": 0.0, "spearman": 0.0}


def printed(metric: str) -> str:
    """The metric's name as papers print it."""
    return PRINTED.get(metric, metric)


@dataclass(frozen=True)
class Scoring:
    kind: str
    """binary, multiclass or count"""
    y: np.ndarray
    """(n_items,) float64, class index or count"""
    fold: np.ndarray
    """(n_items,) int64, rankings are taken within these"""
    n_classes: int = 0
    """number of classes; 0 for counts"""
    reference: np.ndarray | None = None
    """(n_items,) float64, the guess that earns skill 0: the training median of the item's fold (counts)"""

    @classmethod
    def of(cls, kind: str, y: np.ndarray, fold: np.ndarray, n_classes: int = 0) -> "Scoring":
        """These labels under these folds; counts get their training medians as the reference."""
        return cls(kind, y, fold, n_classes, training_median(y, fold) if kind == "count" else None)

    @property
    def primary(self) -> str:
        return METRICS[self.kind][0]

    def rows(self, keep: np.ndarray) -> "Scoring":
        """The same ruler for some of the items, given by a mask or by positions."""
        reference = None if self.reference is None else self.reference[keep]
        return replace(self, y=self.y[keep], fold=self.fold[keep], reference=reference)

    def with_labels(self, y: np.ndarray, *, fold: np.ndarray | None = None) -> "Scoring":
        """Other labels (and folds) for the same items; counts get the training medians of these labels."""
        return Scoring.of(self.kind, y, self.fold if fold is None else fold, self.n_classes)


def training_median(y: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """(n_items,) float64, for each item the median label outside its fold: the best guess without looking.

    >>> training_median(np.array([1.0, 3.0, 5.0, 7.0]), np.array([0, 0, 1, 1])).tolist()
    [6.0, 6.0, 2.0, 2.0]
    """
    out = np.empty(len(y), dtype=np.float64)
    for i in np.unique(fold):
        out[fold == i] = np.median(y[fold != i])
    return out


def measure(metric: str, scoring: Scoring, pred: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """The metric under every column of weights, (n_resamples,) float64; nan where it is undefined.

    weights: (n_items, n_resamples), how often each item was drawn; None is one column of ones.
    """
    w = np.ones((len(scoring.y), 1)) if weights is None else np.asarray(weights)
    w = w if np.issubdtype(w.dtype, np.floating) else w.astype(np.float64)
    if metric == "auroc":
        return auroc(scoring.y == 1, pred, scoring.fold, w)
    if metric == "macro_auroc":
        return _macro_auroc(scoring, pred, w)
    if metric == "balanced_accuracy":
        return _balanced(scoring, right(scoring, pred), w)
    if metric == "spearman":
        return spearman(scoring.y, _filled(scoring, pred), scoring.fold, w)
    if metric in ("skill", "mae"):
        error = np.abs(scoring.y - _filled(scoring, pred))
        return _skill(scoring, error, w) if metric == "skill" else _mean(error, w)
    return _mean(_hits(metric, scoring, pred), w)


def value(metric: str, scoring: Scoring, pred: np.ndarray) -> float:
    """The point estimate of `measure`."""
    return float(measure(metric, scoring, pred)[0])


def primary_columns(
    kind: str, y: np.ndarray, pred: np.ndarray, fold: np.ndarray, n_classes: int, reference: np.ndarray | None = None
) -> np.ndarray:
    """The primary metric of many predictions of many labellings at once: (n_candidates, n_labellings) float64.

    y: (n_items, n_labellings); pred: (n_candidates, n_items, n_labellings) or (…, n_classes), without NaN.
    reference: (n_items, n_labellings), the guess that earns skill 0; None takes each labelling's own median.
    What `measure` says of every column alone, at the price of a few calls for all of them.
    """
    if kind == "count":
        middle = np.median(y, axis=0) if reference is None else reference
        return 1 - _ratio(np.abs(y - pred).sum(1), np.broadcast_to(np.abs(y - middle).sum(0), pred.shape[::2]))
    if kind == "binary":
        return _auroc_columns(y == 1, pred, fold)
    each = np.stack([_auroc_columns(y == k, pred[..., k], fold) for k in range(n_classes)])
    defined = ~np.isnan(each)
    return _ratio(np.where(defined, each, 0.0).sum(0), defined.sum(0))


def _auroc_columns(positive: np.ndarray, score: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Mann-Whitney's statistic from rank sums, stratified by fold, of every column; see `auroc`."""
    won, pairs = np.zeros(score.shape[::2]), np.zeros(score.shape[::2])
    for i in np.unique(fold):
        rows = np.flatnonzero(fold == i)
        n_pos = positive[rows].sum(0)
        won += _rank_sums(positive[rows].T, np.moveaxis(score[:, rows], 1, 2)) - n_pos * (n_pos + 1) / 2
        pairs += n_pos * (len(rows) - n_pos)
    return _ratio(won, pairs)


def _rank_sums(positive: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Sum of the positives' ranks from 1, along the last axis, ties sharing theirs."""
    positive = np.broadcast_to(positive, score.shape)
    ordered, first = _ordered(positive, np.ascontiguousarray(score))
    sums = first @ np.arange(1.0, score.shape[-1] + 1)
    tied = (ordered[..., 1:] == ordered[..., :-1]).any(-1)
    if tied.any():  # rare among scores, and slower
        sums[tied] = np.where(positive[tied], rankdata(score[tied], axis=-1), 0.0).sum(-1)
    return sums


def _ordered(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(something that is equal where neighbouring scores are, whether the item is a positive), by rising scores.

    The label is carried along as the last bit of a float32's rank among all float32 numbers: sorting such integers is
    two to three times as fast as sorting the scores and looking the labels up.
    """
    if score.dtype != np.float32 or np.isnan(score).any():
        order = np.argsort(score, axis=-1)
        return np.sort(score, axis=-1), np.take_along_axis(positive, order, axis=-1)
    bits = (score + np.float32(0)).view(np.int32)  # so that -0 is 0
    keys = (bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))).astype(np.int64) * 2 + positive
    keys.sort(axis=-1)
    return keys >> 1, (keys & 1).astype(np.float64)


def right(scoring: Scoring, pred: np.ndarray) -> np.ndarray:
    """(n_items,) bool: the class named, or the count after rounding, is exactly right; a non-answer never is."""
    if scoring.kind == "count":
        return _round(pred) == scoring.y
    answered = has_answer(pred)
    if scoring.kind == "binary":
        return answered & ((pred > 0) == (scoring.y == 1)) & (pred != 0)
    named = np.where(answered, np.argmax(np.nan_to_num(pred, nan=-np.inf), axis=1), -1)
    return (named == scoring.y) & (np.nan_to_num(pred).max(axis=1) != 0)


def has_answer(pred: np.ndarray) -> np.ndarray:
    """(n_items,) bool: the prediction is not NaN.

    >>> has_answer(np.array([0.5, np.nan])).tolist()
    [True, False]
    """
    return ~np.isnan(pred) if pred.ndim == 1 else ~np.isnan(pred).any(axis=1)


def auroc(positive: np.ndarray, score: np.ndarray, fold: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """P(score of a positive > score of a negative of the same fold), ties and NaN ½, for every column of weights.

    The Mann-Whitney statistic, stratified by fold, in O(n_items x n_resamples) after one sort.
    positive: (n_items,) bool. Returns (n_resamples,) float64; nan where no fold holds a pair.
    """
    # Counts of pairs in float32 are exact to 3e-7, by which a perfect score would pass 1.
    won = np.zeros(weights.shape[1])
    pairs = np.zeros(weights.shape[1])
    for i in np.unique(fold):
        rows = np.flatnonzero(fold == i)
        known = rows[~np.isnan(score[rows])]
        w_pos, w_neg = weights[rows[positive[rows]]].sum(0), weights[rows[~positive[rows]]].sum(0)
        all_pairs = w_pos.astype(np.float64) * w_neg
        k_won, k_pairs = _pairs_won(positive, score, weights, known)
        won += k_won + 0.5 * (all_pairs - k_pairs)
        pairs += all_pairs
    return np.clip(_ratio(won, pairs), 0.0, 1.0)


def _pairs_won(
    positive: np.ndarray, score: np.ndarray, weights: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(pairs of these rows that the positive wins, all of their pairs), (n_resamples,) float each."""
    rows = rows[np.argsort(score[rows], kind="stable")]
    positive, score = positive[rows], score[rows]
    starts = np.flatnonzero(np.r_[True, score[1:] != score[:-1]])
    if len(starts) < len(rows) or weights.shape[1] == 1:
        return _pairs_won_with_ties(positive, weights[rows], starts)
    pos = weights[rows[positive]]
    below = np.zeros((len(rows) - len(pos) + 1, weights.shape[1]), dtype=weights.dtype)
    np.cumsum(weights[rows[~positive]], axis=0, out=below[1:])
    n_below = np.cumsum(~positive)[positive]
    return np.einsum("ib,ib->b", pos, below[n_below]), pos.sum(0) * below[-1]


def _pairs_won_with_ties(positive: np.ndarray, w: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same of rows in the order of their scores; starts: where a new score begins."""
    if not len(w):
        return np.zeros(w.shape[1]), np.zeros(w.shape[1])
    pos, neg = w * positive[:, None], w * ~positive[:, None]
    if len(starts) < len(w):  # one row per distinct score
        pos, neg = np.add.reduceat(pos, starts, axis=0), np.add.reduceat(neg, starts, axis=0)
    below = np.cumsum(neg, axis=0)
    total_neg = below[-1].copy()
    neg *= 0.5
    below -= neg
    return np.einsum("ib,ib->b", pos, below), pos.sum(0) * total_neg


def spearman(y: np.ndarray, pred: np.ndarray, fold: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rank correlation within folds, averaged by the folds' weight; ranks are recomputed in every resample.

    Returns (n_resamples,) float64; nan where every fold has constant labels or constant predictions.
    """
    total, mass = np.zeros(weights.shape[1]), np.zeros(weights.shape[1])
    for i in np.unique(fold):
        rows = np.flatnonzero(fold == i)
        w = weights[rows].astype(np.float64)
        a, b = _midranks(y[rows], w), _midranks(pred[rows], w)
        size = w.sum(0)
        with np.errstate(invalid="ignore", divide="ignore"):
            a, b = a - (w * a).sum(0) / size, b - (w * b).sum(0) / size
            spread = np.sqrt((w * a * a).sum(0) * (w * b * b).sum(0))
            rho = np.where(spread > 1e-9 * size**3, (w * a * b).sum(0) / spread, np.nan)
        defined = ~np.isnan(rho)
        total += np.where(defined, size * rho, 0.0)
        mass += np.where(defined, size, 0.0)
    return _ratio(total, mass)


def _midranks(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Weighted midranks of x under every column of w, (n_items, n_resamples)."""
    _, codes = np.unique(x, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(codes[order]) > 0])
    sums = np.add.reduceat(w[order], starts, axis=0)
    return (np.cumsum(sums, axis=0) - 0.5 * sums)[codes]


def _macro_auroc(scoring: Scoring, pred: np.ndarray, w: np.ndarray) -> np.ndarray:
    per_class = np.stack([auroc(scoring.y == k, pred[:, k], scoring.fold, w) for k in range(scoring.n_classes)])
    defined = ~np.isnan(per_class)
    return _ratio(np.where(defined, per_class, 0.0).sum(0), defined.sum(0))


def _balanced(scoring: Scoring, hit: np.ndarray, w: np.ndarray) -> np.ndarray:
    per_class = np.stack([_mean(hit[scoring.y == k], w[scoring.y == k]) for k in range(scoring.n_classes)])
    defined = ~np.isnan(per_class)
    return _ratio(np.where(defined, per_class, 0.0).sum(0), defined.sum(0))


def _skill(scoring: Scoring, error: np.ndarray, w: np.ndarray) -> np.ndarray:
    return 1.0 - _ratio(error @ w, np.abs(scoring.y - scoring.reference) @ w)


def _filled(scoring: Scoring, pred: np.ndarray) -> np.ndarray:
    return pred if scoring.reference is None else np.where(np.isnan(pred), scoring.reference, pred)


def _hits(metric: str, scoring: Scoring, pred: np.ndarray) -> np.ndarray:
    if metric in ("accuracy", "exact"):
        return right(scoring, pred)
    off = np.abs(_round(pred) - scoring.y)  # NaN compares false
    if metric == "within_1":
        return off <= 1
    if metric == "within_10pct":
        return np.abs(pred - scoring.y) <= 0.1 * np.abs(scoring.y)
    raise KeyError(metric)


def _round(pred: np.ndarray) -> np.ndarray:
    return np.floor(pred + 0.5)


def _mean(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return _ratio(x.astype(np.float64) @ w, w.sum(0))


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """top / bottom with nan where bottom is 0."""
    out = np.full(np.shape(top), np.nan)
    return np.divide(top, bottom, out=out, where=bottom > 0)
