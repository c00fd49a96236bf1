"""The probe families: one interface for two classes, several classes and counts.

In: standardised training features and labels, test features. Out: the predictions of every candidate (penalty, and for
counts the way of reading) on the test rows, in the form that `metrics` measures. Estimators are scikit-learn's.

Two classes: L2 logistic regression, log-odds. Several classes: multinomial, probabilities. Counts: ridge regression,
and linear discriminant analysis over the values. Counts lie on a curve in activation space (Gurnee et al. 2026,
arXiv 2601.04480), which no single direction follows; a linear classifier over values does. On such a curve LDA with
shrinkage was both more exact than the multinomial (trial: 100 % against 80 % exact, 480 labels, 37 values) and faster.

All penalties of a family share the work of a training set: ridge solves them from one decomposition, the logistic path
starts each fit where the stronger penalty ended.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import logit
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

CS = tuple(float(c) for c in np.logspace(-4, 2, 7))
ALPHAS = tuple(float(a) for a in np.logspace(5, -2, 8))
SHRINKAGES = (0.7, 0.3, 0.1, 0.01)
READS = ("median", "most probable", "expected")
MAX_VALUES = 64
"""Above this many distinct counts, LDA reads quantile bins instead of values."""


@dataclass(frozen=True)
class Family:
    name: str
    candidates: tuple[str, ...]
    """what is chosen among on inner folds, the most careful first (ties go to the first)"""
    fit: Callable[..., np.ndarray]
    """fit(x_train, y_train, x_test, n_classes=…, only=None) -> (n_candidates, n_test) or (…, n_classes) float64;
    `only` fits one candidate and returns a first axis of length one"""


@dataclass(frozen=True)
class Dense:
    """Features that are numbers; standardised, and beyond n rows rotated into the row space, inside the fold."""

    x: np.ndarray
    """(n_items, n_features) float"""

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scaler (and rotation) fitted on the training rows; L2 penalties do not notice the rotation."""
        scaler = StandardScaler()
        x_train = scaler.fit_transform(self.x[train].astype(np.float64))
        x_test = scaler.transform(self.x[test].astype(np.float64))
        if x_train.shape[1] <= len(train) or not _informative(x_train):
            return x_train, x_test
        rotation = PCA(svd_solver="full").fit(x_train)
        return rotation.transform(x_train), rotation.transform(x_test)


def families(kind: str) -> tuple[Family, ...]:
    """The families that a kind of label (binary, multiclass, count) is probed with."""
    return (RIDGE, LDA) if kind == "count" else (LOGISTIC,)


def fit_logistic(x_train, y_train, x_test, *, n_classes: int, only: int | None = None, grid=CS) -> np.ndarray:
    """L2 logistic regression along the path of penalties; log-odds for two classes, else probabilities."""
    seen = np.unique(y_train).astype(np.int64)
    picked = grid if only is None else (grid[only],)
    if len(seen) < 2 or not _informative(x_train):
        return np.stack([_prior(y_train, len(x_test), n_classes)] * len(picked))
    small = n_classes == 2 and x_train.shape[1] <= 300
    model = LogisticRegression(solver="newton-cholesky" if small else "lbfgs", warm_start=True, max_iter=300)
    out = []
    with warnings.catch_warnings():
        # A weak penalty that stops early is one more candidate, judged on inner folds like the others.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for c in picked:
            model.set_params(C=c).fit(x_train, y_train)
            out.append(model.decision_function(x_test) if n_classes == 2 else model.predict_proba(x_test))
    return np.stack(out) if n_classes == 2 else _spread(np.stack(out), seen, n_classes)


def fit_ridge(x_train, y_train, x_test, *, n_classes: int = 0, only: int | None = None, grid=ALPHAS) -> np.ndarray:
    """Ridge regression on the count; every penalty from one singular value decomposition."""
    alphas = np.array(grid if only is None else (grid[only],))
    model = Ridge(alpha=alphas, solver="svd").fit(x_train, np.tile(y_train[:, None], (1, len(alphas))))
    return model.predict(x_test).reshape(len(x_test), len(alphas)).T


def fit_lda(x_train, y_train, x_test, *, n_classes: int = 0, only: int | None = None) -> np.ndarray:
    """Shrinkage LDA over the values, read by its median, its most probable and its expected value."""
    codes, centres = value_bins(y_train, min(MAX_VALUES, max(2, len(y_train) // 3)))
    if len(centres) < 2 or not _informative(x_train):
        return np.full((len(LDA.candidates) if only is None else 1, len(x_test)), float(np.median(y_train)))
    picked = SHRINKAGES if only is None else (SHRINKAGES[only // len(READS)],)
    out = []
    for shrinkage in picked:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a value seen once has no covariance of its own
            model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(x_train, codes)
        out.extend(read_values(model.predict_proba(x_test), centres))
    return np.stack(out) if only is None else out[only % len(READS)][None]


def value_bins(y: np.ndarray, max_values: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n_items,) int64 from 0 and what each stands for: the value itself, or the median of its quantile bin."""
    values, codes = np.unique(y, return_inverse=True)
    if len(values) > max_values:
        edges = np.unique(np.quantile(y, np.linspace(0, 1, max_values + 1)[1:-1]))
        _, codes = np.unique(np.searchsorted(edges, y, side="left"), return_inverse=True)
        values = np.array([np.median(y[codes == k]) for k in range(codes.max() + 1)])
    return codes.astype(np.int64), values.astype(np.float64)


def read_values(probability: np.ndarray, values: np.ndarray) -> list[np.ndarray]:
    """A distribution over ordered values, (n, n_values), read in the three ways of READS, (n,) float64 each."""
    order = np.argsort(values)
    probability, values = probability[:, order], values[order]
    middle = np.argmax(np.cumsum(probability, axis=1) >= 0.5 * probability.sum(1, keepdims=True), axis=1)
    return [values[middle], values[np.argmax(probability, axis=1)], probability @ values / probability.sum(1)]


def _informative(x) -> bool:
    return x.shape[1] > 0 and (x.nnz > 0 if hasattr(x, "nnz") else bool(np.abs(x).max() > 1e-9))


def _prior(y_train: np.ndarray, n_test: int, n_classes: int) -> np.ndarray:
    """What the labels alone say: smoothed class shares, as log-odds for two classes."""
    share = (np.bincount(y_train.astype(np.int64), minlength=n_classes) + 1) / (len(y_train) + n_classes)
    return np.full(n_test, logit(share[1])) if n_classes == 2 else np.tile(share, (n_test, 1))


def _spread(probability: np.ndarray, seen: np.ndarray, n_classes: int) -> np.ndarray:
    """Put the columns of the classes seen in training at their places; the others get 0."""
    if len(seen) == 2 and probability.shape[-1] == 1:
        probability = np.concatenate([1 - probability, probability], axis=-1)
    out = np.zeros((*probability.shape[:-1], n_classes))
    out[..., seen] = probability
    return out


LOGISTIC = Family("logistic", tuple(f"C={c:g}" for c in CS), fit_logistic)
RIDGE = Family("ridge", tuple(f"alpha={a:g}" for a in ALPHAS), fit_ridge)
LDA = Family("lda", tuple(f"shrinkage={s:g}, {read}" for s in SHRINKAGES for read in READS), fit_lda)
