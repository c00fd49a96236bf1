"""Paired cluster bootstrap, and the two small tests that go with it.

In: group numbers and `measure`-like values. Out: `Estimate`. Whole groups are drawn with replacement, and every method
of a comparison is measured under the same draws, so differences are paired.

Groups are drawn within folds, for scores rank and average within them, and k - 1 of the k groups of a fold with weights
k / (k - 1), which makes the resampled variance of a mean unbiased also where a fold holds few (Rao & Wu 1988, JASA
83:231). Intervals are expanded percentile intervals, their level moved from z to t with n_groups - 1 degrees of freedom
(Hesterberg 2015, Am. Stat. 69:371), so that of a mean is as wide as its t interval. Their coverage is measured
by `python -m tacit.validation --only "N1 coverage"`. Assumption: groups are independent draws. The probe
is held fixed: the interval is about *these* fitted probes on new items, not about retraining.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from tacit.thresholds import N_RESAMPLES

MAX_DEGENERATE = 0.1
"""Share of undefined resamples above which no interval is given."""
TAIL = 0.8
"""Share of alpha beyond each limit of an equivalence test: with all of it, gaps of the margin passed in 5 to 6 %."""
LEAST_P = 1e-6
"""No smaller p is believed of resamples."""
FEW = 10
"""Resamples beyond zero below which their share is too coarse to be a p-value."""


@dataclass(frozen=True)
class Estimate:
    value: float
    """point estimate; nan if undefined"""
    lower: float
    upper: float
    """limits; nan if undefined"""
    n: int
    """items"""
    n_groups: int
    n_degenerate: int = 0
    """resamples in which the statistic was undefined, e.g. one class only"""


def resample(
    groups: np.ndarray,
    *,
    fold: np.ndarray | None = None,
    n_resamples: int = N_RESAMPLES,
    rng: np.random.Generator,
) -> np.ndarray:
    """(n_items, n_resamples) float32: the weight of each item when whole groups are drawn with replacement.

    groups: (n_items,) int64. fold: (n_items,) int64, draw within each; no group may lie in two. A fold of one group
    always counts once: it shows no variance.
    """
    out = np.empty((len(groups), n_resamples), dtype=np.float32)
    fold = np.zeros(len(groups), dtype=np.int64) if fold is None else fold
    for i in np.unique(fold):
        rows = np.flatnonzero(fold == i)
        _, numbers = np.unique(groups[rows], return_inverse=True)
        out[rows] = _drawn(int(numbers.max()) + 1, n_resamples, rng)[numbers]
    return out


def _drawn(n_groups: int, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
    """(n_groups, n_resamples) float32: n_groups - 1 draws with replacement, weighted to sum to n_groups."""
    n_draws = max(1, n_groups - 1)
    draws = rng.integers(n_groups, size=(n_resamples, n_draws), dtype=np.int32)
    flat = draws + np.arange(n_resamples, dtype=np.int64)[:, None] * n_groups
    counts = np.bincount(flat.ravel(), minlength=n_resamples * n_groups).reshape(n_resamples, n_groups)
    return np.ascontiguousarray(counts.T, dtype=np.float32) * np.float32(n_groups / n_draws)


def interval(
    point: float, values: np.ndarray, *, n: int, n_groups: int, effective: int | None = None, level: float = 0.95
) -> Estimate:
    """Expanded percentile interval of the resampled values, (n_resamples,), around a point estimate.

    effective: independent draws behind the score where these are fewer than the groups (`groups.effective_groups`).

    nan limits where the point is undefined, where there are fewer than two groups, or where more than MAX_DEGENERATE
    of the resamples are undefined; the others are left out and counted.
    """
    good = values[~np.isnan(values)]
    degenerate = len(values) - len(good)
    if np.isnan(point) or n_groups < 2 or degenerate > MAX_DEGENERATE * len(values):
        return Estimate(float(point), np.nan, np.nan, n, n_groups, degenerate)
    tail = expanded_tail(max(2, effective or n_groups), level)
    lower, upper = np.quantile(good, [tail, 1 - tail])
    return Estimate(float(point), float(lower), float(upper), n, n_groups, degenerate)


def expanded_tail(n_groups: int, level: float) -> float:
    """The percentile to read so that the interval of a mean matches its t interval; (1 - level)/2 for many groups.

    >>> round(expanded_tail(1_000_000, 0.95), 4)
    0.025
    """
    return float(stats.norm.cdf(-stats.t.ppf((1 + level) / 2, n_groups - 1)))


def enough_groups(margin: float, alpha: float = 0.05) -> float:
    """Groups among which a difference of the margin that strikes whole groups is missed with a chance of alpha."""
    return np.log(alpha) / np.log(1 - margin)


def equivalent(
    point: float, values: np.ndarray, *, margin: float, n_groups: int, independent: int | None = None,
    alpha: float = 0.05,
) -> bool:  # fmt: skip
    """Two one-sided tests (TOST): whether the difference is shown to lie within ±margin.

    Read off the bootstrap: an interval, corrected for skewness, with a little less than alpha beyond each limit
    (`TAIL`) lies inside the margins (Schuirmann 1987). False where undefined.
    independent: groups that the interval's t quantile goes by, where these are fewer.

    Resamples cannot show a difference that no drawn group has, so nothing is equivalent with fewer than
    `enough_groups` (59 for .05): there a difference of the margin that strikes whole groups, all or nothing, is
    missed more often than alpha ("rule of three"). One spread over the items of a group is seen by the interval.
    """
    if n_groups < enough_groups(margin, alpha):
        return False
    if not np.isfinite(interval(point, values, n=0, n_groups=n_groups).lower):
        return False
    tail = expanded_tail(min(n_groups, independent or n_groups), 1 - 2 * TAIL * alpha)
    lower, upper = skew_corrected(values[~np.isnan(values)], tail)
    return bool(lower > -margin and upper < margin)


def skew_corrected(values: np.ndarray, tail: float) -> tuple[float, float]:
    """The limits of an interval of draws whose distribution is skewed, with about `tail` of the mass beyond each.

    values: (n_draws,) without nan. The percentiles of BCa (Efron 1987, JASA 82:171) with bias and acceleration a sixth
    of the draws' skewness each, as for a mean. Near the ceiling a score varies more the lower it is, and plain
    percentiles end too soon on that side.
    """
    spread = values.std()
    sixth = 0.0 if spread == 0 else float(np.clip(stats.skew(values) / 6, -0.2, 0.2))
    z = sixth + np.array([1.0, -1.0]) * stats.norm.ppf(tail)
    lower, upper = np.quantile(values, stats.norm.cdf(sixth + z / (1 - sixth * z)))
    return float(lower), float(upper)


def p_value(point: float, values: np.ndarray, *, n_groups: int) -> float:
    """Two-sided p of no difference, by inverting `interval`: at most .05 where its 95 % limits exclude zero.

    Where fewer than FEW resamples lie beyond zero their share is coarse, and a family of many tests could reach no
    adjusted p worth having; there the t statistic of the resampled standard error is read, never above what FEW
    resamples would give. nan where the difference or its interval is undefined.
    """
    good = values[~np.isnan(values)]
    if np.isnan(point) or n_groups < 2 or len(values) - len(good) > MAX_DEGENERATE * len(values):
        return float("nan")
    beyond = min((good <= 0).sum(), (good >= 0).sum())
    t = stats.norm.ppf((1 + beyond) / (1 + len(good)))
    if beyond < FEW and good.std() > 0:
        t = min(stats.norm.ppf((1 + FEW) / (1 + len(good))), -abs(point) / good.std(ddof=1))
    return float(np.clip(2 * stats.t.cdf(t, n_groups - 1), LEAST_P, 1.0))


def mcnemar_midp(first: np.ndarray, second: np.ndarray) -> float:
    """Two-sided mid-p of McNemar's test for paired right/wrong, (n_items,) bool each; 1 where they never differ.

    Fagerland, Lydersen & Laake 2013, BMC Med. Res. Methodol. 13:91. Assumes independent items: with groups it is
    shown beside the cluster bootstrap, never instead of it.

    >>> mcnemar_midp(np.array([True, True, False]), np.array([True, True, False]))
    1.0
    """
    b, c = int((first & ~second).sum()), int((~first & second).sum())
    if b == c:
        return 1.0 if b == 0 else float(1 - 0.5 * stats.binom.pmf(b, b + c, 0.5))
    low = min(b, c)
    return float(2 * stats.binom.cdf(low, b + c, 0.5) - stats.binom.pmf(low, b + c, 0.5))


def detectable(values: np.ndarray, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """Minimum detectable difference: (z for alpha + z for power) times the resampled standard error, or nan."""
    good = values[~np.isnan(values)]
    if len(good) < 2:
        return float("nan")
    return float((stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)) * good.std(ddof=1))
