"""The probe families: one interface for two classes, several classes and counts.

In: standardised training features and labels, test features. Out: the predictions of every candidate (penalty, number
of steps, and for counts the way of reading) on the test rows, in the form that `metrics` measures.

Two classes: logistic regression stopped along its path (`path`), log-odds. Several classes: the same, one against the
rest, as shares. Counts: ridge regression, and linear discriminant analysis over the values (`closed`). Counts lie on a
curve in activation space (Gurnee et al. 2026, arXiv 2601.04480), which no single direction follows; a linear classifier
over values does. On such a curve LDA with shrinkage was both more exact than the multinomial (trial: 100 % against 80 %
exact, 480 labels, 37 values) and faster.

These families fit all penalties, all training sets of a nested search, and any number of labellings together; that is
what a permutation null of the whole pipeline can afford. `comparison` holds the families that are only compared with.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tacit.probes.data.folds import Trainings
from tacit.probes.estimators.closed_form import Basis, solve_lda, solve_ridge
from tacit.probes.estimators.logistic_path import STEPS, Path

CS = tuple(float(c) for c in np.logspace(-4, 2, 7))
ALPHAS = tuple(float(a) for a in np.logspace(5, -2, 8))
SHRINKAGES = (0.3, 0.03)
READS = ("median", "most probable", "expected")
MAX_VALUES = 64
"""Above this many distinct counts, LDA reads quantile bins instead of values."""
CHUNK = 32
"""Labellings whose log posteriors are held at once by LDA over values: they should fit into the processor's cache."""


@dataclass(frozen=True)
class Family:
    name: str
    candidates: tuple[str, ...]
    """what is chosen among on inner folds, the most careful first (ties go to the first)"""
    fit: Callable[..., np.ndarray]
    """fit(x_train, y_train, x_test, n_classes=…, only=None) -> (n_candidates, n_test) or (…, n_classes) float64;
    `only` fits one candidate and returns a first axis of length one"""
    along: Callable[..., Callable[..., list[np.ndarray]]] | None = None
    """along(x, trainings) with unscaled x -> a function (y, n_classes=…) of y (n_items, n_labellings) that gives for
    every training set (n_candidates, n_test, n_labellings) or (…, n_classes), and may be called for any number of
    labellings in turn; None where training sets are fitted one by one"""
    solve: Callable[..., np.ndarray] | None = None
    """solve(basis, y, n_classes=…) -> (n_candidates, n_test, n_labellings) or (…, n_classes) for y (n_train,
    n_labellings), from a `Basis` that families share; None where there is no closed form"""

    @property
    def shared(self) -> bool:
        """Whether many labellings are fitted together."""
        return self.along is not None or self.solve is not None


@dataclass(frozen=True)
class Dense:
    """Features that are numbers; standardised inside the fold."""

    x: np.ndarray
    """(n_items, n_features) float"""

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scaler fitted on the training rows."""
        scaler = StandardScaler()
        x_train = scaler.fit_transform(self.x[train].astype(np.float64))
        return x_train, scaler.transform(self.x[test].astype(np.float64))


def families(kind: str) -> tuple[Family, ...]:
    """The families that a kind of label (binary, multiclass, count) is probed with."""
    return (RIDGE, LDA) if kind == "count" else (PATH,)


def fit_logistic(x_train, y_train, x_test, *, n_classes: int, only: int | None = None, grid=CS) -> np.ndarray:
    """L2 logistic regression along the path of penalties; log-odds for two classes, else probabilities."""
    seen = np.unique(y_train).astype(np.int64)
    picked = grid if only is None else (grid[only],)
    if isinstance(x_train, np.ndarray) and x_train.shape[1] > len(x_train) and _informative(x_train):
        rotation = PCA(svd_solver="full").fit(x_train)  # into the row space, which an L2 penalty does not notice
        x_train, x_test = rotation.transform(x_train), rotation.transform(x_test)
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


def fit_path_once(x_train, y_train, x_test, *, n_classes: int, only: int | None = None) -> np.ndarray:
    """The logistic path of one training set."""
    seen = np.unique(y_train)
    if len(seen) < 2 or not _informative(x_train):
        return np.stack([_prior(y_train, len(x_test), n_classes)] * (len(STEPS) if only is None else 1))
    train = np.arange(len(x_train) + len(x_test)) < len(x_train)
    y = np.concatenate([y_train, np.zeros(len(x_test))])
    one = Trainings(train[:, None], ~train[:, None])
    path = along_path(np.concatenate([x_train, x_test]), one)
    found = path(y[:, None], n_classes=n_classes)[0][:, :, 0]
    return (found if only is None else found[only][None]).astype(np.float64)


def along_path(x: np.ndarray, trainings: Trainings) -> Callable[..., list[np.ndarray]]:
    """The logistic paths of many training sets and labellings: log-odds, or shares of each class against the rest."""
    path = Path.of(x, trainings)

    def fit(y: np.ndarray, *, n_classes: int) -> list[np.ndarray]:
        if n_classes == 2:
            return path.fit(y == 1)
        rest = (y[:, :, None] == np.arange(n_classes)).reshape(len(y), -1)
        found = zip(trainings.train.T, path.fit(rest), strict=True)
        return [_shares(log_odds, rest[train].any(0), n_classes) for train, log_odds in found]

    return fit


def _shares(log_odds: np.ndarray, seen: np.ndarray, n_classes: int) -> np.ndarray:
    """One class against the rest, (n_steps, n_test, n_labellings x n_classes), as shares that sum to one; a class that
    was never seen has none."""
    share = expit(log_odds.reshape(*log_odds.shape[:2], -1, n_classes))
    share *= seen.reshape(-1, n_classes)
    return share / np.maximum(share.sum(-1, keepdims=True), np.finfo(share.dtype).tiny)


def fit_ridge(x_train, y_train, x_test, *, n_classes: int = 0, only: int | None = None) -> np.ndarray:
    """Ridge regression on the count, or on ±1 for classes; every penalty from one decomposition."""
    found = solve_targets(Basis.of(x_train, x_test, scale=False), y_train[:, None], n_classes=n_classes)[:, :, 0]
    return found if only is None else found[only][None]


def solve_targets(basis: Basis, y: np.ndarray, *, n_classes: int = 0) -> np.ndarray:
    """Ridge regression on counts, on ±1 (two classes), or on one column of 0 and 1 per class."""
    if n_classes <= 2:
        return solve_ridge(basis, np.where(y == 1, 1.0, -1.0) if n_classes == 2 else y, ALPHAS)
    one_hot = (y[:, :, None] == np.arange(n_classes)).astype(np.float64)
    return solve_ridge(basis, one_hot.reshape(len(y), -1), ALPHAS).reshape(len(ALPHAS), -1, y.shape[1], n_classes)


def fit_lda(x_train, y_train, x_test, *, n_classes: int = 0, only: int | None = None) -> np.ndarray:
    """Shrinkage LDA over the values, read by its median, its most probable and its expected value."""
    grid = SHRINKAGES if only is None else (SHRINKAGES[only // len(READS)],)
    basis = Basis.of(x_train, x_test, scale=False)
    found = solve_values(basis, y_train[:, None], shrinkages=grid)[:, :, 0]
    return found if only is None else found[only % len(READS)][None]


def solve_values(basis: Basis, y: np.ndarray, *, n_classes: int = 0, shrinkages=SHRINKAGES) -> np.ndarray:
    """LDA over the values of counts, (n_shrinkages x n_reads, n_test, n_labellings) for y (n_train, n_labellings)."""
    codes, centres = _bins_of_columns(y, min(MAX_VALUES, max(2, len(y) // 3)))
    n_codes = centres.shape[1]
    if n_codes < 2 or not _informative(basis.train):
        middle = np.median(y, axis=0)
        return np.broadcast_to(middle, (len(shrinkages) * len(READS), len(basis.test), y.shape[1]))
    out = np.empty((len(shrinkages), len(READS), y.shape[1], len(basis.test)))
    for start in range(0, y.shape[1], CHUNK):
        some = slice(start, start + CHUNK)
        for k, log_odds in enumerate(solve_lda(basis, codes[:, some], n_codes, shrinkages)):
            out[k, :, some] = _read_log(log_odds.T.astype(np.float32), centres[some])
    return np.moveaxis(out.reshape(-1, *out.shape[2:]), -1, 1)


def _read_log(log_odds: np.ndarray, values: np.ndarray) -> np.ndarray:
    """READS of log posteriors over rising values, (3, n_labellings, n_test) float64.

    log_odds: (n_values, n_labellings, n_test) float32, overwritten; values: (n_labellings, n_values) float64.
    """
    log_odds -= log_odds.max(0)
    most_probable = np.argmax(log_odds == 0, axis=0)
    weight = np.exp(log_odds, out=log_odds)
    expected = np.einsum("kbn,bk->bn", weight, values)
    below = weight
    for k in range(1, len(below)):  # numpy.cumsum is slow along the first axis
        below[k] += below[k - 1]
    middle = (below < 0.5 * below[-1]).sum(0)
    each = np.arange(len(values))[:, None]
    return np.stack([values[each, middle], values[each, most_probable], expected / below[-1]])


def _bins_of_columns(y: np.ndarray, max_values: int) -> tuple[np.ndarray, np.ndarray]:
    """`value_bins` of every column of y (n_items, n_columns).

    Returns codes (n_items, n_columns) int64, and what they stand for, (n_columns, n_codes) float64; a column with fewer
    codes repeats its last value.
    """
    each = np.arange(y.shape[1])
    values, ranks = np.unique(y, return_inverse=True)
    ranks = ranks.reshape(y.shape)
    present = np.zeros((len(each), len(values)), dtype=bool)
    present[each, ranks] = True
    n_codes = present.sum(1)
    if n_codes.max() > max_values:
        codes, found = zip(*(value_bins(column, max_values) for column in y.T), strict=True)
        widest = max(map(len, found))
        return np.stack(codes, axis=1), np.stack([np.r_[v, np.full(widest - len(v), v[-1])] for v in found])
    codes = (np.cumsum(present, axis=1) - 1)[each, ranks]
    order = np.argsort(~present, axis=1, kind="stable")  # the values present in the column, ascending, come first
    last = np.minimum(np.arange(n_codes.max()), n_codes[:, None] - 1)
    return codes, values[np.take_along_axis(order, last, axis=1)]


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


PATH = Family("logistic path", tuple(f"{n} step{'s'[: n > 1]}" for n in STEPS), fit_path_once, along=along_path)
LOGISTIC = Family("logistic", tuple(f"C={c:g}" for c in CS), fit_logistic)
RIDGE = Family("ridge", tuple(f"alpha={a:g}" for a in ALPHAS), fit_ridge, solve=solve_targets)
LDA = Family("lda", tuple(f"shrinkage={s:g}, {r}" for s in SHRINKAGES for r in READS), fit_lda, solve=solve_values)
