"""The words: a decision becomes reasons and the sentence that may be written. Nothing is decided here.

In: `Evidence` and the `Decision` that the rules made of it. Out: a `Verdict`.
"""

import math

from tacit.probes.statistics.bootstrap import enough_groups
from tacit.probes.statistics.metrics import printed
from tacit.probes.verdicts.condition_words import described, few_controls, lead_over_best, selectivity_of_tuned
from tacit.probes.verdicts.doubts import classes_in_words, doubt_in_words
from tacit.probes.verdicts.evidence import Asked, Evidence
from tacit.probes.verdicts.how_many import how_many
from tacit.probes.verdicts.inconclusive import FAILED, of_rarest, too_little_in_words
from tacit.probes.verdicts.ladder import as_good, elicited, tuned
from tacit.probes.verdicts.number_formats import chance_of, counted, plain, span
from tacit.probes.verdicts.usable_reports import control_failed, of_best, only_read_outs
from tacit.probes.verdicts.verdict import (
    BEYOND_OUTPUT,
    GAP,
    INCONCLUSIVE,
    NO_GAP,
    NOT_KNOWN,
    REPORT_EXCEEDS_PROBE,
    REPORT_INVALID,
    SURFACE_ONLY,
    Condition,
    Decision,
    Verdict,
)
from tacit.thresholds import ALPHA, HEAVY_TAIL, MARGIN, MIN_CONTROLS, MIN_PARSED, WORTH


def tell(e: Evidence, decision: Decision) -> Verdict:
    """The decision with its reasons and its sentence; a level with untested conditions is called provisional."""
    found = described(e, decision.conditions)
    sentence, level = _sentence(e, decision, found) + _unanswered(e) * (not decision.too_little), decision.level
    sentence += how_many(e, decision)
    sentence += _thoughts(e)
    if decision.missing:
        level += ", provisional"
        missing = described(e, decision.missing)
        names = "; ".join(c.condition + " (tried, inconclusive)" * c.tried for c in missing)
        sentence += f" Still untested: {names}."
    return Verdict(decision.name, level, _reasons(e, decision, found), sentence, found)


def _reasons(e: Evidence, decision: Decision, found: tuple[Condition, ...]) -> tuple[str, ...]:
    if decision.too_little:
        return (too_little_in_words(e, decision.too_little),)
    return (
        *_why_known(e, found, decision.decodable),
        *_why_said(found, decision.valid),
        _why_gap(e),
        *_why_more(found, decision.known),
        *(_doubt(e, doubt) for doubt in decision.doubts),
    )


def _main_reason(e: Evidence, decision: Decision, found: tuple[Condition, ...]) -> str:
    """The one thing that kept an inconclusive verdict from being another: what is too little, the first condition that
    failed, a doubt, or a gap that is neither shown nor ruled out."""
    if decision.too_little:
        return too_little_in_words(e, decision.too_little)
    failed = next((c for c in found if c.level in "DKS" and c.held is False), None)
    if failed is not None and "said_above_chance" not in decision.doubts:
        return f"{FAILED[failed.id]} ({failed.evidence})"
    return _doubt(e, decision.doubts[0]) if decision.doubts else _why_gap(e)


def _doubt(e: Evidence, doubt: str) -> str:
    return few_controls(e) if doubt == "few_controls" else doubt_in_words(e, doubt)


def _why_gap(e: Evidence) -> str:
    text, gap = lead_over_best(e), e.gap
    ahead, behind = gap.lead.lower > 0, gap.lead.upper < 0
    if e.about.tail > HEAVY_TAIL:
        text += f"; a tenth of the items accounts for {e.about.tail:.0%} of the error that skill measures"
    if gap.equivalent:
        side = ", although the interval excludes 0" if ahead or behind else ""
        return f"{text}; this shows that the two scores are equivalent within ±{MARGIN:g}{side}"
    if ahead and gap.unbeaten:  # a choice on training folds errs against the report where rungs are about equal
        text += f"; taken one by one, these reports are not significantly worse: {', '.join(gap.unbeaten)}"
    if not ahead and not behind:
        text += "; the interval includes 0, so a gap is not shown"
        text += f", and equivalence within ±{MARGIN:g} is not shown either{_few_for_equivalence(e)}"
    if (ahead or behind) and gap.holm_p is not None and not gap.holm_p <= ALPHA:
        adjusted = f"{chance_of(gap.holm_p)} after Holm's adjustment over {counted(gap.n_family, 'gap')}"
        text += f"; this is not significant ({adjusted})"
    return text


def _few_for_equivalence(e: Evidence) -> str:
    """Why an interval inside the margin is not enough: a difference that affects whole groups may have been missed."""
    needed = math.ceil(enough_groups(MARGIN))
    inside = e.gap.lead.lower > -MARGIN and e.gap.lead.upper < MARGIN
    if not inside or e.about.effective >= needed:
        return ""
    return f": that takes {needed} independent groups{of_rarest(e)} (here {e.about.effective})"


def _why_known(e: Evidence, found: tuple[Condition, ...], decodable: bool) -> tuple[str, ...]:
    know, chance = e.know, e.about.chance
    above = know.score.lower > chance
    word = "significantly" if above else "not significantly"
    text = (
        f"the probe's held-out {printed(e.about.metric)} is {span(know.score)}, {word} above chance ({chance:g});"
        f" its lead over a probe of shuffled labels is {span(know.shuffled)}"
    )
    if not above and know.score.upper >= chance + WORTH:
        text += f"; the interval reaches {WORTH:g} above chance, so more items are needed"
    if not above and know.ranked is not None and know.ranked.lower > 0:
        text += (
            f"; it ranks the items (Spearman ρ {span(know.ranked)}), although its error is no smaller than that of"
            " always guessing the median"
        )
    tested = [c for c in found if c.level in ("D", "K")[: 1 + decodable] and c.held is not None][1:]
    return (text, *(f"{c.condition}: {'held' if c.held else 'failed'}; {c.evidence}" for c in tested))


def _why_said(found: tuple[Condition, ...], valid: bool) -> tuple[str, ...]:
    first = next(c for c in found if c.level == "S")
    return (f"the report is {'' if valid else 'not '}valid: {first.evidence}",)


def _why_more(found: tuple[Condition, ...], known: bool) -> tuple[str, ...]:
    """What was tested or tried above G, of something that is known."""
    tried = [c for c in found if known and c.level in ("A", "P", "U") and (c.held is not None or c.tried)]
    outcome = {True: "held", False: "not shown", None: "undecided"}
    return tuple(f"level {c.level}, {c.condition}: {outcome[c.held]}; {c.evidence}" for c in tried)


def _sentence(e: Evidence, decision: Decision, found: tuple[Condition, ...]) -> str:
    best, lead = e.say.best, span(e.gap.lead)
    where = f"the {e.about.site} prompt, layer {e.about.layer}"
    scores = f"{printed(e.about.metric)} {plain(e.know.score.value)} against {plain(e.say.score.value)}"
    about = f"{e.about.target}, {e.about.condition}:"
    return {
        GAP: f"{about} a linear probe ({where}) predicts the label better than the model's best report ({best}):"
        f" {scores}, difference {lead}.{_behind(e)}{_reversed(e)}{_silent(e)}{_taught(e)}{_where_it_rests(e)}"
        f"{_words_only(found)}{_privileged(e, decision.level)}{_not_in_words(e)}",
        NO_GAP: f"{about} a linear probe ({where}) and the model's best report ({best}) predict the label equally well:"
        f" {scores}, and the difference is shown to be less than {MARGIN:g}.{_reversed(e)}{_not_in_words(e)}",
        NOT_KNOWN: f"{about} no linear probe predicts the label above chance: {printed(e.about.metric)}"
        f" {span(e.know.score)}, chance {e.about.chance:g}, with site and layer chosen on inner folds. Nonlinear codes"
        " were not tested.",
        SURFACE_ONLY: f"{about} a linear probe ({where}) predicts the label, but {_on_the_surface(e)}.",
        REPORT_INVALID: f"{about} the model's reports cannot be interpreted, because {_why_invalid(e, found)}. They do"
        " not show whether the model hides something.",
        REPORT_EXCEEDS_PROBE: f"{about} the model's best report ({best}) predicts the label better than a linear probe:"
        f" probe {scores}, difference {lead}.{_not_in_words(e)}",
        INCONCLUSIVE: f"{about} the evidence is inconclusive, because {_main_reason(e, decision, found)}."
        f"{_reversed(e) + _not_in_words(e) if decision.known else ''}",
    }[decision.name]


def _on_the_surface(e: Evidence) -> str:
    """The baselines that do about as well as the probe, with their scores."""
    equal = [
        f"{r.name} ({printed(e.about.metric)} {span(r.score)}; the probe's lead is {span(r.lead)})"
        for r in as_good(e.know.rivals, e.about.chance)
    ]
    does = "a baseline predicts" if len(equal) == 1 else "baselines predict"
    return f"{does} it about as well: {'; '.join(equal)}"


def _not_in_words(e: Evidence) -> str:
    """Where only log-probabilities follow what the prompt states, the claim is about them."""
    if not only_read_outs(e.say):
        return ""
    shown = "; ".join(r.told for r in e.say.read_outs if r.shown)
    return (
        " The model's words cannot be used as reports in any form. The log-probabilities of its answers can be used"
        f" ({shown}), and the claim is about these."
    )


def _behind(e: Evidence) -> str:
    """A gap of several classes may be one of a few: they are named."""
    return f" Class by class, {classes_in_words(e)}." if e.gap.classes_behind else ""


def _reversed(e: Evidence) -> str:
    """Words that are true once they are turned around: known, and the opposite is said."""
    if e.say.reversed is None:
        return ""
    return (
        f" The model's words say the opposite of the label: they score {span(e.say.reversed)}, significantly below"
        " chance, and agree with the label only after a decreasing map fitted on the training folds. So it is known,"
        " and said reversed."
    )


def _silent(e: Evidence) -> str:
    """Where the gap lies in what the model leaves unanswered, the sentence says so."""
    partial, lower = e.say.words.coverage["answered"] < 1, e.gap.answered_lower
    if not partial:
        return ""
    if lower is None or math.isnan(lower):
        return " Among answered items alone the difference is undefined."
    return "" if lower > 0 else " Among answered items alone the difference is not significant."


def _unanswered(e: Evidence) -> str:
    """Where the classes differ in what is left unanswered, non-answers themselves reveal the label."""
    found = e.say.unanswered
    if found is None or found.p > ALPHA:
        return ""
    shares = ", ".join(f'{share:.0%} where it is "{name}"' for name, share in found.shares.items())
    return f" Replies without an answer differ by true label: {shares} (permutation test, {chance_of(found.p)})."


def _thoughts(e: Evidence) -> str:
    """Where a model thinks first, its words follow thoughts, and the probe's states follow or precede them."""
    if not e.about.thought:
        return ""
    cut = (
        f" In each form of report, up to {e.about.cut:.0%} of the replies were cut off within the thoughts; they count"
        " as unreadable."
        if e.about.cut
        else ""
    )
    return (
        " The model thinks before it answers. Its words were read after its thoughts, and log-probabilities of answers"
        " after an empty block of thoughts. The probe reads the states at the site report after the thoughts, and those"
        f" at any other site before them.{cut}"
    )


def _taught(e: Evidence) -> str:
    """Where a soft prompt elicits it, the information can be said; only the prompt was inadequate."""
    report = tuned(e)
    if report is None or not elicited(report):
        return ""
    return (
        " A soft prompt trained on the same labels elicits the information: the probe's lead over it is"
        f" {span(report.lead)}, below {MARGIN:g}; {selectivity_of_tuned(report)}."
    )


def _where_it_rests(e: Evidence) -> str:
    """Where the next-token logits already reveal the choice, the claim rests on the report prompt."""
    if not e.about.at_report:
        return ""
    return (
        " At the object prompt the probe does not significantly beat the logit lens,"
        " so the claim covers the report prompt only."
    )


def _privileged(e: Evidence, level: str) -> str:
    peers = " and ".join(p.run for p in e.peers)
    own = f" The model's own states carry more information about the label than those of {peers}."
    used = f" Ablating the probe direction at the {e.about.site} prompt changes the model's next-token distribution."
    return {"P": own, "U": own + used}.get(level, "")


def _words_only(found: tuple[Condition, ...]) -> str:
    """Where the model's own output predicts the label too, a claim is about words (docs/protocol.md, section 6)."""
    failed = [name for name, id in BEYOND_OUTPUT.items() if any(c.id == id and c.held is False for c in found)]
    return (
        f" The model's own output ({', '.join(failed)}) predicts the label about as well as the probe, so the claim"
        " covers verbal reports only."
        if failed
        else ""
    )


def _why_invalid(e: Evidence, found: tuple[Condition, ...]) -> str:
    words = e.say.words
    if words.coverage["answered"] < MIN_PARSED:
        answered = f"{words.coverage['answered']:.0%}"
        return f"only {answered} of the replies are readable answers, and at least {MIN_PARSED:.0%} are needed"
    if control_failed(words):
        return f"the model {_not_repeated(words)}{_not_told_apart(e)}"
    if any(c.id == "report_valid" and c.held for c in found):
        return f'in the form of its best report ("{e.say.rung}") the model {_not_repeated(of_best(e.say))}'
    return (
        f'{words.constant:.0%} of its answers are the same ("{words.said}"), and no positive control shows that it can'
        " give another in this form"
    )


def _not_told_apart(e: Evidence) -> str:
    """What its log-probabilities make of stated answers, where none of them follow these."""
    told = "; ".join(r.told for r in e.say.read_outs if r.told)
    return f"; its log-probabilities hardly follow the stated answer either ({told})" if told else ""


def _not_repeated(a: Asked) -> str:
    """Which positive controls failed."""
    found = []
    if a.n_control >= MIN_CONTROLS:
        share = f"{a.control:.0%} of {a.n_control} prompts"
        found.append(f"does not repeat an answer that is stated in the prompt (planted control: {share})")
    if a.natural is not None and a.natural.enough:
        found.append(f"does not give the answer that follows from a plain fact stated there ({a.natural.told})")
    return " and ".join(found)
