"""What equal scores may hide: other ranks, a class that is never named, knowledge of other items, a chance report.

In: `Paired` and the entry of one target and condition. Out: `Likeness`es, which NO_GAP needs as well as equal scores.
Skill of counts is decided by the largest errors, so two readings of equal skill may agree on a few long texts only; a
macro average over twelve classes hides one that is always called another; and probe and report may each know what the
other gets wrong.
"""

import numpy as np

from tacit.names import BEST, TOGETHER
from tacit.probes.comparison.decisions import RANKS
from tacit.probes.comparison.paired_scores import BALANCED, Paired
from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.statistics.metrics import CHANCE, right
from tacit.probes.verdicts.evidence import Behind, Likeness
from tacit.thresholds import MARGIN


def likenesses(paired: Paired) -> tuple[Likeness, ...]:
    """Everything that must be alike, as far as it applies to this kind of label and was measured."""
    kind, found = paired.scoring.kind, [_above_chance(paired)]
    if kind == "count":
        found.append(_alike("same_ranks", paired, RANKS))
    if kind == "multiclass":
        found.append(_alike("same_decisions", paired, BALANCED))
    if paired.has(paired.head + TOGETHER):
        found.append(_nothing_added(paired))
    return tuple(found)


def _above_chance(paired: Paired) -> Likeness:
    """The report itself tells something; counts must be ranked: the skill of a good guess alone is near 0 too."""
    metric = RANKS if paired.scoring.kind == "count" else paired.scoring.primary
    score = paired.score(BEST, metric)
    return Likeness("report_above_chance", score, bool(score.lower > CHANCE[metric]))


def _alike(id: str, paired: Paired, metric: str) -> Likeness:
    shown = paired.within_margin(*paired.lead_values(paired.head, BEST, metric))
    return Likeness(id, paired.lead(paired.head, BEST, metric), shown)


def _nothing_added(paired: Paired) -> Likeness:
    """Probe and report together are shown to beat the report by less than the margin."""
    both = paired.head + TOGETHER
    point, values = paired.lead_values(both, BEST)
    lead = paired.lead(both, BEST)
    inside = paired.within_margin(max(point, 0.0), np.maximum(values, 0.0))
    return Likeness("same_items", lead, inside)


def classes_behind(paired: Paired, classes: list[str]) -> tuple[Behind, ...]:
    """Classes that the probe is shown to recognise more often than the best report, by more than the margin."""
    if paired.scoring.kind != "multiclass":
        return ()
    ours, theirs = (right(paired.scoring, paired.pred(name)).astype(np.float64) for name in (paired.head, BEST))
    found = [Behind(name, *_recall(paired, ours, theirs, k)) for k, name in enumerate(classes)]
    return tuple(one for one in found if one.lead.lower > MARGIN)


def _recall(paired: Paired, ours: np.ndarray, theirs: np.ndarray, k: int) -> tuple[float, float, Estimate]:
    """(the probe's recall of class k, the report's, the difference)."""
    mine = (paired.scoring.y == k).astype(np.float64)

    def difference(weights: np.ndarray) -> np.ndarray:
        n = mine @ weights
        return np.divide(((ours - theirs) * mine) @ weights, n, out=np.full(weights.shape[1], np.nan), where=n > 0)

    one = mine.astype(bool)
    return float(ours[one].mean()), float(theirs[one].mean()), paired.statistic(difference)


def tail_share(y: np.ndarray, reference: np.ndarray) -> float:
    """The share of the median guess's total error that the tenth of the items furthest from it bears; nan without any.

    >>> round(tail_share(np.r_[np.full(9, 1.0), 91.0], np.zeros(10)), 2)
    0.91
    """
    off = np.sort(np.abs(y - reference))[::-1]
    total = off.sum()
    return float(off[: max(1, len(off) // 10)].sum() / total) if total > 0 else float("nan")
