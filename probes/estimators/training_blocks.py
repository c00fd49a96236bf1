"""Rows that many training sets share, cut into blocks, so that a product with a block serves all of them.

In: one layer's features and the `Trainings` of nested folds. Out: the blocks, and each training set's mean and standard
deviation of every feature. Training sets of nested folds are unions of the same few blocks: each is made of all folds
but one or two.
"""

from dataclasses import dataclass

import numpy as np
from array_api_compat import array_namespace

from tacit.probes.data.folds import Trainings
from tacit.probes.estimators.closed_form import on_host, take_rows

SMALLEST = 1e-6
"""A feature whose standard deviation in a training set is below this share of the one over all rows is constant there:
what is left is rounding."""


@dataclass(frozen=True)
class Block:
    """Rows that are in the same training sets and are held out of the same ones."""

    rows: np.ndarray
    """(n_rows,) int64, ascending positions among the items"""
    x: object
    """(n_rows, n_features) float32 array, mean 0 and standard deviation 1 over the rows of all blocks"""
    in_training: np.ndarray
    """int64, training sets that these rows are in"""
    held_out: np.ndarray
    """int64, training sets that predict these rows"""


def blocks_of(x, trainings: Trainings) -> list[Block]:
    """x: (n_items, n_features) float array of any array API library; rows in no training or test set are not read.

    Features are standardised over all rows, which involves no labels; the training sets' own scalers undo it.
    """
    xp, n_trainings = array_namespace(x), trainings.train.shape[1]
    patterns, of = np.unique(np.hstack([trainings.train, trainings.test]), axis=0, return_inverse=True)
    used = [k for k, pattern in enumerate(patterns) if pattern.any()]
    rows = [np.flatnonzero(of.ravel() == k) for k in used]
    parts = [take_rows(x, own) for own in rows]
    mean, scale = _standardisation(parts)
    blocks = []
    for k, own in enumerate(rows):
        parts[k] = xp.astype(parts[k], xp.float32, copy=False)
        parts[k] -= mean  # in place: a layer is large
        parts[k] *= scale
        pattern = patterns[used[k]]
        in_training, held_out = np.flatnonzero(pattern[:n_trainings]), np.flatnonzero(pattern[n_trainings:])
        blocks.append(Block(own, parts[k], in_training, held_out))
    return blocks


def scalers(blocks: list[Block], trainings: Trainings) -> tuple[np.ndarray, np.ndarray]:
    """Each training set's means and inverse standard deviations, from the blocks' sums.

    (n_trainings, n_features) float32 both; the inverse is 0 for a feature that is constant in the training set.
    """
    xp = array_namespace(blocks[0].x)
    shape, n = (trainings.train.shape[1], blocks[0].x.shape[1]), trainings.train.sum(0)[:, None]
    sums, squares = np.zeros(shape), np.zeros(shape)
    for block in blocks:
        if len(block.in_training):
            exact = xp.astype(block.x, xp.float64)  # squares in float32 would give a constant feature a deviation
            sums[block.in_training] += on_host(xp.sum(exact, axis=0))
            squares[block.in_training] += on_host(xp.sum(exact * exact, axis=0))
    mean = sums / n
    std = np.sqrt(np.maximum(squares / n - mean**2, 0))
    inverse_std = np.divide(1, std, out=np.zeros(shape), where=std > SMALLEST)
    return mean.astype(np.float32), inverse_std.astype(np.float32)


def _standardisation(parts: list) -> tuple:
    """Mean and inverse standard deviation of every column over all parts, float32, from sums in float64.

    The inverse is 0 for a constant column.
    """
    xp, n = array_namespace(parts[0]), sum(part.shape[0] for part in parts)
    mean = sum(xp.sum(part, axis=0, dtype=xp.float64) for part in parts) / n
    squares = sum(xp.sum((xp.astype(part, xp.float64) - mean) ** 2, axis=0) for part in parts)
    std = xp.sqrt(squares / n)
    varies = std > 1e-7 * xp.abs(mean)
    scale = xp.where(varies, 1 / xp.where(varies, std, xp.ones_like(std)), xp.zeros_like(std))
    return xp.astype(mean, xp.float32), xp.astype(scale, xp.float32)
