"""A statistic with everything that its interval is made from, so that the interval of a difference is paired.

In: the statistic under bootstrap weights, with its search repeated, and with single groups left out. Out: draws.
"""

from dataclasses import dataclass

import numpy as np

from tacit.probes.statistics.jackknife import LeftOut
from tacit.probes.statistics.selection import inflate_variance


@dataclass(frozen=True)
class Drawn:
    """A statistic and its resampled values."""

    point: float
    plain: np.ndarray
    """(n_resamples,)"""
    redrawn: np.ndarray
    """(n_resamples,), the same with whatever was searched for chosen again in every draw"""
    left: np.ndarray | None = None
    """(n_left,), with one group left out each (`jackknife`); None where the draws need no such help"""

    def __sub__(self, other: "Drawn") -> "Drawn":
        """The difference; what was not searched for is as it was drawn."""
        left = None if self.left is None else self.left - other.left
        return Drawn(self.point - other.point, self.plain - other.plain, self.redrawn - other.redrawn, left)

    def at_least(self, floor: float) -> "Drawn":
        """The larger of it and the floor, its own search left aside."""
        plain, left = np.maximum(self.plain, floor), None if self.left is None else np.maximum(self.left, floor)
        return Drawn(max(self.point, floor), plain, plain, left)

    def settled(self, left_out: LeftOut | None) -> np.ndarray:
        """(n_resamples,) draws about the point, with what a search adds; the jackknife's where groups are few."""
        values = inflate_variance(self.point, self.plain, self.redrawn)
        return values if left_out is None else left_out.settle(self.point, self.left, values, self.plain)
