"""What each condition of the ladder is called, and the figures that show it. Nothing is decided here.

In: `Evidence` and the outcomes that `ladder` found. Out: a `Condition` each.
"""

import math
from collections.abc import Callable

import numpy as np

from tacit.names import CONTROL_TASK, LOGIT_LENS, OUTPUT_CONFIDENCE, POSITION, RANDOM_MODEL
from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.statistics.metrics import printed
from tacit.probes.verdicts.evidence import EMBEDDINGS, Evidence, Peer, Rival, Supervised
from tacit.probes.verdicts.ladder import (
    closed,
    elicited,
    enough_ablations,
    enough_shared,
    given_labels,
    rival,
    short_of,
    surface,
    tuned,
)
from tacit.probes.verdicts.number_formats import chance_of, span
from tacit.probes.verdicts.usable_reports import controls, usable, valid_formats
from tacit.probes.verdicts.verdict import BEYOND_OUTPUT, Condition, Outcome
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


def described(e: Evidence, found: tuple[Outcome, ...]) -> tuple[Condition, ...]:
    """Every outcome with its name and its figures."""
    return tuple(Condition(o.id, o.level, *_WORDS[o.id](e), held=o.held, tried=o.tried) for o in found)


def _above_chance(e: Evidence) -> tuple[str, str]:
    score = f"{printed(e.about.metric)} {span(e.know.score)}, chance {e.about.chance:g}"
    return "held-out score above chance", f"{score}; lead over shuffled labels {span(e.know.shuffled)}"


def _permutation_null(e: Evidence) -> tuple[str, str]:
    p = e.know.null_p
    return "permutation null of the whole pipeline", (
        "not run" if p is None else f"p = {p:.2g} of {e.know.n_permutations} permutations"
    )


def _enough_permutations(e: Evidence) -> tuple[str, str]:
    return f"{MIN_PERMUTATIONS} permutations of that null", str(e.know.n_permutations)


def _near_duplicates(e: Evidence) -> tuple[str, str]:
    pairs = e.know.near_duplicates
    return "near-duplicate texts", "not looked for" if pairs is None else f"pairs put into one group each: {pairs}"


def _beats_surface(e: Evidence) -> tuple[str, str]:
    return "beats every surface baseline", _against_surface(surface(e))


def _against_surface(rivals: list[Rival]) -> str:
    if not any(r.name == EMBEDDINGS for r in rivals):
        return "the embedding layer was not cached, so there is no such baseline: cache layer 0 too"
    unscored = [r.name for r in rivals if not np.isfinite([r.lead.lower, r.lead.upper]).all()]
    if unscored:
        return f"cannot be compared with {', '.join(unscored)}, whose score is undefined"
    unbeaten = [r for r in rivals if r.lead.lower <= 0]
    if unbeaten:
        near = min(unbeaten, key=lambda r: r.lead.value)
        closest = f"closest, {near.name}: {span(near.score)}, lead {span(near.lead)}"
        return f"does not significantly beat {', '.join(r.name for r in unbeaten)} ({closest})"
    best = max(rivals, key=lambda r: r.score.value)
    return f"the best, {best.name}: lead {span(best.lead)}{_blank(rivals)}"


def _blank(rivals: list[Rival]) -> str:
    """Baselines that cannot tell two items apart, e.g. embeddings of a last token that all prompts share."""
    names = ", ".join(r.name for r in rivals if r.score.lower == r.score.upper == r.score.value)
    return f"; {names} cannot tell the items apart here, so beating them shows nothing" if names else ""


def _lead(lead: Estimate | None) -> str:
    return "not run" if lead is None else f"lead {span(lead)}"


def _lead_over(found: Rival | None) -> str:
    return _lead(None if found is None else found.lead)


def _beats_logit_lens(e: Evidence) -> tuple[str, str]:
    early = e.know.beyond_lens
    text = "no logit lens was read" if early is None else f"lead over the lens at the same layers {span(early)}"
    if e.about.at_report:
        text += "; every figure here is for the probe at the report prompt"
    return "beyond the next-token logits, or at the report prompt", text


def _position_decoupled(e: Evidence) -> tuple[str, str]:
    """The position most correlated with the count, and the lead over a reading of all positions."""
    name, position = "position decoupled from the count", rival(e, POSITION)
    if not e.know.positions:
        return name, _lead_over(position)
    worst = max(e.know.positions, key=lambda each: (not each.known, each.coupled, abs(each.r)))
    return name, worst.words if position is None else f"{_lead_over(position)}; {worst.words}"


def _report_valid(e: Evidence) -> tuple[str, str]:
    valid, facts = usable(e.say.words)
    if valid or not (e.say.asked or e.say.read_outs):
        return "the report is valid", facts
    others = "; ".join(r.told for r in e.say.read_outs if r.told)
    tried = len(e.say.asked) + len(e.say.read_outs)
    names = ", ".join(valid_formats(e.say)) or f"none of {tried}"
    return "a report is valid in some format", f"said: {facts}; {others}{'; ' * bool(others)}valid: {names}"


def _enough_controls(e: Evidence) -> tuple[str, str]:
    return "positive controls", few_controls(e)


def few_controls(e: Evidence) -> str:
    """How many controls there are, and how many are needed."""
    return f"{controls(e.say)} positive controls, {MIN_CONTROLS} are needed to show that it can report at all"


def _gap_above_zero(e: Evidence) -> tuple[str, str]:
    return "gap to the best report is above 0", lead_over_best(e)


def lead_over_best(e: Evidence) -> str:
    """The gap in one clause."""
    return f"probe minus best report ({e.say.best}, {span(e.say.score)}): {span(e.gap.lead)}"


def _no_paraphrase_leakage(e: Evidence) -> tuple[str, str]:
    name, copies = "survives grouping of close neighbours", e.know.copies
    text = f"{copies.share:.0%} of the items are far closer in state space to one of another group than to the rest"
    if copies.share < MIN_CLOSE:
        return name, text
    if copies.score is None or copies.drop is None:
        return name, f"{text}; with these in one group there are no folds"
    return name, f"{text}; with these in one group the score is {span(copies.score)}, a drop of {span(copies.drop)}"


def _above_every_rung(e: Evidence) -> tuple[str, str]:
    names = ", ".join(e.gap.unbeaten)
    return "probe beats every single rung", f"does not significantly beat {names}" if names else "it beats each of them"


def _holm(e: Evidence) -> tuple[str, str]:
    p = e.gap.holm_p
    text = "not adjusted" if p is None else f"{chance_of(p)} over {e.gap.n_family} gaps"
    return "Holm over all gaps compared", text


def _not_finer_scale(e: Evidence) -> tuple[str, str]:
    metric = "balanced accuracy" if e.gap.ranks is None else "Spearman ρ"
    differs = f"with each answer as often as the words give it, {metric} differs by {span(e.gap.decisions)}"
    return "holds at the words' own scale, not only for a finer one", differs


def _given_labels(e: Evidence, elicitation: str) -> str:
    read, lost = given_labels(e, elicitation), given_labels(e, elicitation, usable=False)
    if read:
        return "; ".join(f"{s.rung}: {span(s.lead)}" for s in read)
    return f"asked, and not usable: {', '.join(s.rung for s in lost)}" if lost else "not run"


def _gap_within_source(e: Evidence) -> tuple[str, str]:
    closest = e.gap.within_source
    return "gap holds within sources", f"probe minus {closest.rung}, items of one source only: {span(closest.lead)}"


def _tuned_report(e: Evidence) -> tuple[str, str]:
    report = tuned(e)
    if report is None:
        return "tuned report", "needs a trained soft prompt: tacit tune"
    text = f"the probe's lead over a soft prompt trained on the same labels: {span(report.lead)}"
    if closed(report.lead):
        text += f", less than {MARGIN:g}"
    text += f"; {selectivity_of_tuned(report)}"
    if elicited(report):
        return "tuned report", text
    if closed(report.lead):
        return "tuned report", f"{text}, which is not shown to be above 0, so the report may owe its score to training"
    if report.usable and report.lead.lower > 0:
        return "tuned report", text
    why = "inconclusive" if report.usable else "training did not converge, so failure is not evidence"
    return "tuned report", f"{text}; {why}"


def selectivity_of_tuned(report: Supervised) -> str:
    """What a tuned report scores beyond its control task."""
    if report.selectivity is None:
        return "selectivity not measured, no control task was trained (tacit tune trains one)"
    return f"selectivity against a soft prompt trained on labels permuted by group: {span(report.selectivity)}"


def _beats_peers(e: Evidence) -> tuple[str, str]:
    name = "its own states carry more than a peer model's"
    if not e.peers:
        return name, "needs another model's run on the same items"
    return name, "; ".join(_peer(p) for p in e.peers)


def _peer(p: Peer) -> str:
    """One peer: its figures, or what is missing for them to show privilege."""
    text = f"{p.run}: lead {span(p.lead)} on {p.lead.n} shared items"
    few = f"fewer than {MIN_ITEMS}, or {MIN_GROUPS} groups of the rarer class"
    if not enough_shared(p):
        return f"{text}, {few}"
    if not p.lead.lower > 0:
        return text
    if short_of(p) == "equal_truths":
        return f"{text}; not assessed: items whose truths differ between the two models are {few}"
    if short_of(p) == "weak_peer":
        own = "unknown" if p.on_own is None else span(p.on_own)
        return (
            f"{text}; not assessed: {p.run} does not read its own truth well enough (probe on its own labels: {own};"
            f" needed: lower limit above {p.chance + WORTH:g}, and no more than {WORTH:g} below {p.target_on_own:.3f})"
        )
    return f"{text}; where truths differ, both models' states lead over {p.run}'s alone by {span(p.adds)}"


def _used(e: Evidence) -> tuple[str, str]:
    name, u = "the model uses the direction", e.used
    if u is None:
        bound = "" if e.gap.ranks is None else " (a count read by LDA has no direction)"
        return name, f"needs an intervention: tacit ablate{bound}"
    text = (
        f"ablated at the {u.site} prompt, layer {u.layer}: the next-token distribution moves by {u.effect:.2g} nats;"
        f" {u.n_random} label-shuffled probes move it by {u.shuffled_mean:.2g} (95th percentile {u.shuffled_q95:.2g},"
        f" p = {u.p_shuffled:.2g}), as many random directions matched in norm by {u.other_mean:.2g} ({u.other_q95:.2g},"
        f" p = {u.p_other:.2g}); {u.n} items, at least {MIN_EFFECT} nats are required"
    )
    if e.used_p is not None and e.n_used > 1:
        text += f"; adjusted over {e.n_used} ablations (Holm): {chance_of(e.used_p)}"
        if e.n_used > ALPHA * (u.n_random + 1):
            text += f", which takes {math.ceil(e.n_used / ALPHA) - 1} directions of each kind to fall to {ALPHA:g}"
    few = "" if enough_ablations(u) else f"; fewer than {MIN_ITEMS} items or {MIN_ABLATIONS} control directions"
    return name, text + few


def _beyond_output(e: Evidence, name: str) -> tuple[str, str]:
    output = next((r for r in e.know.outputs if r.name == name), None)
    text = _lead_over(output)
    if output is not None and not output.lead.lower > 0:
        shown = output.matches and output.score.lower > e.about.chance
        text += "" if shown else "; inconclusive"
    return f"more than its own output shows ({name})", text


_WORDS: dict[str, Callable[[Evidence], tuple[str, str]]] = {
    "above_chance": _above_chance,
    "permutation_null": _permutation_null,
    "enough_permutations": _enough_permutations,
    "near_duplicates": _near_duplicates,
    "beats_surface": _beats_surface,
    "beats_random_model": lambda e: ("beats a random-initialised model", _lead_over(rival(e, RANDOM_MODEL))),
    "selectivity": lambda e: (f"selectivity against a {CONTROL_TASK}", _lead(e.know.selectivity)),
    "no_paraphrase_leakage": _no_paraphrase_leakage,
    "beats_logit_lens": _beats_logit_lens,
    "position_decoupled": _position_decoupled,
    "report_valid": _report_valid,
    "enough_controls": _enough_controls,
    "gap_above_zero": _gap_above_zero,
    "above_every_rung": _above_every_rung,
    "holm": _holm,
    "not_finer_scale": _not_finer_scale,
    "mapped_report": lambda e: ("report mapped with the same labels", _given_labels(e, "map")),
    "gap_within_source": _gap_within_source,
    "few_shot_report": lambda e: ("report after labelled examples", _given_labels(e, "shots")),
    "tuned_report": _tuned_report,
    "beats_peers": _beats_peers,
    "used": _used,
    BEYOND_OUTPUT[OUTPUT_CONFIDENCE]: lambda e: _beyond_output(e, OUTPUT_CONFIDENCE),
    BEYOND_OUTPUT[LOGIT_LENS]: lambda e: _beyond_output(e, LOGIT_LENS),
}
