"""Logistic regression along its regularisation path, for many training sets and many labellings at once.

In: one layer's features, the training sets of nested folds, labels. Out: log-odds of the held-out rows after 1, 3, 5, …
steps of preconditioned conjugate gradients. The path begins near a ridge regression and ends near a weakly penalised
logistic regression. How far to go is chosen on inner folds: stopping early regularises as a penalty does (Ali, Kolter &
Tibshirani 2019, arXiv 1810.10082), and the whole path costs less than one such regression.

Differs from `LogisticRegression` in how the work is shared. Training sets of nested folds are unions of the same few
blocks of rows (`training_blocks`), and permuted labellings share the features, so each step is two matrix products per
block for all fits together, where fits one by one are bound by reading the matrix. Each training set's own scaler is
folded into the weights and never applied to the rows.

One step (nonlinear conjugate gradients: Nocedal & Wright 2006, section 5.2), for every fit by itself:
1. Gradient of the penalised log-likelihood in the weights of standardised features and the intercept.
2. Multiply it by the preconditioner, about the inverse of a ridge regression's matrix (`preconditioner`).
3. Direction: that, plus beta times the last direction; beta after Polak and Ribière, 0 (a restart) where negative.
4. Step size: one Newton step along the direction, slope / curvature.
5. Move the weights, and update the scores of the training rows.

Arithmetic is in float32, in the array library of the features (Python array API standard), so it also runs on a GPU.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from array_api_compat import array_namespace, device, is_numpy_array
from scipy.special import logit

from tacit.probes.data.folds import Trainings
from tacit.probes.estimators.closed_form import on_host
from tacit.probes.estimators.preconditioner import preconditioners
from tacit.probes.estimators.training_blocks import Block, blocks_of, scalers

STEPS = (1, 3, 5, 8, 10, 12, 14, 18)
PENALTIES = (100.0,) * 5 + (10.0,) * 5 + (1.0,) * 4 + (0.1,) * 4
"""Per step, the factor of half the squared norm of the weights, against the summed loss (1 / C)."""


@dataclass(frozen=True)
class Path:
    """What does not depend on the labels: blocks of rows, and each training set's scaler and preconditioner."""

    trainings: Trainings
    blocks: list[Block]
    places: np.ndarray
    """(n_items, n_trainings) int64, each row's position among those that the training set predicts"""
    mean: object
    """(n_trainings, n_features) float32, over the training rows"""
    inverse_std: object
    """(n_trainings, n_features) float32, 1 / standard deviation over the training rows, 0 for a constant feature"""
    preconditioners: list[tuple[object, float]]
    """per training set E (rank, n_features) float32 and m: the inverse of its ridge matrix is about (I - E'E) / m"""

    @classmethod
    def of(cls, x, trainings: Trainings) -> "Path":
        """x: (n_items, n_features) float array of any array API library; rows outside all sets are not read."""
        blocks = blocks_of(x, trainings)
        mean, inverse_std = scalers(blocks, trainings)
        inverses = preconditioners(blocks, trainings, mean, inverse_std)
        xp, where = array_namespace(x), device(x)
        place = {"dtype": xp.float32, "device": where}
        return cls(
            trainings, blocks, np.cumsum(trainings.test, axis=0) - 1,
            xp.asarray(mean, **place), xp.asarray(inverse_std, **place),
            [(xp.asarray(e, **place), m) for e, m in inverses],
        )  # fmt: skip

    def fit(self, y: np.ndarray, steps=STEPS) -> list[np.ndarray]:
        """Log-odds of the held-out rows of every training set.

        y: (n_items, n_labellings) of 0 and 1. Returns, per training set, (n_steps, n_test, n_labellings) float32, rows
        in order. A training set that lacks one of the classes predicts the same log-odds for every row.
        """
        fits = _Fits.start(self, np.asarray(y, dtype=np.float32))
        out = [np.empty((len(steps), int(t.sum()), y.shape[1]), dtype=np.float32) for t in self.trainings.test.T]
        # OpenBLAS's kernels may raise the flag over lanes that the result leaves out (numpy/numpy#24067). A score
        # that is NaN counts as no answer, and a verdict says how many there are.
        with np.errstate(invalid="ignore"):
            for step in range(1, max(steps) + 1):
                fits.step(PENALTIES[step - 1])
                if step in steps:
                    for t, rows, scores in fits.held_out_scores():
                        out[t][steps.index(step), rows] = scores
        return out


class _Vector(NamedTuple):
    """A direction or gradient in the space of weights and intercepts, of every fit."""

    weights: object
    """(n_fits, n_features) float32"""
    intercept: object
    """(n_fits,) float32"""


@dataclass
class _Fits:
    """The state of all fits. A fit is one training set with one labelling; all labellings of a set are consecutive."""

    path: Path
    n_labellings: int
    fits_of_block: list[object]
    """per block, the fits that its rows are trained on: (n_block_fits,) int64"""
    y: list[object]
    """per block, (n_block_fits, n_rows) float32, 0 or 1"""
    scores: list[object]
    """per block, (n_block_fits, n_rows) float32, log-odds of its rows under the present weights"""
    mean: object
    """(n_fits, n_features) float32, of the fit's training set"""
    inverse_std: object
    """(n_fits, n_features) float32; all 0 where the training set lacks a class, so that the weights stay 0"""
    has_both_classes: object
    """(n_fits,) float32, 1 or 0; the intercept does not move where it is 0"""
    weights: object
    """(n_fits, n_features) float32, of standardised features"""
    intercept: object
    """(n_fits,) float32, for standardised features"""
    direction: _Vector | None = None
    gradient: _Vector | None = None
    gradient_norm: object = None
    """(n_fits,) float32, squared norm of the last gradient in the preconditioner"""

    @classmethod
    def start(cls, path: Path, y: np.ndarray) -> "_Fits":
        """Before the first step: weights 0, intercepts at the log-odds of class 1 among the training rows.

        y: (n_items, n_labellings) float32.
        """
        xp, n_labellings, place = array_namespace(path.mean), y.shape[1], {"device": device(path.mean)}
        share = (path.trainings.train.T.astype(np.float32) @ y) / path.trainings.train.sum(0)[:, None]
        intercept = xp.asarray(logit(np.clip(share, 1e-3, 1 - 1e-3)).astype(np.float32).ravel(), **place)
        has_both_classes = xp.asarray(((share > 0) & (share < 1)).astype(np.float32).ravel(), **place)
        fits_of_block, labels, scores = [], [], []
        for block in path.blocks:
            fits = xp.asarray(_fits_of(block.in_training, n_labellings), **place)
            fits_of_block.append(fits)
            labels.append(xp.asarray(np.tile(y[block.rows].T, (len(block.in_training), 1)), **place))
            zeros = xp.zeros((fits.shape[0], len(block.rows)), dtype=xp.float32, **place)
            scores.append(xp.take(intercept, fits, axis=0)[:, None] + zeros)
        training = xp.asarray(np.repeat(np.arange(len(share)), n_labellings), **place)
        mean, inverse_std = xp.take(path.mean, training, axis=0), xp.take(path.inverse_std, training, axis=0)
        weights = xp.zeros(mean.shape, dtype=xp.float32, **place)
        return cls(
            path, n_labellings, fits_of_block, labels, scores, mean, inverse_std * has_both_classes[:, None],
            has_both_classes, weights, intercept,
        )  # fmt: skip

    def step(self, penalty: float) -> None:
        """One step of conjugate gradients for every fit (the module's docstring lists what it does)."""
        xp = array_namespace(self.weights)
        residuals, variances = self._residuals_and_variances()
        gradient = self._gradient(residuals, penalty)
        self._choose_direction(gradient)
        score_changes, curvature = self._along_direction(variances, penalty)
        size = _ratio(xp, _dot(xp, gradient, self.direction), curvature)
        self.weights += size[:, None] * self.direction.weights
        self.intercept = self.intercept + size * self.direction.intercept
        for fits, score, change in zip(self.fits_of_block, self.scores, score_changes, strict=True):
            change *= xp.take(size, fits, axis=0)[:, None]
            score += change

    def held_out_scores(self) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """(training set, positions among its held-out rows, their (n_positions, n_labellings) float32 log-odds)."""
        xp = array_namespace(self.weights)
        raw, shift = self._for_unscaled_rows(self.weights, self.intercept)
        for block in self.path.blocks:
            if not len(block.held_out):
                continue
            fits = xp.asarray(_fits_of(block.held_out, self.n_labellings), device=device(self.weights))
            scores = on_host(xp.take(raw, fits, axis=0) @ block.x.T + xp.take(shift, fits, axis=0)[:, None])
            by_training = scores.reshape(len(block.held_out), self.n_labellings, -1)
            for t, own in zip(block.held_out, by_training, strict=True):
                yield t, self.path.places[block.rows, t], own.T

    def _residuals_and_variances(self) -> tuple[list, list]:
        """y - p and p (1 - p) of the training rows, per block as in `y`; p is the predicted probability of class 1."""
        xp = array_namespace(self.weights)
        residuals, variances = [], []
        for y, score in zip(self.y, self.scores, strict=True):
            p = _expit(xp, score)
            residuals.append(y - p)
            p -= p * p
            variances.append(p)
        return residuals, variances

    def _gradient(self, residuals: list, penalty: float) -> _Vector:
        """Of the penalised log-likelihood."""
        xp = array_namespace(self.weights)
        weights, total = xp.zeros_like(self.weights), xp.zeros_like(self.intercept)
        for block, fits, residual in zip(self.path.blocks, self.fits_of_block, residuals, strict=True):
            found = residual @ block.x
            for k, t in enumerate(block.in_training):  # slices: adding to weights[fits] would copy it twice
                weights[self._fits_in(t)] += found[self._fits_in(k)]
            total[fits] += xp.sum(residual, axis=1)
        weights -= self.mean * total[:, None]
        weights *= self.inverse_std
        weights -= penalty * self.weights
        return _Vector(weights, total * self.has_both_classes)

    def _choose_direction(self, gradient: _Vector) -> None:
        """The preconditioned gradient, plus beta times the last direction."""
        xp = array_namespace(self.weights)
        steepest = _Vector(self._preconditioned(gradient.weights), gradient.intercept)
        norm = _dot(xp, steepest, gradient)
        if self.direction is None:
            self.direction = steepest
        else:
            beta = _ratio(xp, norm - _dot(xp, steepest, self.gradient), self.gradient_norm)
            beta = xp.where(beta > 0, beta, xp.zeros_like(beta))
            last = self.direction
            self.direction = _Vector(
                steepest.weights + beta[:, None] * last.weights, steepest.intercept + beta * last.intercept
            )
        self.gradient, self.gradient_norm = gradient, norm

    def _preconditioned(self, gradient):
        """gradient: (n_fits, n_features) float32, as is what is returned."""
        out = array_namespace(gradient).empty_like(gradient)
        for t, (e, m) in enumerate(self.path.preconditioners):
            own = self._fits_in(t)
            out[own] = (gradient[own] - (gradient[own] @ e.T) @ e) / m
        return out

    def _along_direction(self, variances: list, penalty: float) -> tuple[list, object]:
        """How a step of size 1 changes the scores, per block, and the loss's curvature along it, (n_fits,) float32.

        The variances are overwritten, to save memory.
        """
        xp = array_namespace(self.weights)
        raw, shift = self._for_unscaled_rows(*self.direction)
        curvature, changes = penalty * xp.vecdot(self.direction.weights, self.direction.weights), []
        for block, fits, variance in zip(self.path.blocks, self.fits_of_block, variances, strict=True):
            change = xp.take(raw, fits, axis=0) @ block.x.T
            change += xp.take(shift, fits, axis=0)[:, None]
            variance *= change
            curvature[fits] += xp.vecdot(variance, change)
            changes.append(change)
        return changes, curvature

    def _fits_in(self, t: int) -> slice:
        """The fits of the t-th training set."""
        return slice(t * self.n_labellings, (t + 1) * self.n_labellings)

    def _for_unscaled_rows(self, weights, intercept) -> tuple:
        """Weights and intercepts that give the same scores on the blocks' rows, to which no scaler was applied."""
        raw = self.inverse_std * weights
        return raw, intercept - array_namespace(weights).vecdot(self.mean, raw)


def _fits_of(trainings: np.ndarray, n_labellings: int) -> np.ndarray:
    """Numbers of the fits of these training sets, all labellings of each in turn."""
    return (trainings[:, None] * n_labellings + np.arange(n_labellings)).ravel()


def _expit(xp, score):
    # array_api_compat's clip copies several times, which costs more than the exponential
    p = np.clip(score, -30.0, 30.0) if is_numpy_array(score) else xp.clip(score, min=-30.0, max=30.0)
    p *= -1.0
    p = xp.exp(p)
    p += 1.0
    return 1.0 / p


def _dot(xp, a: _Vector, b: _Vector):
    return xp.vecdot(a.weights, b.weights) + a.intercept * b.intercept


def _ratio(xp, top, bottom):
    """top / bottom, 0 where the bottom is 0: nothing is left to descend."""
    some = bottom > 1e-20
    return xp.where(some, top / xp.where(some, bottom, xp.ones_like(bottom)), xp.zeros_like(top))
