"""About how many items would decide what an interval leaves open, for planning the next run.

In: `Evidence` and the conditions that held or failed. Out: a sentence, or "". The half-width of an interval falls with
the square root of the number of groups, and the point estimate is taken as it is, so the number is approximate. Nothing
is said where the estimate itself is on the wrong side: then more items would not decide it in favour of the claim.
"""

import math
from collections.abc import Iterator

import numpy as np

from tacit.names import RANDOM_MODEL
from tacit.probes.statistics.bootstrap import Estimate, enough_groups
from tacit.probes.verdicts.evidence import Evidence
from tacit.probes.verdicts.ladder import rival, surface
from tacit.probes.verdicts.verdict import INCONCLUSIVE, SURFACE_ONLY, Decision
from tacit.thresholds import MARGIN

MOST = 100
"""Times as many items from which only "more than" is said."""


def how_many(e: Evidence, decision: Decision) -> str:
    """A sentence on the size of a run that would decide an inconclusive verdict, or whether something is known."""
    if decision.too_little or decision.doubts or decision.name not in (INCONCLUSIVE, SURFACE_ONLY):
        return ""
    failed = next((c.id for c in decision.conditions if c.level in "DKS" and c.held is False), None)
    times = max(_to_hold(e, failed), default=math.nan) if failed else _to_decide_gap(e)
    if not np.isfinite(times):
        return ""
    what = "whether it is known" if failed else "whether there is a gap"
    return f" To decide {what} would take {_in_words(times, e.know.score)}."


def times_as_many(x: Estimate, bound: float) -> float:
    """How many times as many groups put the bound outside the interval, if the point estimate stays where it is; at
    least 1. nan where the value is on the bound, or the interval is undefined.

    >>> times_as_many(Estimate(0.1, -0.1, 0.3, 100, 100), 0.0)
    4.0
    """
    half = x.value - x.lower if x.value > bound else x.upper - x.value  # the side on which the bound is
    distance = abs(x.value - bound)
    return max(1.0, (half / distance) ** 2) if np.isfinite(half) and distance > 0 else math.nan


def _to_hold(e: Evidence, id: str) -> Iterator[float]:
    """For a condition that failed because an interval reaches 0 or chance; nan where the estimate is no better."""
    random = rival(e, RANDOM_MODEL)
    leads = {
        "above_chance": [(e.know.score, e.about.chance)],
        "beats_surface": [(r.lead, 0.0) for r in surface(e)],
        "beats_random_model": [(random.lead, 0.0)] if random else [],
        "selectivity": [(e.know.selectivity, 0.0)],
        "beats_logit_lens": [(e.know.beyond_lens, 0.0)],
    }.get(id, [])
    for x, bound in leads:
        if x is not None and not x.lower > bound:
            times = times_as_many(x, bound) if x.value > bound else math.inf
            yield math.inf if math.isnan(times) else times


def _to_decide_gap(e: Evidence) -> float:
    """For a lead that is neither shown nor ruled out: beyond 0 where it is larger than the margin, else within it."""
    lead = e.gap.lead
    if e.gap.equivalent or lead.lower > 0 or lead.upper < 0:
        return math.nan
    if abs(lead.value) > MARGIN:
        return times_as_many(lead, 0.0)
    both = (times_as_many(lead, MARGIN), times_as_many(lead, -MARGIN))
    return max(*both, enough_groups(MARGIN) / max(1, e.about.effective))


def _in_words(times: float, score: Estimate) -> str:
    if times > MOST:
        return f"more than {MOST} times as many items as these {score.n}, if the estimates stay as they are"
    items, groups = (_rounded(times * n) for n in (score.n, score.n_groups))
    return (
        f"about {items:,} items in {groups:,} groups ({times:.1f} times as many, if the estimates stay as they are and"
        " the width of intervals falls with the square root of the number of groups)"
    )


def _rounded(n: float) -> int:
    """Two significant digits, rounded up."""
    unit = 10 ** max(0, math.floor(math.log10(n)) - 1)
    return math.ceil(n / unit) * unit
