"""Whether a position reveals a count: the correlation of the two, with its uncertainty.

In: counts and positions of the same items. Out: a `Coupling`. `tacit cache` prints it and the verdicts use it, so both
judge by one rule: coupled means that the whole 95 % interval lies beyond ±`MAX_CORRELATION`. The bare value of r says
little for few items: among 60, unrelated numbers have an |r| above .05 in seven cases of ten.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import pearsonr

from tacit.targets.counting.fit_length import correlation
from tacit.thresholds import MAX_CORRELATION


@dataclass(frozen=True)
class Coupling:
    position: str
    """what was correlated with the count, e.g. `object_last`"""
    r: float
    """Pearson's r; 0 if either is constant, nan if the position is unknown"""
    lower: float
    upper: float
    """95 % interval of r by Fisher's transformation, which takes the items as independent"""

    @property
    def known(self) -> bool:
        """Whether the position was stored."""
        return bool(np.isfinite(self.r))

    @property
    def coupled(self) -> bool:
        """Whether |r| is shown to be above the limit."""
        return self.lower > MAX_CORRELATION or self.upper < -MAX_CORRELATION

    @property
    def words(self) -> str:
        """The correlation, its interval, and what follows from them."""
        if not self.known:
            return f"corr(count, {self.position}) is unknown: the position was not stored. Run tacit cache again"
        if self.coupled:
            judged = "COUPLED, the position reveals the count"
        elif abs(self.r) < MAX_CORRELATION:
            judged = f"decoupled, |r| < {MAX_CORRELATION:g}"
        else:
            judged = f"not shown to be coupled, the interval includes |r| < {MAX_CORRELATION:g}"
        return f"corr(count, {self.position}) = {self.r:+.3f} [{self.lower:.3f}, {self.upper:.3f}]: {judged}"


def coupling(name: str, counts: ArrayLike, positions: ArrayLike) -> Coupling:
    """The correlation of (n_items,) counts with (n_items,) positions; an unknown position is nan.

    Fewer than four items have the interval -1 to 1, unless one of the two is constant: a constant reveals nothing.
    """
    x, z = np.asarray(counts, dtype=float), np.asarray(positions, dtype=float)
    if not np.isfinite(z).all():
        return Coupling(name, *(float("nan"),) * 3)
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(z) == 0:
        return Coupling(name, 0.0, 0.0, 0.0)
    r = correlation(x, z)
    limits = (r, r) if abs(r) > 1 - 1e-12 else pearsonr(x, z).confidence_interval(0.95)
    return Coupling(name, r, *((-1.0, 1.0) if len(x) < 4 else map(float, limits)))
