"""The rules: from measured evidence to one verdict and its level. No rule depends on a wording; `tell` has the words.

In: `Evidence`, numbers only. Out: `Verdict`. A pure function; it measures nothing. The level is how far up
(D decodable, K known, S said, G gap, A access, P privileged, U used) every condition that was tested held; where one
was not tested, the level is called provisional and the sentence says so. INCONCLUSIVE is the default: every other
verdict must be earned.
"""

import numpy as np

from tacit.probes.data.rung_names import unmapped
from tacit.probes.verdicts.evidence import EMBEDDINGS, Evidence, Gap, Know, Rival, Say
from tacit.probes.verdicts.ladder import as_good, conditions, held, level_holds, undefined
from tacit.probes.verdicts.tell import tell
from tacit.probes.verdicts.usable_reports import control_failed, controls, fine_scale, of_best
from tacit.probes.verdicts.verdict import (
    GAP,
    INCONCLUSIVE,
    NAMES,
    NO_GAP,
    NOT_KNOWN,
    REPORT_EXCEEDS_PROBE,
    REPORT_INVALID,
    SURFACE_ONLY,
    Decision,
    Outcome,
    Verdict,
)
from tacit.thresholds import ALPHA, MAX_OF_FOLD, MIN_CONTROLS, MIN_GROUPS, MIN_ITEMS, WORTH

__all__ = [
    "GAP", "INCONCLUSIVE", "NAMES", "NOT_KNOWN", "NO_GAP", "REPORT_EXCEEDS_PROBE", "REPORT_INVALID", "SURFACE_ONLY",
    "Verdict", "decide", "rule",
]  # fmt: skip


def decide(e: Evidence) -> Verdict:
    """The verdict that the evidence earns, with its reasons and the sentence that may be written."""
    return tell(e, rule(e))


def rule(e: Evidence) -> Decision:
    """What the evidence earns.

    Order: what cannot be measured; a report that cannot be used, whatever is known (the level still says how far that
    is shown); a report that beats the probe; what is not known, or only on the surface; then the gap, which must hold
    against every rung and not only the chosen one. A later verdict is never reached past an earlier one.
    """
    found = conditions(e)
    if short := too_little(e):
        return Decision(INCONCLUSIVE, "none", found, too_little=short)
    decodable = level_holds(found, "D")
    known = decodable and level_holds(found, "K")
    valid = held(found, "report_valid")
    ahead, behind = leads(e.gap)
    level = ("S" if valid else "K") if known else ("D" if decodable else "none")
    informative = e.say.score.lower > e.about.chance
    outranks = e.gap.ranks is None or e.gap.ranks.upper < 0  # the skill of counts hangs on a few large errors
    name = _name(e, decodable, valid, behind and informative and outranks, informative)
    doubts = _doubts(e, decodable, known, ahead, behind) if name is None else ()
    if name is None and known and ahead and not e.gap.unbeaten and not doubts:
        name, level = GAP, _beyond(found)
    return Decision(name or INCONCLUSIVE, level, found, decodable, known, valid, doubts=doubts)


def _name(e: Evidence, decodable: bool, valid: bool, exceeds: bool, informative: bool) -> str | None:
    """The verdict short of a gap, or None where the question is whether there is one.

    Words that cannot be read or never change may still hide log-probabilities that tell. A model that was shown the
    answer and neither repeats it nor gives it a larger log-probability is not asked in a way that it follows, whatever
    else it puts out (docs/protocol.md, section 5).
    """
    if not valid and (control_failed(e.say.words) or not informative):
        return REPORT_INVALID
    if (exceeds or e.gap.equivalent) and _rung_failed(e.say):
        return REPORT_INVALID
    if exceeds:
        return REPORT_EXCEEDS_PROBE
    if not decodable:
        return NOT_KNOWN if _absent(e.know, e.about.chance) and not e.say.informed else None
    if _on_the_surface(e.know.rivals, e.about.chance):
        return SURFACE_ONLY
    if e.gap.equivalent:
        return None if e.gap.unlike else NO_GAP
    return None if valid else REPORT_INVALID


def _absent(know: Know, chance: float) -> bool:
    """Whether the probe is shown not to read the label: its interval is at chance, and neither the ranks of counts nor
    the permutations say otherwise."""
    at_chance = know.score.lower <= chance and know.score.upper < chance + WORTH
    ranks = know.ranked is not None and know.ranked.lower > 0
    return at_chance and not ranks and not (know.null_p is not None and know.null_p <= ALPHA)


def _rung_failed(say: Say) -> bool:
    """Whether the best rung is of a form whose own positive control failed. Log-probabilities are read where words are
    said, and stand where either control passes: their own, or that of the words."""
    return control_failed(of_best(say)) and not any(r.shown and r.name == unmapped(say.rung) for r in say.read_outs)


def _on_the_surface(rivals: tuple[Rival, ...], chance: float) -> bool:
    """Whether a baseline that itself reads the label is shown to do as well as the probe, and none is unmeasured."""
    if not any(r.name == EMBEDDINGS for r in rivals):
        return False
    if not all(np.isfinite([r.lead.lower, r.lead.upper]).all() for r in rivals):
        return False
    return bool(as_good(rivals, chance))


def _beyond(found: tuple[Outcome, ...]) -> str:
    """How far above G: A needs the report mapped with the same labels, P every peer, U an ablation, and none of them a
    failed condition."""
    if not (held(found, "mapped_report") and level_holds(found, "A")):
        return "G"
    if not level_holds(found, "P"):
        return "A"
    return "U" if level_holds(found, "U") else "P"


def _doubts(e: Evidence, decodable: bool, known: bool, ahead: bool, behind: bool) -> tuple[str, ...]:
    """Ids of what keeps a verdict from being given that the scores alone would earn.

    A significant difference is not yet a gap, equal scores are not yet no gap, and a probe at chance does not show that
    a label is unknown which the report gets right.
    """
    if not decodable:
        return ("said_above_chance",) if _absent(e.know, e.about.chance) and e.say.informed else ()
    if e.gap.equivalent:
        return e.gap.unlike
    found = []
    ahead = ahead and known
    if ahead and controls(e.say) < MIN_CONTROLS:
        found.append("few_controls")
    if ahead and e.gap.decisions is not None and not fine_scale(e.say) and not e.gap.decisions.lower > 0:
        found.append("finer_scale")
    if ahead and e.say.reversed is not None and not e.gap.lead.lower > WORTH:
        found.append("said_reversed")
    if e.gap.ranks is not None and (behind or (ahead and not e.gap.ranks.lower > 0)):
        found.append("ranks_disagree")
    return tuple(found)


def too_little(e: Evidence) -> str:
    """The id of what makes the evidence too little for any verdict; "" where there is enough."""
    if e.know.score.n < MIN_ITEMS or e.about.effective < MIN_GROUPS:
        return "few_items"
    if e.about.heaviest > MAX_OF_FOLD:
        return "one_heavy_group"
    if e.know.unscored:
        return "unscored_items"
    return "undefined_scores" if undefined(e) else ""


def leads(gap: Gap) -> tuple[bool, bool]:
    """(probe significantly ahead, report significantly ahead), beyond equivalence and after Holm's adjustment."""
    ahead, behind = bool(gap.lead.lower > 0), bool(gap.lead.upper < 0)
    adjusted = gap.holm_p is None or gap.holm_p <= ALPHA
    return (ahead, behind) if adjusted and not gap.equivalent else (False, False)
