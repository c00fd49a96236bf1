"""Judge the outcomes of many simulations of a control: passed or not, expected and observed.

In: a list of verdict dictionaries. Out: `Judged`. With few simulations (the fast size), a share passes unless a
binomial test rejects the requirement at 1 %; with 100 or more the observed share itself must meet it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

MANY = 100
MOST_FALSE = 0.05
SIDE = 0.025
COVERS = (0.93, 0.97)


@dataclass(frozen=True)
class Judged:
    passed: bool
    expected: str
    got: str


@dataclass(frozen=True)
class Control:
    name: str
    about: str
    simulate: Callable[[int], dict]
    judge: Callable[[list[dict]], Judged]
    statistical: bool = False
    """whether a rate or a size is judged, which takes many simulations"""


def never_called(found: list[dict]) -> Judged:
    """GAP in at most 5 % of the simulations."""
    return never(found, "GAP", share=MOST_FALSE)


def never(found: list[dict], *names: str, share: float) -> Judged:
    """None of these verdicts in more than this share of the simulations."""
    tally = Counter(f["verdict"] for f in found)
    called = sum(tally[name] for name in names)
    return Judged(at_most(called, len(found), share), f"{' or '.join(names)} in at most {share:.1%}", shares(tally))


def returns(found: list[dict], *names: str, share: float = 0.9) -> Judged:
    """One of these verdicts in at least this share of the simulations, the first of them most often."""
    tally = Counter(f["verdict"] for f in found)
    hit = sum(tally[name] for name in names)
    enough = at_least(hit, len(found), share) and tally.most_common(1)[0][0] == names[0]
    return Judged(enough, f"{' or '.join(names)} in at least {share:.0%}", shares(tally))


def never_gap(found: list[dict]) -> Judged:
    """GAP in at most 5 % of the simulations, and an interval of the gap above 0 in at most 5 %."""
    called = sum(f["verdict"] == "GAP" for f in found)
    above = sum((f["gap_lower"] or 0) > 0 for f in found)
    gaps = np.array([f["gap"] for f in found], dtype=np.float64)
    got = f"GAP {called / len(found):.1%}, interval above 0 {above / len(found):.1%}, mean gap {np.nanmean(gaps):+.3f}"
    return Judged(
        at_most(called, len(found), MOST_FALSE) and at_most(above, len(found), MOST_FALSE),
        f"GAP and interval above 0 in at most {MOST_FALSE:.0%} each", got,
    )  # fmt: skip


def recovers(found: list[dict], truth: float, *, tolerance: float = 0.015) -> Judged:
    """The mean gap equals the planted one, and the 95 % interval covers that in 93 to 97 % of the simulations."""
    gaps = np.array([f["gap"] for f in found])
    bias, error = float(gaps.mean() - truth), float(gaps.std(ddof=1) / np.sqrt(len(gaps)))
    covered = sum(f["gap_lower"] <= truth <= f["gap_upper"] for f in found)
    calls = sum(f["verdict"] == "GAP" for f in found) / len(found)
    got = f"bias {bias:+.4f} (s.e. {error:.4f}), covers {covered / len(found):.1%}, GAP {calls:.0%}"
    unbiased = abs(bias) <= tolerance + (2 * error if len(found) < MANY else 0)
    return Judged(
        bool(unbiased and covers(covered, len(found))),
        f"gap of {truth:.3f} within {tolerance:g}; 95 % interval covers 93-97 %", got,
    )  # fmt: skip


def without_a_gap(found: list[dict]) -> Judged:
    """`never_gap`, and coverage of 0: an interval that is too narrow may call few false gaps and cover only 90 %."""
    return _all_of(never_gap(found), recovers(found, 0.0))


def without_a_gap_on_either_side(found: list[dict]) -> Judged:
    """`without_a_gap`, and 0 is missed as often on one side as a 95 % interval may miss it there."""
    return _all_of(without_a_gap(found), each_side(found))


def _all_of(*judged: Judged) -> Judged:
    expected, got = ("; ".join(getattr(one, name) for one in judged) for name in ("expected", "got"))
    return Judged(all(one.passed for one in judged), expected, got)


def each_side(found: list[dict]) -> Judged:
    """The interval of a gap of zero lies above 0 in 2.5 % of the simulations and below it in 2.5 %, each no more than
    two standard errors of that share above; for fewer than 100 simulations, a binomial test does not reject 2.5 %."""
    n = len(found)
    above, below = sum((f["gap_lower"] or 0) > 0 for f in found), sum((f["gap_upper"] or 0) < 0 for f in found)
    most = SIDE + 2 * np.sqrt(SIDE * (1 - SIDE) / n) if n >= MANY else SIDE
    return Judged(at_most(above, n, most) and at_most(below, n, most), f"beyond 0 on each side in {SIDE:.1%}",
                  f"above {above / n:.1%}, below {below / n:.1%}")  # fmt: skip


def at_most(count: int, n: int, share: float) -> bool:
    return bool(count <= share * n if n >= MANY else binomtest(count, n, share, alternative="greater").pvalue > 0.01)


def at_least(count: int, n: int, share: float) -> bool:
    return bool(count >= share * n if n >= MANY else binomtest(count, n, share, alternative="less").pvalue > 0.01)


def covers(count: int, n: int) -> bool:
    """Whether coverage is within 93-97 %, plus or minus two standard errors for fewer than 1000 simulations; for fewer
    than 100, whether a binomial test does not reject 95 % at the 1 % level."""
    if n < MANY:
        return bool(binomtest(count, n, 0.95).pvalue > 0.01)
    slack = 0.0 if n >= 1000 else 2 * np.sqrt(0.95 * 0.05 / n)
    return COVERS[0] - slack <= count / n <= COVERS[1] + slack


def shares(tally: Counter) -> str:
    total = sum(tally.values())
    return ", ".join(f"{name} {count / total:.0%}" for name, count in tally.most_common())
