"""Logistic regression along its path, for many training sets and many labellings at once.

In: one layer's features, which rows every training set holds, labels. Out: scores of the held-out rows after a few
steps of conjugate gradients each. The path begins near a ridge regression and ends at a logistic regression that is
hardly penalised. How far to go is chosen on inner folds: stopping early regularises as a penalty does (Ali, Kolter &
Tibshirani 2019, arXiv 1810.10082), and the whole path costs less than one such regression.

Differs from `LogisticRegression` in how the work is shared. Training sets of nested folds are unions of the same few
blocks of rows, and permuted labellings differ in their right-hand side alone, so every step is one product with each
block for all of them: a matrix product where fits one by one are bound by reading the matrix. The scaler is each
training set's own: it enters as an affine map of the weights and is never applied to the rows.

Conjugate gradients after Polak and Ribiere with restarts, the step length by one Newton step along the direction
(Nocedal & Wright 2006, section 5.2), in the metric of a ridge regression of each training set, which is known by its
randomised Nystroem approximation (Frangella, Tropp & Udell 2023, SIAM J. Matrix Anal. Appl. 44:718). Arithmetic in
float32, in whatever array library the features come in (the Python array API standard), so a GPU may do it.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from array_api_compat import array_namespace, device
from scipy.linalg import LinAlgError, cholesky, eigh, solve_triangular
from scipy.special import logit

from tacit.probes.data.folds import Trainings
from tacit.probes.estimators.closed_form import on_host, take_rows

STEPS = (1, 3, 5, 8, 10, 12, 14, 18)
PENALTIES = (100.0,) * 5 + (10.0,) * 5 + (1.0,) * 4 + (0.1,) * 4
"""Per step, the factor of half the squared norm of the weights, against the summed loss (1 / C)."""
RANK, SKETCH = 192, 2**18
"""Most directions of a training set's metric, and most numbers that it may take: above 1,365 features the rank falls. A
full metric is no better (trial: 896 features, 1,600 rows, same AUROC to .001) and costs its decomposition."""
RIDGE, WIDE_RIDGE = 0.1, 30.0
"""The ridge of the metric, as a share of a standardised feature's variance; the second where features outnumber the
training rows. There every fit is perfect in the end and what generalises is found first, along the large directions,
which a strong ridge leaves large (trial: 4,096 features, 720 rows, .04 of AUROC)."""
TINY = 1e-20
SMALLEST = 1e-6
"""Standard deviations below this share of the whole column's count as none, as in a feature constant in training."""


@dataclass(frozen=True)
class _Block:
    """Rows that lie in the same training sets and are held out of the same ones."""

    rows: np.ndarray
    x: object
    """(n_rows, n_features) float32 array"""
    seen: np.ndarray
    """training sets that these rows are in"""
    held: np.ndarray
    """training sets whose held-out rows these are"""


@dataclass(frozen=True)
class Path:
    """All that does not depend on the labels: blocks of rows, scalers and metrics of every training set."""

    trainings: Trainings
    blocks: list[_Block]
    centre: object
    """(n_trainings, n_features) float32, mean over the training rows"""
    inverse: object
    """(n_trainings, n_features) float32, one over their standard deviation, 0 for a constant feature"""
    metric: list[tuple[object, float]]
    """per training set E (rank, n_features) and m: the inverse of its ridge's matrix is about (1 - E'E) / m"""

    @classmethod
    def of(cls, x, trainings: Trainings) -> "Path":
        """x: (n_items, n_features) float array of any array API library; rows outside all sets are not read."""
        blocks = _blocks(x, trainings)
        centre, inverse = _scalers(blocks, trainings)
        metric = _metrics(blocks, trainings, centre, inverse)
        xp, where = array_namespace(x), device(x)
        place = {"dtype": xp.float32, "device": where}
        return cls(
            trainings, blocks, xp.asarray(centre, **place), xp.asarray(inverse, **place),
            [(xp.asarray(e, **place), m) for e, m in metric],
        )  # fmt: skip

    def fit(self, y: np.ndarray, steps=STEPS) -> list[np.ndarray]:
        """Log-odds of the held-out rows of every training set.

        y: (n_items, n_labellings) of 0 and 1. Returns, per training set, (n_steps, n_test, n_labellings) float32, rows
        in order. A training set that lacks one of the classes predicts its share alone.
        """
        descent = _Descent.start(self, np.asarray(y, dtype=np.float32))
        out = [np.empty((len(steps), int(t.sum()), y.shape[1]), dtype=np.float32) for t in self.trainings.test.T]
        # OpenBLAS's kernels may raise the flag over lanes that the result leaves out (numpy/numpy#24067). A score
        # that is no number counts as none, and a verdict says how many there are.
        with np.errstate(invalid="ignore"):
            for step in range(1, max(steps) + 1):
                descent.advance(PENALTIES[step - 1])
                if step in steps:
                    descent.read(out, steps.index(step))
        return out


@dataclass
class _Descent:
    """Where all descents stand. A line is one training set with one labelling, those of a training set together;
    arrays over features are (n_lines, n_features), scores (n_lines of the block, n_rows)."""

    path: Path
    n_labellings: int
    lines: list[object]
    """per block, the lines that its rows are trained on"""
    y: list[object]
    scores: list[object]
    centre: object
    inverse: object
    """0 also where a training set lacks a class: the intercept stands alone there"""
    mixed: object
    """(n_lines,) float32, whether both classes are there"""
    w: object
    b: object
    """(n_lines,), intercept"""
    direction: tuple | None = None
    gradient: tuple | None = None
    fall: object = None
    """(n_lines,), the last gradient times its steepest direction"""

    @classmethod
    def start(cls, path: Path, y: np.ndarray) -> "_Descent":
        xp, n_trainings = array_namespace(path.centre), path.centre.shape[0]
        place = {"device": device(path.centre)}
        share = (path.trainings.train.T.astype(np.float32) @ y) / path.trainings.train.sum(0)[:, None]
        b = xp.asarray(logit(np.clip(share, 1e-3, 1 - 1e-3)).astype(np.float32).ravel(), **place)
        mixed = xp.asarray(((share > 0) & (share < 1)).astype(np.float32).ravel(), **place)
        of = xp.asarray(np.repeat(np.arange(n_trainings), y.shape[1]), **place)
        lines, labels, scores = [], [], []
        for block in path.blocks:
            own = _lines(block.seen, y.shape[1])
            lines.append(xp.asarray(own, **place))
            labels.append(xp.asarray(np.tile(y[block.rows].T, (len(block.seen), 1)), **place))
            start = xp.take(b, lines[-1], axis=0)[:, None]
            scores.append(start + xp.zeros((len(own), len(block.rows)), dtype=xp.float32, **place))
        inverse = xp.take(path.inverse, of, axis=0) * mixed[:, None]
        w = xp.zeros(inverse.shape, dtype=xp.float32, **place)
        return cls(path, y.shape[1], lines, labels, scores, xp.take(path.centre, of, axis=0), inverse, mixed, w, b)

    def advance(self, penalty: float) -> None:
        """One step of conjugate gradients for every line."""
        xp = array_namespace(self.w)
        rest, curvature = [], []
        for y, score in zip(self.y, self.scores, strict=True):
            p = _expit(xp, score)
            rest.append(y - p)
            p -= p * p
            curvature.append(p)
        gradient = self._ascent(rest, penalty)
        self._turn(gradient)
        raw, shift = self._unscaled(*self.direction)
        bend, along = penalty * xp.vecdot(self.direction[0], self.direction[0]), []
        for block, own, c in zip(self.path.blocks, self.lines, curvature, strict=True):
            q = xp.take(raw, own, axis=0) @ block.x.T
            q += xp.take(shift, own, axis=0)[:, None]
            c *= q
            bend[own] += xp.vecdot(c, q)
            along.append(q)
        length = _ratio(xp, _dot(xp, gradient, self.direction), bend)
        self.w += length[:, None] * self.direction[0]
        self.b = self.b + length * self.direction[1]
        for own, score, q in zip(self.lines, self.scores, along, strict=True):
            q *= xp.take(length, own, axis=0)[:, None]
            score += q

    def read(self, out: list[np.ndarray], at: int) -> None:
        """Put the scores of the held-out rows, as they now stand, into out[training][at]."""
        xp = array_namespace(self.w)
        raw, shift = self._unscaled(self.w, self.b)
        for block in self.path.blocks:
            if not len(block.held):
                continue
            own = xp.asarray(_lines(block.held, self.n_labellings), device=device(self.w))
            found = on_host(xp.take(raw, own, axis=0) @ block.x.T + xp.take(shift, own, axis=0)[:, None])
            for t, part in zip(block.held, found.reshape(len(block.held), self.n_labellings, -1), strict=True):
                places = np.searchsorted(np.flatnonzero(self.path.trainings.test[:, t]), block.rows)
                out[t][at, places] = part.T

    def _ascent(self, rest: list, penalty: float) -> tuple:
        """Gradient of the penalised log-likelihood in standardised weights and intercepts."""
        xp = array_namespace(self.w)
        g, total = xp.zeros_like(self.w), xp.zeros_like(self.b)
        for block, own, r in zip(self.path.blocks, self.lines, rest, strict=True):
            g[own] += r @ block.x
            total[own] += xp.sum(r, axis=1)
        g -= self.centre * total[:, None]
        g *= self.inverse
        g -= penalty * self.w
        return g, total * self.mixed

    def _turn(self, gradient: tuple) -> None:
        """The next direction: the gradient in the metric, made conjugate to the last one."""
        xp = array_namespace(self.w)
        steepest = (self._in_metric(gradient[0]), gradient[1])
        fall = _dot(xp, steepest, gradient)
        if self.direction is None:
            self.direction = steepest
        else:
            kept = _ratio(xp, fall - _dot(xp, steepest, self.gradient), self.fall)
            kept = xp.where(kept > 0, kept, xp.zeros_like(kept))
            self.direction = (steepest[0] + kept[:, None] * self.direction[0], steepest[1] + kept * self.direction[1])
        self.gradient, self.fall = gradient, fall

    def _in_metric(self, g):
        turned = array_namespace(g).empty_like(g)
        for t, (e, m) in enumerate(self.path.metric):
            own = slice(t * self.n_labellings, (t + 1) * self.n_labellings)
            turned[own] = (g[own] - (g[own] @ e.T) @ e) / m
        return turned

    def _unscaled(self, w, b) -> tuple:
        """Weights and intercepts for the rows as the blocks hold them."""
        raw = self.inverse * w
        return raw, b - array_namespace(w).vecdot(self.centre, raw)


def _lines(trainings: np.ndarray, n_labellings: int) -> np.ndarray:
    return (trainings[:, None] * n_labellings + np.arange(n_labellings)).ravel()


def _blocks(x, trainings: Trainings) -> list[_Block]:
    """Rows by the training sets they take part in, each feature brought to mean 0 and deviation 1 over all rows: labels
    are not involved, and the training sets' own scalers make the result the same whatever is done here."""
    xp, n_trainings = array_namespace(x), trainings.train.shape[1]
    patterns, of = np.unique(np.hstack([trainings.train, trainings.test]), axis=0, return_inverse=True)
    parts = [np.flatnonzero(of.ravel() == k) for k, pattern in enumerate(patterns) if pattern.any()]
    own = [take_rows(x, rows) for rows in parts]
    mean, scale = _whole_columns(own)
    out = []
    for k, (rows, pattern) in enumerate(zip(parts, patterns[patterns.any(1)], strict=True)):
        own[k] = xp.astype(own[k], xp.float32, copy=False)  # in place: a layer is large
        own[k] -= mean
        own[k] *= scale
        seen, held = np.flatnonzero(pattern[:n_trainings]), np.flatnonzero(pattern[n_trainings:])
        out.append(_Block(rows, own[k], seen, held))
    return out


def _whole_columns(parts: list) -> tuple:
    """Mean and inverse deviation of every column over all parts, float32, from sums in float64; 0 for a constant."""
    xp, n = array_namespace(parts[0]), sum(part.shape[0] for part in parts)
    mean = sum(xp.sum(part, axis=0, dtype=xp.float64) for part in parts) / n
    squares = sum(xp.sum((xp.astype(part, xp.float64) - mean) ** 2, axis=0) for part in parts)
    std = xp.sqrt(squares / n)
    varies = std > 1e-7 * xp.abs(mean)
    scale = xp.where(varies, 1 / xp.where(varies, std, xp.ones_like(std)), xp.zeros_like(std))
    return xp.astype(mean, xp.float32), xp.astype(scale, xp.float32)


def _scalers(blocks: list[_Block], trainings: Trainings) -> tuple[np.ndarray, np.ndarray]:
    """Mean and inverse standard deviation of each feature over each training set, from the blocks' sums."""
    xp = array_namespace(blocks[0].x)
    shape, n = (trainings.train.shape[1], blocks[0].x.shape[1]), trainings.train.sum(0)[:, None]
    first, second = np.zeros(shape), np.zeros(shape)
    for block in blocks:
        if len(block.seen):
            exact = xp.astype(block.x, xp.float64)  # squares in float32 would give a constant feature a deviation
            first[block.seen] += on_host(xp.sum(exact, axis=0))
            second[block.seen] += on_host(xp.sum(exact * exact, axis=0))
    mean = first / n
    std = np.sqrt(np.maximum(second / n - mean**2, 0))
    inverse = np.divide(1, std, out=np.zeros(shape), where=std > SMALLEST)
    return mean.astype(np.float32), inverse.astype(np.float32)


def _metrics(blocks: list[_Block], trainings: Trainings, centre: np.ndarray, inverse: np.ndarray) -> list:
    """`Path.metric` of every training set from its correlations seen along a few random directions, which its blocks
    share; the variance that these directions miss is spread evenly over all."""
    xp, n_features, n_train = array_namespace(blocks[0].x), centre.shape[1], trainings.train.sum(0)
    ridge = RIDGE if n_features <= n_train.min() else WIDE_RIDGE
    test = _directions(n_features)
    placed = xp.asarray(test, device=device(blocks[0].x))
    sketches = [(set(block.seen), on_host((block.x @ placed).T @ block.x)) for block in blocks if len(block.seen)]
    out = []
    for t, n in enumerate(n_train):
        scale = np.divide(1, inverse[t], out=np.zeros_like(inverse[t]), where=inverse[t] > 0)
        along = sum(sketch for seen, sketch in sketches if t in seen) / np.float32(n)
        along = (along - np.outer(centre[t] @ test, centre[t])) * inverse[t]
        out.append(_woodbury(along, test.T * scale, ridge, int(np.count_nonzero(inverse[t]))))
    return out


def _woodbury(along: np.ndarray, test: np.ndarray, ridge: float, n_features: int) -> tuple[np.ndarray, float]:
    """E and m from (rank, n_features) T A and T, where A stands for the correlations: Nystroem's approximation of A is
    B'B with B = (T A T')^-1/2 T A, and its inverse with m on the diagonal needs matrices of the rank's size alone."""
    along = along + 1e-5 * np.float32(np.linalg.norm(along, axis=1).max()) * test  # rounding must not make it negative
    b = _whitened(along @ test.T, along)
    m = np.float32(ridge + max(0.0, (n_features - np.vdot(b, b)) / b.shape[1]))
    inner = b @ b.T
    inner[np.diag_indices(len(inner))] += m
    factor = cholesky(inner, lower=True, overwrite_a=True, check_finite=False)
    return solve_triangular(factor, b, lower=True, check_finite=False), float(m)


def _whitened(core: np.ndarray, along: np.ndarray) -> np.ndarray:
    """core^-1/2 along, by Cholesky; where rounding left the core no definite sign, of its positive part alone."""
    core = (core + core.T) / 2
    try:
        return solve_triangular(cholesky(core, lower=True, check_finite=False), along, lower=True, check_finite=False)
    except LinAlgError:  # features nearly constant in this training set
        values, vectors = eigh(core.astype(np.float64))
        kept = values > 1e-6 * max(values[-1], TINY)
        return ((vectors[:, kept] / np.sqrt(values[kept])).T @ along).astype(np.float32)


@cache
def _directions(n_features: int) -> np.ndarray:
    """(n_features, rank) float32, orthonormal; the same for every training set, layer and run."""
    rank = min(n_features, RANK, max(1, SKETCH // n_features))
    if rank == n_features:
        return np.eye(n_features, dtype=np.float32)
    return np.linalg.qr(np.random.default_rng(0).standard_normal((n_features, rank)))[0].astype(np.float32)


def _expit(xp, score):
    p = xp.clip(score, min=-30.0, max=30.0)
    p *= -1.0
    p = xp.exp(p)
    p += 1.0
    return 1.0 / p


def _dot(xp, a: tuple, b: tuple):
    return xp.vecdot(a[0], b[0]) + a[1] * b[1]


def _ratio(xp, top, bottom):
    """top / bottom, 0 where there is nothing left to descend."""
    some = bottom > 1e-20
    return xp.where(some, top / xp.where(some, bottom, xp.ones_like(bottom)), xp.zeros_like(top))
