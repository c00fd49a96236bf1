"""What each level needs, condition by condition: which held, which failed, which were not tested.

In: `Evidence`. Out: an `Outcome` for everything that a level needs; `condition_words` has the words. D decodable,
K known, S said, G gap, A access, P privileged, U used; "scope" conditions take nothing away but say what a claim is
about. Pure functions.
"""

import numpy as np

from tacit.names import POSITION, RANDOM_MODEL, TUNED
from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.verdicts.evidence import EMBEDDINGS, OUTPUTS, Copies, Evidence, Peer, Rival, Supervised, Used
from tacit.probes.verdicts.usable_reports import controls, fine_scale, usable, valid_formats
from tacit.probes.verdicts.verdict import BEYOND_OUTPUT, Outcome
from tacit.thresholds import (
    ALPHA,
    MARGIN,
    MIN_ABLATIONS,
    MIN_CLOSE,
    MIN_CONTROLS,
    MIN_EFFECT,
    MIN_GROUPS,
    MIN_ITEMS,
    MIN_PERMUTATIONS,
    WORTH,
)


def conditions(e: Evidence) -> tuple[Outcome, ...]:
    """Everything that the levels need, in their order."""
    return (*_decodable(e), *_known(e), *_said(e), *_gap(e), *_access(e), _privileged(e), _used(e), *_scope(e))


def level_holds(found: tuple[Outcome, ...], level: str) -> bool:
    """Whether no condition of this level failed and at least one held."""
    held = [c.held for c in found if c.level == level]
    return False not in held and True in held


def held(found: tuple[Outcome, ...], id: str) -> bool:
    """Whether the condition of this id held."""
    return any(c.id == id and c.held is True for c in found)


def undefined(e: Evidence) -> list[str]:
    """The scores without which nothing can be decided, and which have no value or no interval."""
    scores = (("probe", e.know.score), ("gap", e.gap.lead), ("shuffled-label", e.know.shuffled))
    return [name for name, x in scores if not np.isfinite([x.value, x.lower, x.upper]).all()]


def surface(e: Evidence) -> list[Rival]:
    """The baselines that read the text or the embeddings; the random-initialised model has a condition of its own."""
    return [r for r in e.know.rivals if r.name != RANDOM_MODEL]


def rival(e: Evidence, name: str) -> Rival | None:
    """The baseline of this name; None where it was not run."""
    return next((r for r in e.know.rivals if r.name == name), None)


def given_labels(e: Evidence, elicitation: str, *, usable: bool = True) -> list[Supervised]:
    """The reports of this elicitation that were given labels, without those whose replies cannot be used; or these."""
    return [s for s in e.say.supervised if s.elicitation == elicitation and (s.usable is not False) == usable]


def tuned(e: Evidence) -> Supervised | None:
    """The report whose prompt was learned by gradient; None where none was."""
    return next((s for s in e.say.supervised if s.elicitation == TUNED), None)


def closed(lead: Estimate) -> bool:
    """Whether the probe is shown to lead by less than the margin."""
    return bool(lead.upper < MARGIN)


def in_use(u: Used, p: float | None = None) -> bool:
    """Whether an ablation shows that the next token depends on the direction; p: adjusted, if it is one of several."""
    return bool(u.effect >= MIN_EFFECT and (ablation_p(u) if p is None else p) <= ALPHA)


def ablation_p(u: Used) -> float:
    """The larger of its two p-values: the effect must beat label-shuffled probes and random directions."""
    return max(u.p_shuffled, u.p_other)


def enough_ablations(u: Used) -> bool:
    """Whether there are items and control directions enough to judge."""
    return u.n >= MIN_ITEMS and u.n_random >= MIN_ABLATIONS


def enough_shared(peer: Peer) -> bool:
    """Whether a peer has items and groups enough in common."""
    return peer.lead.n >= MIN_ITEMS and peer.effective >= MIN_GROUPS


def _leads(lead: Estimate | None) -> bool | None:
    """Whether the probe leads; None where the rival was not run."""
    return None if lead is None else bool(lead.lower > 0)


def _decodable(e: Evidence) -> list[Outcome]:
    know = e.know
    found = [
        Outcome("above_chance", "D", bool(know.score.lower > e.about.chance)),
        Outcome("permutation_null", "D", None if know.null_p is None else bool(know.null_p <= ALPHA)),
    ]
    if know.null_p is not None and know.n_permutations < MIN_PERMUTATIONS:
        found.append(Outcome("enough_permutations", "D", None))
    return [*found, Outcome("near_duplicates", "D", None if know.near_duplicates is None else True)]


def _known(e: Evidence) -> list[Outcome]:
    random = rival(e, RANDOM_MODEL)
    found = [
        Outcome("beats_surface", "K", _beats_surface(surface(e))),
        Outcome("beats_random_model", "K", _leads(None if random is None else random.lead)),
        Outcome("selectivity", "K", _leads(e.know.selectivity)),
    ]
    if e.know.copies is not None:
        found.append(Outcome("no_paraphrase_leakage", "K", survives_regrouping(e.know.copies, e.about.chance)))
    if e.about.acts:
        # What the next token's logits give away is no knowledge yet: a claim about an act rests on layers where the
        # lens fails, or on the report prompt, where the act is not about to be written (docs/protocol.md, section 6).
        found.append(Outcome("beats_logit_lens", "K", bool(_leads(e.know.beyond_lens)) or e.about.at_report))
    if e.about.positional:
        found.append(Outcome("position_decoupled", "K", _decoupled(e)))
    return found


def survives_regrouping(copies: Copies, chance: float) -> bool | None:
    """Whether few items are copies of each other, or the score stays above chance and does not drop by the margin with
    these in one group; None where it could not be tried."""
    if copies.share < MIN_CLOSE:
        return True
    if copies.score is None or copies.drop is None:
        return None
    drops = copies.drop.lower > 0 and copies.drop.value >= MARGIN
    return bool(copies.score.lower > chance) and not drops


def _decoupled(e: Evidence) -> bool | None:
    """Whether no position that the probe reads is shown to be coupled to the count, and the probe beats a reading of
    the positions; a position that never varies reveals nothing."""
    position = rival(e, POSITION)
    if any(each.coupled for each in e.know.positions):
        return False
    if not all(each.known for each in e.know.positions):
        return None
    if position is None and e.know.positions:
        return True
    return _leads(None if position is None else position.lead)


def as_good(rivals: tuple[Rival, ...], chance: float) -> list[Rival]:
    """The baselines that themselves read the label and are shown to do as well as the probe."""
    return [r for r in rivals if r.lead.lower <= 0 and r.matches and r.score.lower > chance]


def _beats_surface(rivals: list[Rival]) -> bool:
    """Whether the embeddings were read, every baseline has a score, and the probe beats each."""
    if not any(r.name == EMBEDDINGS for r in rivals):
        return False
    return all(np.isfinite([r.lead.lower, r.lead.upper]).all() and r.lead.lower > 0 for r in rivals)


def _said(e: Evidence) -> list[Outcome]:
    valid = usable(e.say.words)[0] or bool(valid_formats(e.say))
    enough = True if controls(e.say) >= MIN_CONTROLS else None
    return [Outcome("report_valid", "S", valid), Outcome("enough_controls", "S", enough)]


def _gap(e: Evidence) -> list[Outcome]:
    gap = e.gap
    found = [
        Outcome("gap_above_zero", "G", bool(gap.lead.lower > 0) and not gap.equivalent),
        Outcome("above_every_rung", "G", not gap.unbeaten),
        Outcome("holm", "G", None if gap.holm_p is None else bool(gap.holm_p <= ALPHA)),
    ]
    if gap.decisions is not None and not fine_scale(e.say):
        found.append(Outcome("not_finer_scale", "G", bool(gap.decisions.lower > 0)))
    return found


def _access(e: Evidence) -> list[Outcome]:
    """A report given the same labels: mapped, shown as examples, tuned. One that cannot be read tests nothing."""
    found = []
    for id, elicitation in (("mapped_report", "map"), ("few_shot_report", "shots")):
        read, lost = given_labels(e, elicitation), given_labels(e, elicitation, usable=False)
        held = all(s.lead.lower > 0 for s in read) if read else None
        found.append(Outcome(id, "A", held, tried=bool(lost and not read)))
    if e.gap.within_source is not None:
        found.append(Outcome("gap_within_source", "A", bool(e.gap.within_source.lead.lower > 0)))
    return [*found, _tuned(tuned(e))]


def elicited(report: Supervised | None) -> bool:
    """Whether a soft prompt elicits the information: the probe is shown to lead its report by less than the margin, and
    that report is not one that labels permuted by group would have brought about as well."""
    return report is not None and closed(report.lead) and not _unselective(report)


def _unselective(report: Supervised) -> bool:
    return report.selectivity is not None and not report.selectivity.lower > 0


def _tuned(report: Supervised | None) -> Outcome:
    """It closes the gap where the probe is shown to lead by less than the margin, selective or not; the gap survives
    where the probe leads although training converged; otherwise nothing is decided."""
    if report is None:
        return Outcome("tuned_report", "A", None)
    if closed(report.lead):
        return Outcome("tuned_report", "A", False)
    if report.usable and report.lead.lower > 0:
        return Outcome("tuned_report", "A", True)
    return Outcome("tuned_report", "A", None, tried=True)


def _privileged(e: Evidence) -> Outcome:
    """The own states against a peer's: the text and the embeddings are among the surface baselines already."""
    found = [privileged_over(p) for p in e.peers]
    if False in found:
        return Outcome("beats_peers", "P", False)
    return Outcome("beats_peers", "P", True if found and None not in found else None)


def privileged_over(peer: Peer) -> bool | None:
    """Whether the own states carry something that the peer's do not: they lead, and add to the peer's where the truths
    of the two models differ. None where that cannot be seen with this peer (`short_of`)."""
    if not enough_shared(peer):
        return None
    if not peer.lead.lower > 0:
        return False
    return None if short_of(peer) else bool(peer.adds.lower > 0)


def short_of(peer: Peer) -> str:
    """The id of what a peer lacks to show privilege: enough items whose truths differ (where they are equal, a lead may
    be the peer's noise), or a probe that reads the peer's own truth about as well; "" where it lacks nothing."""
    adds = peer.adds
    if adds is None or adds.n < MIN_ITEMS or peer.apart < MIN_GROUPS or not np.isfinite([adds.lower, adds.upper]).all():
        return "equal_truths"
    own = peer.on_own
    if own is None or not (own.lower > peer.chance + WORTH and own.value >= peer.target_on_own - WORTH):
        return "weak_peer"
    return ""


def _used(e: Evidence) -> Outcome:
    """What the model writes next when the direction is taken out, against other directions taken out as far."""
    judged = e.used is not None and enough_ablations(e.used)
    return Outcome("used", "U", in_use(e.used, e.used_p) if judged else None)


def _scope(e: Evidence) -> list[Outcome]:
    """Failed where the output is shown to tell as much as the probe, not where its lead is merely undecided."""
    by_name, found = {r.name: r for r in e.know.outputs}, []
    for name in OUTPUTS:
        output = by_name.get(name)
        held = _leads(None if output is None else output.lead)
        if held is False and not (output.matches and output.score.lower > e.about.chance):
            held = None
        found.append(Outcome(BEYOND_OUTPUT[name], "scope", held, tried=held is None and output is not None))
    return found
