"""What an interval of width zero hides: errors that no item of the sample made.

In: an `Estimate` whose resamples are all equal because a score is perfect, or perfectly wrong. Out: the same with the
limit that the number of independent groups allows. Resampling cannot show an error that nobody made, and with ten
groups a score of 1.000 may come from a probe that fails on three in ten. A constant answer needs no such help: it
scores exactly at chance.
"""

from dataclasses import replace

import numpy as np

from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.statistics.selection import score_range

WIDTH = 1e-6
"""Below this an interval has width zero: sums of float32 weights differ by 3e-7."""


def unseen_share(n_groups: int, level: float = 0.95) -> float:
    """The largest share of groups with an error of which none is seen among n_groups, with this confidence: the upper
    limit of Clopper and Pearson for no event (Hanley & Lippman-Hand 1983, JAMA 249:1743, the "rule of three").

    >>> round(unseen_share(10), 3)
    0.308
    """
    return float(1 - ((1 - level) / 2) ** (1 / max(1, n_groups)))


def has_no_width(x: Estimate) -> bool:
    """Whether all resamples gave the same value."""
    return bool(np.isfinite([x.lower, x.upper]).all() and x.upper - x.lower < WIDTH)


def score_with_unseen(x: Estimate, metric: str, *, n_groups: int) -> Estimate:
    """A score's interval: below a perfect one, or above the lowest that there is, by `unseen_share`.

    n_groups: independent groups behind it. Of unbounded errors (skill of counts) the limit is approximate.
    """
    if not has_no_width(x):
        return x
    share, (high, low) = unseen_share(n_groups), _at_edges(x.value, metric)
    return replace(x, lower=x.lower - share * high, upper=x.upper + share * low)


def lead_with_unseen(x: Estimate, first: float, second: float, metric: str, *, n_groups: int) -> Estimate:
    """The interval of a difference of two scores, by the unseen errors of each."""
    if not has_no_width(x):
        return x
    share, one, other = unseen_share(n_groups), _at_edges(first, metric), _at_edges(second, metric)
    down, up = one[0] or other[1], one[1] or other[0]
    return replace(x, lower=x.lower - share * down, upper=x.upper + share * up)


def _at_edges(value: float, metric: str) -> tuple[bool, bool]:
    """(whether it is the highest score that there is, whether the lowest)."""
    low, high = score_range(metric)
    return bool(abs(value - high) < WIDTH), bool(abs(value - low) < WIDTH)
