"""Held-out predictions of any scikit-learn estimator, in the form that `metrics` measures.

In: an estimator or pipeline, the rows that it takes, checked labels, folds. Out: scores that rise with class 1 and have
their threshold at 0 (two classes), one column of scores per class, or numbers (counts). Differs from `nested_cv`, which
chooses the penalty of the tool's own probe families: nothing is chosen here.
"""

from typing import Any

import numpy as np
from scipy.special import logit
from sklearn.model_selection import cross_val_predict

from tacit.errors import ProbeError
from tacit.probes.data.folds import Folds


def cross_fit_estimator(estimator: Any, X: Any, labels: np.ndarray, folds: Folds, kind: str) -> np.ndarray:
    """Clone and fit the estimator once per fold; (n_items,) or (n_items, n_classes) float64 held-out predictions.

    Raises ProbeError if it is not an estimator, if a training part lacks a class, or if fitting raises ValueError.
    """
    missing = [name for name in ("fit", "predict", "get_params") if not hasattr(estimator, name)]
    if missing or isinstance(estimator, type):
        what = f"has no {missing[0]}" if missing else "is a class, not an instance"
        raise ProbeError(f"not a scikit-learn estimator: {estimator!r:.80} {what}")
    n_classes = 0 if kind == "count" else max(2, int(labels.max()) + 1)
    for i, train, _ in folds.outer():
        absent = set(range(n_classes)) - set(labels[train].astype(int).tolist())
        if absent:
            raise ProbeError(f"no item of class {min(absent)} is left to train on when fold {i} is held out")
    usable = [m for m in ("decision_function", "predict_proba") if n_classes and hasattr(estimator, m)]
    method = usable[0] if usable else "predict"
    splits = [(train, test) for _, train, test in folds.outer()]
    target = labels.astype(np.int64) if n_classes else labels
    try:
        found = np.asarray(cross_val_predict(estimator, X, target, cv=splits, method=method), dtype=np.float64)
    except ValueError as error:
        raise ProbeError(f"{type(estimator).__name__} cannot be fitted: {str(error).splitlines()[0]}") from error
    return _as_scores(found, method, n_classes)


def _as_scores(found: np.ndarray, method: str, n_classes: int) -> np.ndarray:
    """What an estimator returned, in the form that `metrics` measures."""
    if n_classes == 2 and method == "predict_proba":
        return logit(np.clip(found[:, 1], 1e-12, 1 - 1e-12))
    if n_classes == 2 and method == "predict":
        return 2 * found - 1  # classes, or a regression on 0 and 1: the threshold moves to 0
    if n_classes and method == "predict":
        if not np.isin(found, np.arange(n_classes)).all():
            raise ProbeError("a regression cannot predict several classes; use a classifier")
        return (found[:, None] == np.arange(n_classes)).astype(np.float64)
    return found
