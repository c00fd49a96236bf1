"""Many gaps at once: Holm's procedure over targets, conditions and models.

In: two-sided p-values. Out: p-values adjusted so that calling a gap wherever the adjusted p is at most alpha errs
anywhere in the family with probability at most alpha, whatever the dependence. Holm 1979, Scand. J. Stat. 6:65.
"""

from collections.abc import Sequence

import numpy as np


def holm(p: Sequence[float]) -> np.ndarray:
    """(n,) float64 adjusted p-values in the given order; nan (an undefined test) stays nan and is not counted."""
    p = np.asarray(p, dtype=np.float64)
    out, tested = np.full(len(p), np.nan), np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    out[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return out
