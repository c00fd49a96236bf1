"""What each condition of the ladder is called, and the figures that show it. Nothing is decided here.

In: `Evidence` and the outcomes that `ladder` found. Out: a `Condition` each.
"""

from collections.abc import Callable

import numpy as np

from tacit.names import CONTROL_TASK, LOGIT_LENS, OUTPUT_CONFIDENCE, POSITION, RANDOM_MODEL
from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.statistics.metrics import printed
from tacit.probes.verdicts.evidence import EMBEDDINGS, Evidence, Rival, Supervised
from tacit.probes.verdicts.ladder import (
    closed,
    elicited,
    given_labels,
    rival,
    surface,
    tuned,
)
from tacit.probes.verdicts.number_formats import chance_of, counted, span
from tacit.probes.verdicts.peers_and_use import beats_peers, used
from tacit.probes.verdicts.usable_reports import controls, usable, valid_formats
from tacit.probes.verdicts.verdict import BEYOND_OUTPUT, Condition, Outcome
from tacit.thresholds import (
    MARGIN,
    MIN_CLOSE,
    MIN_CONTROLS,
    MIN_PERMUTATIONS,
)


def described(e: Evidence, found: tuple[Outcome, ...]) -> tuple[Condition, ...]:
    """Every outcome with its name and its figures."""
    return tuple(Condition(o.id, o.level, *_WORDS[o.id](e), held=o.held, tried=o.tried) for o in found)


def _above_chance(e: Evidence) -> tuple[str, str]:
    score = f"{printed(e.about.metric)} {span(e.know.score)}, chance {e.about.chance:g}"
    return "the held-out score is above chance", f"{score}; lead over shuffled labels {span(e.know.shuffled)}"


def _permutation_null(e: Evidence) -> tuple[str, str]:
    p = e.know.null_p
    return "the score beats the whole pipeline on permuted labels", (
        "not run (tacit probe --permutations)"
        if p is None
        else f"p = {p:.2g} from {e.know.n_permutations} permutations"
    )


def _enough_permutations(e: Evidence) -> tuple[str, str]:
    return f"labels were permuted {MIN_PERMUTATIONS} times or more", f"{e.know.n_permutations} permutations"


def _near_duplicates(e: Evidence) -> tuple[str, str]:
    pairs = e.know.near_duplicates
    return "near-duplicate texts are in one group", "not looked for" if pairs is None else f"pairs found: {pairs}"


def _beats_surface(e: Evidence) -> tuple[str, str]:
    return "the probe beats every surface baseline", _against_surface(surface(e))


def _against_surface(rivals: list[Rival]) -> str:
    if not any(r.name == EMBEDDINGS for r in rivals):
        return "the embedding layer was not cached, so its baseline is missing; cache layer 0 too (--layers)"
    unscored = [r.name for r in rivals if not np.isfinite([r.lead.lower, r.lead.upper]).all()]
    if unscored:
        return f"the probe cannot be compared with {', '.join(unscored)}, whose score is undefined"
    unbeaten = [r for r in rivals if r.lead.lower <= 0]
    if unbeaten:
        near = min(unbeaten, key=lambda r: r.lead.value)
        others = ", ".join(r.name for r in unbeaten if r is not near)
        more = f"; also not significantly beaten: {others}" if others else ""
        lead = f"the probe's lead over it is {span(near.lead)}"
        return f"the baseline {near.name} scores {span(near.score)}, and {lead}{more}"
    best = max(rivals, key=lambda r: r.score.value)
    return (
        f"the best baseline is {best.name}, {span(best.score)}; the probe's lead is {span(best.lead)}{_blank(rivals)}"
    )


def _blank(rivals: list[Rival]) -> str:
    """Baselines that cannot tell two items apart, e.g. embeddings of a last token that all prompts share."""
    names = ", ".join(r.name for r in rivals if r.score.lower == r.score.upper == r.score.value)
    return f"; {names} cannot tell the items apart here, so beating them shows nothing" if names else ""


def _lead(lead: Estimate | None) -> str:
    return "not run" if lead is None else f"the probe's lead is {span(lead)}"


def _lead_over(found: Rival | None) -> str:
    return _lead(None if found is None else found.lead)


def _beats_logit_lens(e: Evidence) -> tuple[str, str]:
    early = e.know.beyond_lens
    text = (
        "no logit lens was read"
        if early is None
        else f"the probe's lead at the object prompt over the logit lens at the same layers is {span(early)}"
    )
    if e.about.at_report:
        text += "; all other numbers of this verdict are those of the probe at the report prompt"
    return "the probe beats the logit lens, or reads the report prompt instead", text


def _position_decoupled(e: Evidence) -> tuple[str, str]:
    """The position most correlated with the count, and the lead over a reading of all positions."""
    name, position = "the position of the token read is decoupled from the count", rival(e, POSITION)
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
    return "a report is valid in some form", f'"said": {facts}; {others}{"; " * bool(others)}valid forms: {names}'


def _enough_controls(e: Evidence) -> tuple[str, str]:
    return "there are enough positive controls", few_controls(e)


def few_controls(e: Evidence) -> str:
    """How many controls there are, and how many are needed."""
    return (
        f"{controls(e.say)} positive controls were asked, and {MIN_CONTROLS} or more are needed to show that the model"
        " can report at all"
    )


def _gap_above_zero(e: Evidence) -> tuple[str, str]:
    return "the probe beats the best report", lead_over_best(e)


def lead_over_best(e: Evidence) -> str:
    """The gap in one clause."""
    return f"the probe's lead over the best report ({e.say.best}; score {span(e.say.score)}) is {span(e.gap.lead)}"


def _no_paraphrase_leakage(e: Evidence) -> tuple[str, str]:
    name, copies = "the score survives grouping of close neighbours", e.know.copies
    text = f"{copies.share:.0%} of the items have a state far closer to that of another group's item than to the rest"
    if copies.share < MIN_CLOSE:
        return name, text
    if copies.score is None or copies.drop is None:
        return name, f"{text}; with these in one group, too few groups are left for folds"
    return name, f"{text}; with these in one group the score is {span(copies.score)}, a drop of {span(copies.drop)}"


def _above_every_rung(e: Evidence) -> tuple[str, str]:
    names = ", ".join(e.gap.unbeaten)
    evidence = f"not significantly beaten: {names}" if names else "each of them is significantly beaten"
    return "the probe beats every report, one by one", evidence


def _holm(e: Evidence) -> tuple[str, str]:
    p = e.gap.holm_p
    text = "not adjusted" if p is None else f"{chance_of(p)} over {counted(e.gap.n_family, 'gap')}"
    return "the gap is significant after Holm's adjustment over all gaps compared", text


def _not_finer_scale(e: Evidence) -> tuple[str, str]:
    metric = "balanced accuracy" if e.gap.ranks is None else "Spearman ρ"
    lead = f"made to give each answer as often as the words do, the probe leads by {span(e.gap.decisions)} in {metric}"
    return "the gap does not come from the finer scale of the probe's scores", lead


def _given_labels(e: Evidence, elicitation: str) -> str:
    read, lost = given_labels(e, elicitation), given_labels(e, elicitation, usable=False)
    if read:
        return f"the probe's lead over each: {'; '.join(f'{s.rung} {span(s.lead)}' for s in read)}"
    return f"asked, but the replies are not usable: {', '.join(s.rung for s in lost)}" if lost else "not run"


def _gap_within_source(e: Evidence) -> tuple[str, str]:
    closest = e.gap.within_source
    lead = f"among items of the same source, the probe's lead over {closest.rung} is {span(closest.lead)}"
    return "the gap holds within sources", lead


def _tuned_report(e: Evidence) -> tuple[str, str]:
    name, report = "the gap survives a soft prompt trained on the labels", tuned(e)
    if report is None:
        return name, "not run (tacit tune)"
    text = f"the probe's lead over a soft prompt trained on the same labels is {span(report.lead)}"
    if closed(report.lead):
        text += f", less than {MARGIN:g}"
    text += f"; {selectivity_of_tuned(report)}"
    if elicited(report):
        return name, text
    if closed(report.lead):
        return name, f"{text}, which is not shown to be above 0, so the report may owe its score to the training alone"
    if report.usable and report.lead.lower > 0:
        return name, text
    why = "inconclusive" if report.usable else "training did not converge, so failure is not evidence"
    return name, f"{text}; {why}"


def selectivity_of_tuned(report: Supervised) -> str:
    """What a tuned report scores beyond its control task."""
    if report.selectivity is None:
        return "the soft prompt's selectivity was not measured: no control task was trained (tacit tune trains one)"
    return (
        "the soft prompt's selectivity (its score minus that of one trained on labels permuted by group) is"
        f" {span(report.selectivity)}"
    )


def _beyond_output(e: Evidence, name: str) -> tuple[str, str]:
    output = next((r for r in e.know.outputs if r.name == name), None)
    text = _lead_over(output)
    if output is not None and not output.lead.lower > 0:
        shown = output.matches and output.score.lower > e.about.chance
        text += "" if shown else "; inconclusive"
    return f"the probe beats the model's own output ({name})", text


_WORDS: dict[str, Callable[[Evidence], tuple[str, str]]] = {
    "above_chance": _above_chance,
    "permutation_null": _permutation_null,
    "enough_permutations": _enough_permutations,
    "near_duplicates": _near_duplicates,
    "beats_surface": _beats_surface,
    "beats_random_model": lambda e: ("the probe beats random-initialised models", _lead_over(rival(e, RANDOM_MODEL))),
    "selectivity": lambda e: (f"the probe beats a {CONTROL_TASK} (selectivity)", _lead(e.know.selectivity)),
    "no_paraphrase_leakage": _no_paraphrase_leakage,
    "beats_logit_lens": _beats_logit_lens,
    "position_decoupled": _position_decoupled,
    "report_valid": _report_valid,
    "enough_controls": _enough_controls,
    "gap_above_zero": _gap_above_zero,
    "above_every_rung": _above_every_rung,
    "holm": _holm,
    "not_finer_scale": _not_finer_scale,
    "mapped_report": lambda e: ("the gap survives reports mapped onto the labels", _given_labels(e, "map")),
    "gap_within_source": _gap_within_source,
    "few_shot_report": lambda e: ("the gap survives reports after labelled examples", _given_labels(e, "shots")),
    "tuned_report": _tuned_report,
    "beats_peers": beats_peers,
    "used": used,
    BEYOND_OUTPUT[OUTPUT_CONFIDENCE]: lambda e: _beyond_output(e, OUTPUT_CONFIDENCE),
    BEYOND_OUTPUT[LOGIT_LENS]: lambda e: _beyond_output(e, LOGIT_LENS),
}
