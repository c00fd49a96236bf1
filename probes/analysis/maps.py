"""One-dimensional maps from what was said to the label, fitted on training items.

In: (n_train, 1) replies or read-outs, NaN without an answer, and labels. Out: families for `cross_fit`, whose
predictions of the test items are NaN where those have no answer. A map may turn a report around where the training
items say so clearly: a consistent liar has said it.
"""

import numpy as np
from scipy.special import logit
from scipy.stats import spearmanr
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import QuantileRegressor

from tacit.probes.estimators.families import Family
from tacit.probes.statistics.metrics import has_answer

TURN_P = 0.01
"""A map may decrease where the training items show a negative rank correlation at this level (two-sided)."""


def fit_shares(x_train, y_train, x_test, *, n_classes: int, only: int | None = None) -> np.ndarray:
    """For each thing that was said, the class shares of the training items that said it, shrunk to the overall shares
    by one item each; log-odds for two classes."""
    answered = has_answer(x_train)
    base = (np.bincount(y_train.astype(int), minlength=n_classes) + 1) / (len(y_train) + n_classes)
    shares = np.full((len(x_test), n_classes), np.nan)
    shares[has_answer(x_test)] = base
    for said in np.unique(x_train[answered, 0]):
        seen = y_train[answered & (x_train[:, 0] == said)].astype(int)
        shares[x_test[:, 0] == said] = (np.bincount(seen, minlength=n_classes) + base) / (len(seen) + 1)
    return (logit(shares[:, 1]) if n_classes == 2 else shares)[None]


def fit_isotonic(x_train, y_train, x_test, *, n_classes: int, only: int | None = None) -> np.ndarray:
    """Isotonic regression of each class on its own read-out; two classes: of class 1 on the log-odds."""
    if n_classes == 2:
        share = _monotone(x_train[:, 0], (y_train == 1).astype(float), x_test[:, 0])
        return logit(np.clip(share, 1e-3, 1 - 1e-3))[None]
    columns = [_monotone(x_train[:, k], (y_train == k).astype(float), x_test[:, k]) for k in range(n_classes)]
    return np.stack(columns, axis=1)[None]


def fit_affine(
    x_train, y_train, x_test, *, n_classes: int = 0, only: int | None = None, within: bool = True
) -> np.ndarray:
    """The line a + b x with the least absolute error on the training items; `within` clips to the labels seen there."""
    x, new = x_train[:, 0], x_test[:, 0]
    answered = ~np.isnan(x)
    if answered.sum() < 3 or np.ptp(x[answered]) == 0:
        middle = np.median(y_train[answered]) if answered.sum() >= 3 else np.median(y_train)
        return np.where(np.isnan(new), np.nan, middle)[None]
    # A wild reply ("1000000") must not set the scale for the solver; the map is the same on the rest.
    low, high = np.quantile(x[answered], [0.01, 0.99])
    centre, scale = np.median(x[answered]), max(high - low, 1e-9)

    tame = (np.clip(x[answered], low - scale, high + scale) - centre) / scale
    line = QuantileRegressor(quantile=0.5, alpha=0.0, solver="highs").fit(tame[:, None], y_train[answered])
    out = np.full(len(new), np.nan)
    known = ~np.isnan(new)
    if known.any():
        out[known] = line.predict(((new[known] - centre) / scale)[:, None])
        out = np.clip(out, y_train.min(), y_train.max()) if within else out
    return out[None]


def fit_monotone(x_train, y_train, x_test, *, n_classes: int = 0, only: int | None = None) -> np.ndarray:
    """Isotonic regression of the count on what was said, within the labels seen in training."""
    return _monotone(x_train[:, 0], y_train, x_test[:, 0], low=y_train.min(), high=y_train.max())[None]


def _monotone(x: np.ndarray, y: np.ndarray, new: np.ndarray, *, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Isotonic map fitted on the answered training items, applied to `new`; NaN stays NaN."""
    answered, out = ~np.isnan(x), np.full(len(new), np.nan)
    known = ~np.isnan(new)
    if answered.sum() < 3 or np.ptp(x[answered]) == 0 or np.ptp(y[answered]) == 0:
        out[known] = y.mean()
        return out
    rho, p = spearmanr(x[answered], y[answered])
    rising = not (rho < 0 and p < TURN_P)
    model = IsotonicRegression(increasing=rising, out_of_bounds="clip", y_min=low, y_max=high)
    model.fit(x[answered], y[answered])
    if known.any():
        out[known] = model.predict(new[known])
    return out


SHARES = Family("shares", ("",), fit_shares)
MONOTONE = Family("isotonic", ("",), fit_monotone)
ISOTONIC = Family("isotonic", ("",), fit_isotonic)
AFFINE = Family("affine", ("",), fit_affine)
