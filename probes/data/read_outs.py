"""What the log-probabilities of the valid answers say: log-odds, log-shares of classes, or a count.

In: the log-probabilities of one reply's answers, and the class or count that each means. Out: the read-out.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp

from tacit.probes.estimators.families import read_values

CERTAIN = 50.0
"""Log-odds at which an answer of probability 0 is taken to stand against the other."""


def read_out(logp: np.ndarray, values: np.ndarray, kind: str, n_classes: int) -> tuple:
    """(log-odds,) of two classes, (log-shares (n_classes,),) of several, (expected value, median) of counts.

    logp: (n_answers,) float64, not all -inf; values: (n_answers,), the class or count that each answer means.
    """
    if kind == "count":
        p = np.exp(logp - _log_of_sum(logp))
        seen, where = np.unique(values, return_inverse=True)
        median, _, expected = read_values(np.bincount(where, weights=p)[None], seen)
        return float(expected[0]), float(median[0])
    per_class = np.full(n_classes, -np.inf)
    for k in range(n_classes):
        if (values == k).any():
            per_class[k] = _log_of_sum(logp[values == k])
    if kind == "binary":  # an answer that was not offered says nothing, one of probability 0 says everything
        offered = all((values == k).any() for k in range(2))
        return (np.clip(per_class[1] - per_class[0], -CERTAIN, CERTAIN) if offered else np.nan,)
    return (per_class - _log_of_sum(per_class),)


def _log_of_sum(logp: np.ndarray) -> float:
    """`scipy.special.logsumexp` of (n,) float64 without NaN, to the last bit and in a tenth of its time, of which there
    are thousands."""
    if len(logp) == 1:
        return logp[0]
    most = logp.max(keepdims=True)
    if not np.isfinite(most[0]):
        return most[0]
    largest = logp == most
    n = largest.sum(keepdims=True).astype(np.float64)
    others = np.exp(np.where(largest, -np.inf, logp) - most).sum(keepdims=True)
    return (np.log1p(others / n) + np.log(n) + most)[0]


def averaged(readouts: Sequence[np.ndarray], *, shares: bool) -> np.ndarray:
    """The mean of read-outs over forms, item by item, of those that have one; (n_items,) or (n_items, n_classes).

    shares: log-shares are averaged as logarithms and returned as shares that add up to 1.
    """
    stack = np.stack(readouts)
    held = ~np.isnan(stack)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(held, stack, 0.0).sum(0) / held.sum(0)
    return np.exp(mean - logsumexp(mean, axis=1, keepdims=True)) if shares else mean
