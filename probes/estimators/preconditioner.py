"""The preconditioner of the logistic path: the inverse of each training set's ridge matrix, approximately.

In: blocks of rows and the training sets' scalers. Out: per training set E and m such that (I - E'E) / m is about the
inverse of A + ridge, where A holds the correlations of the features. A is approximated from its products with a few
random orthonormal directions (randomised Nyström approximation: Frangella, Tropp & Udell 2023, SIAM J. Matrix Anal.
Appl. 44:718); a block's products serve every training set that it is in. Variance that these directions miss is spread
evenly over the features, as part of m.
"""

from functools import cache

import numpy as np
from array_api_compat import array_namespace, device
from scipy.linalg import LinAlgError, cholesky, eigh, solve_triangular

from tacit.probes.data.folds import Trainings
from tacit.probes.estimators.closed_form import on_host
from tacit.probes.estimators.training_blocks import Block

RANK, SKETCH = 192, 2**18
"""Largest number of directions, and of entries in one training set's E: above 1,365 features the rank falls. The full
rank is no better (trial: 896 features, 1,600 rows, same AUROC to .001), and it costs a decomposition."""
RIDGE, WIDE_RIDGE = 0.1, 30.0
"""The ridge, as a share of a standardised feature's variance; the second where features outnumber the training rows.
There every fit is perfect in the end, and what generalises is found first, along the directions of large variance; a
strong ridge keeps the steps along these large (trial: 4,096 features, 720 rows, .04 of AUROC)."""
TINY = 1e-20


def preconditioners(
    blocks: list[Block], trainings: Trainings, mean: np.ndarray, inverse_std: np.ndarray
) -> list[tuple[np.ndarray, float]]:
    """E (rank, n_features) float32 and m of every training set, for standardised features.

    mean, inverse_std: (n_trainings, n_features) float32 from `scalers`.
    """
    xp, n_features, n_train = array_namespace(blocks[0].x), mean.shape[1], trainings.train.sum(0)
    ridge = RIDGE if n_features <= n_train.min() else WIDE_RIDGE
    directions = _directions(n_features)
    placed = xp.asarray(directions, device=device(blocks[0].x))
    sketches = [
        (set(block.in_training), on_host((block.x @ placed).T @ block.x)) for block in blocks if len(block.in_training)
    ]
    found = []
    for t, n in enumerate(n_train):
        std = np.divide(1, inverse_std[t], out=np.zeros_like(inverse_std[t]), where=inverse_std[t] > 0)
        sketch = sum(own for in_training, own in sketches if t in in_training) / np.float32(n)
        sketch = (sketch - np.outer(mean[t] @ directions, mean[t])) * inverse_std[t]
        found.append(inverse_from_sketch(sketch, directions.T * std, ridge, int(np.count_nonzero(inverse_std[t]))))
    return found


def inverse_from_sketch(
    sketch: np.ndarray, directions: np.ndarray, ridge: float, n_features: int
) -> tuple[np.ndarray, float]:
    """E and m from T = `directions` and T A = `sketch`, (rank, n_features) float32 both; n_features: that vary.

    Nyström's approximation of A is B'B with B = (T A T')^-1/2 T A. By Woodbury's identity, the inverse of B'B + m I
    needs no matrix larger than the rank.
    """
    # Rounding must not make the approximation negative.
    sketch = sketch + 1e-5 * np.float32(np.linalg.norm(sketch, axis=1).max()) * directions
    b = _whitened(sketch @ directions.T, sketch)
    m = np.float32(ridge + max(0.0, (n_features - np.vdot(b, b)) / b.shape[1]))
    inner = b @ b.T
    inner[np.diag_indices(len(inner))] += m
    factor = cholesky(inner, lower=True, overwrite_a=True, check_finite=False)
    return solve_triangular(factor, b, lower=True, check_finite=False), float(m)


def _whitened(core: np.ndarray, sketch: np.ndarray) -> np.ndarray:
    """core^-1/2 sketch by Cholesky, or from the core's positive part where rounding has made it indefinite."""
    core = (core + core.T) / 2
    try:
        return solve_triangular(cholesky(core, lower=True, check_finite=False), sketch, lower=True, check_finite=False)
    except LinAlgError:  # features nearly constant in this training set
        values, vectors = eigh(core.astype(np.float64))
        kept = values > 1e-6 * max(values[-1], TINY)
        return ((vectors[:, kept] / np.sqrt(values[kept])).T @ sketch).astype(np.float32)


@cache
def _directions(n_features: int) -> np.ndarray:
    """(n_features, rank) float32, orthonormal; the same for every training set, layer and run."""
    rank = min(n_features, RANK, max(1, SKETCH // n_features))
    if rank == n_features:
        return np.eye(n_features, dtype=np.float32)
    return np.linalg.qr(np.random.default_rng(0).standard_normal((n_features, rank)))[0].astype(np.float32)
