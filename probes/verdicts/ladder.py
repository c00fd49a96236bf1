"""What each level needs, condition by condition: which held, at what figure, which failed, which were not tested.

In: `Evidence`. Out: a `Condition` for everything that a level needs. D decodable, K known, S said, G gap, A access,
P privileged, U used; "scope" conditions take nothing away but say what a claim is about. A pure function.
"""

import numpy as np

from tacit.names import CONTROL_TASK, POSITION, RANDOM_MODEL, TUNED
from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.statistics.metrics import printed
from tacit.probes.verdicts.evidence import EMBEDDINGS, OUTPUTS, Asked, Evidence, Rival, Used
from tacit.probes.verdicts.number_formats import chance_of, span
from tacit.probes.verdicts.usable_reports import controls, proven, usable
from tacit.probes.verdicts.verdict import BEYOND_OUTPUT, Condition
from tacit.thresholds import (
    ALPHA,
    MARGIN,
    MIN_ABLATIONS,
    MIN_CONTROLS,
    MIN_EFFECT,
    MIN_GROUPS,
    MIN_ITEMS,
    MIN_PERMUTATIONS,
)


def conditions(e: Evidence) -> tuple[Condition, ...]:
    """Everything that the levels need, in their order."""
    return (*_decodable(e), *_known(e), *_said(e), *_gap(e), *_access(e), *_private(e), *_used(e), *_scope(e))


def level_holds(found: tuple[Condition, ...], level: str) -> bool:
    """Whether no condition of this level failed and at least one held."""
    held = [c.held for c in found if c.level == level]
    return False not in held and True in held


def held(found: tuple[Condition, ...], id: str) -> bool:
    """Whether the condition of this id held."""
    return any(c.id == id and c.held is True for c in found)


def undefined(e: Evidence) -> list[str]:
    """The scores without which nothing can be decided, and which have no value or no interval."""
    scores = (("probe", e.probe), ("gap", e.gap), ("shuffled-label", e.shuffled))
    return [name for name, x in scores if not np.isfinite([x.value, x.lower, x.upper]).all()]


def _decodable(e: Evidence) -> tuple[Condition, ...]:
    above = f"{printed(e.metric)} {span(e.probe)}, chance {e.chance:g}; lead over shuffled labels {span(e.shuffled)}"
    null = "not run" if e.null_p is None else f"p = {e.null_p:.2g} of {e.n_permutations} permutations"
    few = e.null_p is not None and e.n_permutations < MIN_PERMUTATIONS
    twins = "not looked for" if e.near_duplicates is None else f"pairs put into one group each: {e.near_duplicates}"
    return (
        Condition("above_chance", "D", "held-out score above chance", bool(e.probe.lower > e.chance), above),
        Condition(
            "permutation_null",
            "D",
            "permutation null of the whole pipeline",
            None if e.null_p is None else bool(e.null_p <= ALPHA),
            null,
        ),
        *(
            [
                Condition(
                    "enough_permutations",
                    "D",
                    f"{MIN_PERMUTATIONS} permutations of that null",
                    None,
                    str(e.n_permutations),
                )
            ]
            if few
            else []
        ),
        Condition("near_duplicates", "D", "near-duplicate texts", None if e.near_duplicates is None else True, twins),
    )


def _known(e: Evidence) -> tuple[Condition, ...]:
    surface = [r for r in e.rivals if r.name != RANDOM_MODEL]
    found = [Condition("beats_surface", "K", "beats every surface baseline", *_surface(surface))]
    random = next((r for r in e.rivals if r.name == RANDOM_MODEL), None)
    found.append(
        Condition(
            "beats_random_model",
            "K",
            "beats a random-initialised model",
            *_lead(None if random is None else random.lead),
        )
    )
    found.append(Condition("selectivity", "K", f"selectivity against a {CONTROL_TASK}", *_lead(e.selectivity)))
    if e.acts:
        found.append(_ahead_of_the_act(e))
    if e.positional:
        position = next((r for r in e.rivals if r.name == POSITION), None)
        found.append(
            Condition(
                "position_decoupled",
                "K",
                "position decoupled from the count",
                *_lead(None if position is None else position.lead),
            )
        )
    return tuple(found)


def _ahead_of_the_act(e: Evidence) -> Condition:
    """What the next token's logits give away is no knowledge yet: a claim about an act rests on layers where the lens
    fails, or on the report prompt, where the act is not about to be written (docs/protocol.md, section 6)."""
    early = e.beyond_lens
    text = "no logit lens was read" if early is None else f"lead over the lens at the same layers {span(early)}"
    ahead = early is not None and bool(early.lower > 0)
    if e.at_report:
        text += "; every figure here is for the probe at the report prompt"
    return Condition(
        "beats_logit_lens", "K", "beyond the next-token logits, or at the report prompt", ahead or e.at_report, text
    )


def _surface(rivals: list[Rival]) -> tuple[bool, str]:
    if not any(r.name == EMBEDDINGS for r in rivals):
        return False, "the embedding layer was not cached, so there is no such baseline: cache layer 0 too"
    undefined = [r.name for r in rivals if not np.isfinite([r.lead.lower, r.lead.upper]).all()]
    if undefined:
        return False, f"cannot be compared with {', '.join(undefined)}, whose score is undefined"
    unbeaten = [r for r in rivals if r.lead.lower <= 0]
    if unbeaten:
        near = min(unbeaten, key=lambda r: r.lead.value)
        return False, (
            f"does not significantly beat {', '.join(r.name for r in unbeaten)}"
            f" (closest, {near.name}: {span(near.score)}, lead {span(near.lead)})"
        )
    best = max(rivals, key=lambda r: r.score.value)
    return True, f"the best, {best.name}: lead {span(best.lead)}{_blank(rivals)}"


def _blank(rivals: list[Rival]) -> str:
    """Baselines that cannot tell two items apart, e.g. embeddings of a last token that all prompts share."""
    names = ", ".join(r.name for r in rivals if r.score.lower == r.score.upper == r.score.value)
    return f"; {names} cannot tell the items apart here, so beating them shows nothing" if names else ""


def _lead(lead: Estimate | None) -> tuple[bool | None, str]:
    """Whether the probe leads, as a condition; None where the rival was not run."""
    if lead is None:
        return None, "not run"
    return bool(lead.lower > 0), f"lead {span(lead)}"


def _said(e: Evidence) -> tuple[Condition, ...]:
    primary = Asked("said", e.coverage, e.constant, e.said, e.control, e.n_control, e.control_other)
    valid, facts = usable(primary)
    found = [Condition("report_valid", "S", "the report is valid", valid, facts)]
    if not valid and e.asked:
        good = [a.name for a in e.asked if proven(a)]
        names = ", ".join(good) if good else f"none of {len(e.asked)}"
        found = [
            Condition(
                "report_valid", "S", "a report is valid in some format", bool(good), f"said: {facts}; valid: {names}"
            )
        ]
    enough = controls(e) >= MIN_CONTROLS
    text = f"{controls(e)} positive controls, {MIN_CONTROLS} are needed to show that it can report at all"
    return (*found, Condition("enough_controls", "S", "positive controls", True if enough else None, text))


def _gap(e: Evidence) -> tuple[Condition, ...]:
    text = f"probe minus best report ({e.best}, {span(e.report)}): {span(e.gap)}"
    single = f"does not significantly beat {', '.join(e.unbeaten)}" if e.unbeaten else "it beats each of them"
    found = [
        Condition(
            "gap_above_zero", "G", "gap to the best report is above 0", bool(e.gap.lower > 0) and not e.equivalent, text
        ),
        Condition("above_every_rung", "G", "probe beats every single rung", not e.unbeaten, single),
    ]
    if e.holm_p is None:
        found.append(Condition("holm", "G", "Holm over all gaps compared", None, "not adjusted"))
    else:
        adjusted = f"{chance_of(e.holm_p)} over {e.n_family} gaps"
        found.append(Condition("holm", "G", "Holm over all gaps compared", bool(e.holm_p <= ALPHA), adjusted))
    if e.hard is not None and not e.graded:
        decisions = f"balanced accuracy of the decisions differs by {span(e.hard)}"
        found.append(
            Condition(
                "not_finer_scale",
                "G",
                "holds for decisions too, not only for a continuous score",
                bool(e.hard.lower > 0),
                decisions,
            )
        )
    return tuple(found)


def _access(e: Evidence) -> tuple[Condition, ...]:
    """A report given the same labels: mapped, shown as examples, tuned. One that cannot be read tests nothing."""
    found = []
    for id_, elicitation, name in (
        ("mapped_report", "map", "report mapped with the same labels"),
        ("few_shot_report", "shots", "report after labelled examples"),
    ):
        rungs = [s for s in e.supervised if s.elicitation == elicitation and s.usable is not False]
        lost = [s.rung for s in e.supervised if s.elicitation == elicitation and s.usable is False]
        text = "; ".join(f"{s.rung}: {span(s.lead)}" for s in rungs)
        text = text or (f"asked, and not usable: {', '.join(lost)}" if lost else "not run")
        held = all(s.lead.lower > 0 for s in rungs) if rungs else None
        found.append(Condition(id_, "A", name, held, text, tried=bool(lost and not rungs)))
    return (*found, _tuned(e))


def _tuned(e: Evidence) -> Condition:
    """A prompt learned from labels: it closes the gap where the probe is shown to lead by less than the margin; the gap
    survives where the probe leads although learning worked; else nothing is decided."""
    tuned = next((s for s in e.supervised if s.elicitation == TUNED), None)
    name = "tuned report"
    if tuned is None:
        return Condition("tuned_report", "A", name, None, "needs a trained soft prompt: tacit tune")
    text = f"the probe's lead over a soft prompt trained on the same labels: {span(tuned.lead)}"
    if closed(tuned.lead):
        return Condition("tuned_report", "A", name, False, f"{text}, less than {MARGIN:g}")
    if tuned.usable and tuned.lead.lower > 0:
        return Condition("tuned_report", "A", name, True, text)
    why = "inconclusive"
    if not tuned.usable:
        why = "training did not converge, so failure is not evidence"
    return Condition("tuned_report", "A", name, None, f"{text}; {why}", tried=True)


def closed(lead: Estimate) -> bool:
    """Whether the probe is shown to lead by less than the margin."""
    return bool(lead.upper < MARGIN)


def _private(e: Evidence) -> tuple[Condition, ...]:
    """The own states against outsiders': the text and the embeddings stand among the surface baselines already."""
    name = "its own states carry more than a peer model's"
    if not e.peers:
        return (Condition("beats_peers", "P", name, None, "needs another model's run on the same items"),)
    text = "; ".join(f"{p.run}: lead {span(p.lead)} on {p.lead.n} shared items" for p in e.peers)
    enough = [p for p in e.peers if p.lead.n >= MIN_ITEMS and p.effective >= MIN_GROUPS]
    if any(not p.lead.lower > 0 for p in enough):
        return (Condition("beats_peers", "P", name, False, text),)
    if len(enough) < len(e.peers):
        return (
            Condition(
                "beats_peers",
                "P",
                name,
                None,
                f"{text}; fewer than {MIN_ITEMS}, or {MIN_GROUPS} groups of the rarer class",
            ),
        )
    return (Condition("beats_peers", "P", name, True, text),)


def _used(e: Evidence) -> tuple[Condition, ...]:
    """What the model writes next when the direction is taken out, against other directions taken out as far."""
    name, u = "the model uses the direction", e.used
    if u is None:
        bound = " (a count read by LDA has no direction)" if e.hard is None else ""
        return (Condition("used", "U", name, None, f"needs an intervention: tacit ablate{bound}"),)
    text = (
        f"ablated at the {u.site} prompt, layer {u.layer}: the next-token distribution moves by {u.effect:.2g} nats;"
        f" {u.n_random} label-shuffled probes move it by {u.shuffled_mean:.2g} (95th percentile {u.shuffled_q95:.2g},"
        f" p = {u.p_shuffled:.2g}), as many random directions matched in norm by {u.other_mean:.2g} ({u.other_q95:.2g},"
        f" p = {u.p_other:.2g}); {u.n} items, at least {MIN_EFFECT} nats are required"
    )
    if u.n < MIN_ITEMS or u.n_random < MIN_ABLATIONS:
        return (
            Condition(
                "used", "U", name, None, f"{text}; fewer than {MIN_ITEMS} items or {MIN_ABLATIONS} control directions"
            ),
        )
    return (Condition("used", "U", name, in_use(u), text),)


def in_use(u: Used) -> bool:
    """Whether an ablation shows that the next token depends on the direction."""
    return bool(u.effect >= MIN_EFFECT and max(u.p_shuffled, u.p_other) <= ALPHA)


def _scope(e: Evidence) -> tuple[Condition, ...]:
    """Failed where the output is shown to tell as much as the probe, not where its lead is merely undecided."""
    by_name, found = {r.name: r for r in e.outputs}, []
    for name in OUTPUTS:
        held, text = _lead(by_name[name].lead if name in by_name else None)
        if held is False and not (by_name[name].matches and by_name[name].score.lower > e.chance):
            held, text = None, f"{text}; inconclusive"
        found.append(
            Condition(
                BEYOND_OUTPUT[name],
                "scope",
                f"more than its own output shows ({name})",
                held,
                text,
                tried=held is None and name in by_name,
            )
        )
    return tuple(found)
