"""The analysis in pieces, for your own features, labels, groups and estimators: no run folder is needed.

In: arrays, and any scikit-learn estimator or the name of a probe family. Out: folds, held-out predictions, scores with
intervals, permutation nulls. Each function checks what it is given and then calls the code that a full run uses.

Labels are numbers, (n_items,): class 0 or 1 (``binary``), classes 0 to K-1 (``multiclass``), or any numbers
(``count``). Labels other than 0 and 1 need ``kind=``. Predictions are (n_items,) scores that rise with class 1, with 0
as the decision threshold; (n_items, K) class scores; or (n_items,) numbers. A NaN prediction means "no answer".
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tacit.errors import ProbeError
from tacit.probes.controls.permutation_null import N_PERMUTATIONS, Null, permutations
from tacit.probes.data import folds as data_folds
from tacit.probes.data.folds import MIN_FOLDS, N_FOLDS, Folds
from tacit.probes.estimators import nested_cv
from tacit.probes.estimators.any_estimator import cross_fit_estimator
from tacit.probes.estimators.families import Dense, Family, families
from tacit.probes.estimators.other_families import comparisons
from tacit.probes.statistics.bootstrap import Estimate, interval, resample
from tacit.probes.statistics.groups import effective_groups
from tacit.probes.statistics.jackknife import left_out
from tacit.probes.statistics.metrics import METRICS, Scoring, measure, value
from tacit.probes.statistics.unseen_errors import lead_with_unseen, score_with_unseen
from tacit.targets.groups import components, renumber
from tacit.thresholds import N_RESAMPLES

__all__ = [
    "CrossFit", "Estimate", "Folds", "Null", "ProbeError", "components", "cross_fit", "difference", "make_folds",
    "make_groups", "permutation_null", "score",
]  # fmt: skip


@dataclass(frozen=True)
class CrossFit:
    pred: np.ndarray
    """(n_items,) or (n_items, n_classes) float64, each item predicted by a model that never saw its group"""
    chosen: tuple[str, ...]
    """family and penalty chosen for each fold; empty for an estimator of your own"""


Predictions = ArrayLike | CrossFit
"""Held-out predictions, as an array or as `cross_fit` returns them"""


def make_groups(keys: Sequence[Hashable | Iterable[Hashable]]) -> np.ndarray:
    """Put items that share a key, directly or through other items, into one group: (n_items,) int64, from 0.

    keys: for each item one key (a string or number), or a tuple, list or set of several. None and "" are no key.
    """
    several = (tuple, list, set, frozenset)
    own = (tuple(key) if isinstance(key, several) else (key,) for key in keys)
    return components([[key for key in item if key is not None and key != ""] for item in own])


def make_folds(y: ArrayLike, groups: ArrayLike, *, kind: str | None = None, seed: int, n_folds: int = N_FOLDS) -> Folds:
    """Stratified folds that never split a group; fewer than n_folds, down to three, where groups are few.

    y: (n_items,) labels; groups: (n_items,) numbers or strings. Raises ProbeError if three folds are not possible.
    """
    groups = np.asarray(groups)
    labels, kind = _labels(y, len(groups), kind)
    if n_folds < MIN_FOLDS:
        raise ProbeError(f"n_folds is {n_folds}, but nested cross-validation needs at least {MIN_FOLDS}")
    return data_folds.make_folds(labels, renumber(groups), kind=kind, seed=seed, n_folds=n_folds)


def cross_fit(estimator: Any, X: Any, y: ArrayLike, folds: Folds, *, kind: str | None = None) -> CrossFit:
    """Held-out predictions for every item.

    estimator: a scikit-learn estimator or pipeline, which is cloned and fitted once per fold, or the name of a probe
    family ("logistic path", "logistic", "ridge", "lda", "difference of means", "mlp"), whose penalty is chosen by
    nested cross-validation on standardised features.
    X: n_items rows: (n_items, n_features), or whatever the estimator takes (a data frame, a list of texts).
    An estimator's `decision_function` is used if it has one, else the log-odds of `predict_proba`, else `predict`.
    """
    labels, kind = _labels(y, len(folds.fold), kind)
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    if n_rows != len(labels):
        raise ProbeError(f"X has {n_rows} rows, but there are {len(labels)} labels")
    _check_folds(folds)
    if isinstance(estimator, str):
        return _fit_family(_family(estimator, kind), X, _scoring(labels, folds, kind), folds)
    return CrossFit(cross_fit_estimator(estimator, X, labels, folds, kind), ())


def score(
    pred: Predictions, y: ArrayLike, folds: Folds, *, metric: str | None = None, kind: str | None = None,
    n_resamples: int = N_RESAMPLES, seed: int,
) -> Estimate:  # fmt: skip
    """The score of held-out predictions with its 95 % interval (cluster bootstrap: whole groups are resampled).

    metric: one of `METRICS[kind]`; the default is AUROC within folds, macro AUROC, or for counts 1 minus the mean
    absolute error relative to that of the training median. The interval holds the fitted models fixed.
    """
    return _estimate([pred], y, folds, metric, kind, n_resamples, seed)


def difference(
    pred_a: Predictions, pred_b: Predictions, y: ArrayLike, folds: Folds, *, metric: str | None = None,
    kind: str | None = None, n_resamples: int = N_RESAMPLES, seed: int,
) -> Estimate:  # fmt: skip
    """Score of a minus score of b with its 95 % interval, both on the same resamples; options as in `score`."""
    return _estimate([pred_a, pred_b], y, folds, metric, kind, n_resamples, seed)


def permutation_null(
    fit: Callable[[np.ndarray], Predictions], y: ArrayLike, folds: Folds, *, kind: str | None = None,
    n_permutations: int = N_PERMUTATIONS, seed: int,
) -> Null:  # fmt: skip
    """Rerun a whole analysis on labels permuted between groups: `Null(value, p, draws)`.

    fit: takes (n_items,) labels, returns held-out predictions; put every choice that was made with labels inside it.
    Scores are the default metric of the kind. p = (1 + draws at least as high as the value) / (1 + n_permutations). A
    permutation for which `fit` raises ProbeError (say, a class is missing from a training part) has the score nan, and
    counts as at least as high.
    """
    labels, kind = _labels(y, len(folds.fold), kind)
    _check_folds(folds)
    observed = _point(fit(labels.copy()), labels, folds, kind)
    permuted = permutations(labels, renumber(folds.groups), n=n_permutations, rng=np.random.default_rng(seed))
    draws = np.full(n_permutations, np.nan)
    for b, column in enumerate(permuted.T):
        try:
            draws[b] = _point(fit(column.copy()), column, folds, kind)
        except ProbeError:
            continue
    p = (1 + int((~(draws < observed)).sum())) / (1 + n_permutations)
    return Null(observed, p if np.isfinite(observed) else np.nan, draws)


def _labels(y: ArrayLike, n_items: int, kind: str | None) -> tuple[np.ndarray, str]:
    """((n_items,) float64, kind), checked."""
    try:
        labels = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise ProbeError("labels must be numbers: class 0 or 1, classes 0 to K-1, or counts") from None
    if labels.shape != (n_items,):
        raise ProbeError(f"labels have shape {labels.shape}, but there are {n_items} items")
    if not np.isfinite(labels).all():
        raise ProbeError(f"{int((~np.isfinite(labels)).sum())} labels are NaN or infinite; drop these items first")
    zero_one = bool(np.isin(labels, (0, 1)).all())
    if kind is None and not zero_one:
        raise ProbeError('labels other than 0 and 1 need kind="multiclass" or kind="count"')
    kind = kind or "binary"
    if kind not in METRICS:
        raise ProbeError(f"kind is {kind!r}, expected one of {', '.join(METRICS)}")
    if kind == "binary" and not zero_one:
        raise ProbeError("binary labels must be 0 or 1")
    if kind == "multiclass" and not (np.all(labels >= 0) and np.all(labels == np.floor(labels)) and labels.max() >= 2):
        raise ProbeError("multiclass labels must be whole numbers from 0 to K-1, with three classes or more")
    return labels, kind


def _check_folds(folds: Folds) -> None:
    if len(folds.groups) != len(folds.fold) or not np.array_equal(np.unique(folds.fold), np.arange(folds.n_folds)):
        raise ProbeError(
            f"folds must hold out every item once, in folds 0 to {folds.n_folds - 1} with a group per item"
        )


def _scoring(labels: np.ndarray, folds: Folds, kind: str, n_classes: int = 0) -> Scoring:
    n_classes = 0 if kind == "count" else max(2, n_classes, int(labels.max()) + 1)
    return Scoring.of(kind, labels, folds.fold, n_classes)


def _family(name: str, kind: str) -> Family:
    known = {family.name: family for family in (*comparisons(kind), *families(kind))}
    if name not in known:
        raise ProbeError(f"no probe family {name!r} for {kind} labels; there are: {', '.join(known)}")
    return known[name]


def _fit_family(family: Family, X: Any, scoring: Scoring, folds: Folds) -> CrossFit:
    try:
        x = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError):
        x = np.empty(0)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise ProbeError("a probe family needs X as a dense (n_items, n_features) array of finite numbers")
    if folds.n_folds < MIN_FOLDS:
        raise ProbeError(f"{folds.n_folds} folds, but a nested choice of penalty needs at least {MIN_FOLDS}")
    found = nested_cv.cross_fit(Dense(x), scoring, folds, [family], inner=len(family.candidates) > 1)
    return CrossFit(found.pred, found.chosen)


def _point(pred: Predictions, labels: np.ndarray, folds: Folds, kind: str) -> float:
    pred = _predictions(pred, labels, kind)
    scoring = _scoring(labels, folds, kind, pred.shape[-1] if pred.ndim == 2 else 0)
    return value(scoring.primary, scoring, pred)


def _predictions(pred: Predictions, labels: np.ndarray, kind: str) -> np.ndarray:
    out = np.asarray(pred.pred if isinstance(pred, CrossFit) else pred, dtype=np.float64)
    fits = out.ndim == 2 and out.shape[1] > labels.max() if kind == "multiclass" else out.ndim == 1
    if not fits or len(out) != len(labels):
        expected = f"({len(labels)}, {int(labels.max()) + 1})" if kind == "multiclass" else f"({len(labels)},)"
        raise ProbeError(f"predictions have shape {out.shape}, expected {expected}")
    return out


def _estimate(
    preds: Sequence[Predictions], y: ArrayLike, folds: Folds, metric: str | None, kind: str | None, n_resamples: int,
    seed: int,
) -> Estimate:  # fmt: skip
    """The first prediction's score, minus the second's if there is one."""
    labels, kind = _labels(y, len(folds.fold), kind)
    _check_folds(folds)
    if metric is not None and metric not in METRICS[kind]:
        raise ProbeError(f"no metric {metric!r} for {kind} labels; there are: {', '.join(METRICS[kind])}")
    if n_resamples < 1:
        raise ProbeError(f"n_resamples is {n_resamples}, but an interval needs at least 1")
    weights = resample(folds.groups, fold=folds.fold, n_resamples=n_resamples, rng=np.random.default_rng(seed))
    metric = metric or _scoring(labels, folds, kind).primary
    points, drawn, left, few = [], [], [], left_out(folds.groups, folds.fold)
    for each in preds:
        pred = _predictions(each, labels, kind)
        scoring = _scoring(labels, folds, kind, pred.shape[-1] if pred.ndim == 2 else 0)
        points.append(value(metric, scoring, pred))
        drawn.append(measure(metric, scoring, pred, weights))
        left += [] if few is None else [measure(metric, scoring, pred, few.weights)]
    n_groups, effective = len(np.unique(folds.groups)), effective_groups(labels, folds.groups, kind)
    point, values = points[0] - sum(points[1:]), drawn[0] - sum(drawn[1:])
    if few is not None:
        values, effective = few.settle(point, left[0] - sum(left[1:]), values), min(effective, few.n_groups)
    found = interval(point, values, n=len(labels), n_groups=n_groups, effective=effective)
    if len(points) == 1:
        return score_with_unseen(found, metric, n_groups=effective)
    return lead_with_unseen(found, *points, metric, n_groups=effective)
