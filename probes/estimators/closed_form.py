"""Ridge and linear discriminants in closed form, from one decomposition of a training set.

In: a `Basis` (the training rows in the coordinates of their principal components) and labels, one column per labelling.
Out: predictions of the test rows for every penalty or shrinkage and every labelling. The decomposition is the cost; in
its coordinates every penalty is a division, and another labelling one more column on the right-hand side.

The discriminants are those of scikit-learn's LinearDiscriminantAnalysis(solver="lsqr", shrinkage=s): the covariance
within classes is the total one, which is diagonal here, less one rank per class, so Woodbury's identity solves it with
a matrix of the size of the classes (Golub & Van Loan 2013, section 2.1.4).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from array_api_compat import array_namespace, device
from scipy.sparse import csr_array

TINY = 1e-10
"""Components with less than this share of the largest one's variance are rounding errors."""


@dataclass(frozen=True)
class Basis:
    train: np.ndarray
    """(n_train, n_components) float64, centred, columns orthogonal"""
    test: np.ndarray
    """(n_test, n_components) float64, in the same coordinates"""
    spectrum: np.ndarray
    """(n_components,) float64, squared norms of the training columns"""
    n_features: int
    """dimensions over which a shrunk covariance spreads its trace: features, or rows where these are fewer"""

    @classmethod
    def of(cls, x_train, x_test, *, scale: bool) -> "Basis":
        """Centre (and scale to unit deviation, constants to 0) by the training rows, then rotate.

        Takes arrays of any array API library and decomposes on their device; what comes out is numpy.
        """
        xp = array_namespace(x_train)
        train, test = xp.astype(x_train, xp.float64), xp.astype(x_test, xp.float64)
        mean = xp.mean(train, axis=0)
        train, test = train - mean, test - mean
        if scale:
            std = xp.sqrt(xp.mean(train * train, axis=0))
            varies = std > 1e-7 * xp.abs(mean)
            inverse = xp.where(varies, 1 / xp.where(varies, std, xp.ones_like(std)), xp.zeros_like(std))
            train, test = train * inverse, test * inverse
        wide = train.shape[1] > train.shape[0]
        spectrum, vectors = xp.linalg.eigh(train @ train.T if wide else train.T @ train)
        first = int(np.searchsorted(on_host(spectrum), TINY * max(float(spectrum[-1]), TINY), side="right"))
        spectrum, vectors = spectrum[first:], vectors[:, first:]
        roots = xp.sqrt(spectrum)
        rotated = (vectors * roots, (test @ train.T) @ (vectors / roots)) if wide else (train @ vectors, test @ vectors)
        return cls(*map(on_host, rotated), on_host(spectrum), min(train.shape))


def take_rows(x, rows: np.ndarray):
    """Rows of an array of any library, by their numbers or a mask, both numpy."""
    numbers = np.flatnonzero(rows) if rows.dtype == bool else rows
    return array_namespace(x).take(x, array_namespace(x).asarray(numbers, device=device(x)), axis=0)


def on_host(x) -> np.ndarray:
    """The array as numpy, wherever it lies."""
    return x if isinstance(x, np.ndarray) else x.cpu().numpy()


def solve_ridge(basis: Basis, y: np.ndarray, alphas) -> np.ndarray:
    """Ridge regression with an intercept: (n_alphas, n_test, n_labellings) for y (n_train, n_labellings)."""
    mean = y.mean(0)
    moments = basis.train.T @ (y - mean)
    return np.stack([basis.test @ (moments / (basis.spectrum[:, None] + alpha)) + mean for alpha in alphas])


def solve_lda(basis: Basis, codes: np.ndarray, n_codes: int, shrinkages) -> Iterator[np.ndarray]:
    """For every shrinkage, the posterior log-odds of the classes up to a constant per row and labelling.

    codes: (n_train, n_labellings) int in 0 … n_codes - 1; a class without training rows gets -inf.
    Yields (n_test, n_labellings, n_codes) float64, views whose last axis is the first in memory.
    """
    n, n_labellings = codes.shape
    slots = (codes + n_codes * np.arange(n_labellings)).T.ravel()
    rows = np.tile(np.arange(n), n_labellings)
    one_hot = csr_array((np.ones(len(slots)), (slots, rows)), shape=(n_codes * n_labellings, n))
    per_class = np.bincount(slots, minlength=n_codes * n_labellings).reshape(n_labellings, n_codes)
    sums = (one_hot @ basis.train).reshape(n_labellings, n_codes, basis.train.shape[1])
    means = sums / np.maximum(per_class, 1)[..., None]
    within = (basis.spectrum.sum() - np.einsum("bk,bkr->b", per_class, means**2)) / n
    share = np.maximum(within, TINY) / basis.n_features
    for shrinkage in shrinkages:
        yield _discriminants(basis, means, per_class, shrinkage, share)


def _discriminants(basis: Basis, means, per_class, shrinkage: float, share) -> np.ndarray:
    n = per_class[0].sum()
    kept = (1 - shrinkage) / n
    scaled = means / (kept * basis.spectrum + shrinkage * share[:, None])[:, None]
    overlap = scaled @ means.transpose(0, 2, 1)
    within = np.eye(means.shape[1]) - kept * per_class[..., None] * overlap
    weights = np.linalg.inv(within).transpose(0, 2, 1) @ scaled  # classes are few: faster than solving for each feature
    with np.errstate(divide="ignore"):
        offset = np.log(per_class / n) - 0.5 * np.einsum("bkr,bkr->bk", weights, means)
    flat = weights.transpose(1, 0, 2).reshape(offset.size, weights.shape[-1])
    scores = (flat @ basis.test.T).reshape(*offset.T.shape, len(basis.test))
    scores += offset.T[..., None]
    return scores.T
