"""Calibration maps with an offset for every category of items: for every source, or for every kind of reply.

In: a report's read-out, the category of each item. Out: families and features for `cross_fit`. A report may rank the
items of one relation well and be shifted between relations: what it says then is relative to the relation, and a map
that may learn this from the training folds must be beaten too. Offsets (and, for classes, slopes) are partially pooled:
a penalty (L2; L1 for counts) draws them towards the common map, which is the map of a category that the training folds
lack (Gelman & Hill 2007, Data Analysis Using Regression and Multilevel Models, ch. 12).
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import QuantileRegressor

from tacit.probes.analysis.maps import fit_affine
from tacit.probes.estimators.families import Family, fit_logistic
from tacit.probes.statistics.metrics import has_answer

CS = (0.1, 1.0, 10.0)
SLOPE = 0.5
"""Scale of the features that carry a category's own slope: a smaller one is drawn harder towards the common slope."""
POOLED = 1e-3
"""L1 penalty on a count's slope and offsets, which are in units of the middle four fifths of the counts."""
LEAST = 3
"""Training items of a category without an answer for it to have a median of its own."""


@dataclass(frozen=True)
class Categorised:
    """Read-outs beside indicators of the category, and their products."""

    pred: np.ndarray
    """(n_items,) or (n_items, n_columns) float64, NaN without an answer"""
    category: np.ndarray
    """(n_items,) int64"""
    fill: bool
    """whether items without an answer are predicted too, from their category alone"""

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n_train, n_features) and (n_test, n_features) float64; read-outs are clipped to the 1st and 99th percentile
        of the training rows and standardised by these; rows of NaN without an answer unless they are filled."""
        pred = self.pred if self.pred.ndim == 2 else self.pred[:, None]
        shown = pred[train][has_answer(pred[train])]
        z = _standardised(pred, shown) if len(shown) else np.where(np.isnan(pred), np.nan, 0.0)
        z = np.nan_to_num(z) if self.fill else z
        member = (self.category[:, None] == np.unique(self.category[train])).astype(np.float64)
        products = (member[:, :, None] * z[:, None, :]).reshape(len(z), -1)
        x = np.hstack([z, member, SLOPE * products])
        return x[train], x[test]


@dataclass(frozen=True)
class Beside:
    """A count and its category as two columns, as they are."""

    pred: np.ndarray
    category: np.ndarray

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n_train, 2) and (n_test, 2) float64."""
        x = np.stack([self.pred, self.category.astype(np.float64)], axis=1)
        return x[train], x[test]


def _standardised(pred: np.ndarray, shown: np.ndarray) -> np.ndarray:
    low, high = np.quantile(shown, [0.01, 0.99], axis=0)
    kept = np.clip(shown, low, high)
    spread = kept.std(axis=0)
    return (np.clip(pred, low, high) - kept.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def fit_pooled(x_train, y_train, x_test, *, n_classes: int, only: int | None = None) -> np.ndarray:
    """Logistic regression on the answered rows of `Categorised`; NaN where a row has no answer."""
    seen, known = has_answer(x_train), has_answer(x_test)
    n_fits = len(CS) if only is None else 1
    out = np.full((n_fits, len(x_test)) if n_classes == 2 else (n_fits, len(x_test), n_classes), np.nan)
    rows = (x_train[seen], y_train[seen]) if seen.any() else (np.zeros_like(x_train), y_train)
    if known.any():
        out[:, known] = fit_logistic(*rows, x_test[known], n_classes=n_classes, only=only, grid=CS)
    return out


def fit_offsets(x_train, y_train, x_test, *, n_classes: int = 0, only: int | None = None) -> np.ndarray:
    """The line with the least absolute error that has an offset for each category; counts.

    x: (n, 2) float64, what was said and the category. NaN where nothing was said.
    """
    seen, known = ~np.isnan(x_train[:, 0]), ~np.isnan(x_test[:, 0])
    spread = np.ptp(np.quantile(y_train, [0.1, 0.9]))
    if seen.sum() < LEAST or np.ptp(x_train[seen, 0]) == 0 or spread == 0:
        return fit_affine(x_train[:, :1], y_train, x_test[:, :1])
    low, middle, high = np.quantile(x_train[seen, 0], [0.01, 0.5, 0.99])
    scale, categories = max(high - low, 1e-9), np.unique(x_train[seen, 1])

    def features(x: np.ndarray) -> np.ndarray:
        tame = np.clip(x[:, 0], low - scale, high + scale)  # a wild reply must not set the scale for the solver
        return np.column_stack([(tame - middle) / scale, x[:, [1]] == categories])

    line = QuantileRegressor(quantile=0.5, alpha=POOLED, solver="highs")
    line.fit(features(x_train[seen]), (y_train[seen] - np.median(y_train)) / spread)
    out = np.full(len(x_test), np.nan)
    if known.any():
        out[known] = line.predict(features(x_test[known])) * spread + np.median(y_train)
    return np.clip(out, y_train.min(), y_train.max())[None]


def fit_filled(x_train, y_train, x_test, *, n_classes: int = 0, only: int | None = None) -> np.ndarray:
    """`fit_offsets` where a count was said, and the median of the kind of reply where none was.

    x: (n, 2) float64, what was said (NaN for nothing) and the kind of the reply.
    """
    out = fit_offsets(x_train, y_train, x_test)[0]
    silent, test_silent = np.isnan(x_train[:, 0]), np.isnan(x_test[:, 0])
    out[test_silent] = np.median(y_train)
    for kind in np.unique(x_train[silent, 1]):
        same = y_train[silent & (x_train[:, 1] == kind)]
        if len(same) >= LEAST:
            out[test_silent & (x_test[:, 1] == kind)] = np.median(same)
    return out[None]


POOLED_MAP = Family("pooled logistic", tuple(f"C={c:g}" for c in CS), fit_pooled)
OFFSETS = Family("affine with offsets", ("",), fit_offsets)
FILLED = Family("affine with offsets, or median", ("",), fit_filled)
