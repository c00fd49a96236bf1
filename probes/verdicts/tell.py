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
from tacit.probes.verdicts.ladder import elicited, tuned, undefined
from tacit.probes.verdicts.number_formats import chance_of, plain, span
from tacit.probes.verdicts.usable_reports import control_failed, of_best, only_read_outs
from tacit.probes.verdicts.verdict import (
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
from tacit.thresholds import ALPHA, HEAVY_TAIL, MARGIN, MIN_CONTROLS, MIN_GROUPS, MIN_ITEMS, MIN_PARSED, WORTH


def tell(e: Evidence, decision: Decision) -> Verdict:
    """The decision with its reasons and its sentence; a level with untested conditions is called provisional."""
    found = described(e, decision.conditions)
    sentence, level = _sentence(e, decision, found) + _unanswered(e) * (not decision.too_little), decision.level
    sentence += how_many(e, decision)
    sentence += _thoughts(e)
    if decision.missing:
        level += ", provisional"
        missing = described(e, decision.missing)
        names = ", ".join(c.condition + " (tried, inconclusive)" * c.tried for c in missing)
        sentence += f" Still untested: {names}."
    return Verdict(decision.name, level, _reasons(e, decision, found), sentence, found)


def _reasons(e: Evidence, decision: Decision, found: tuple[Condition, ...]) -> tuple[str, ...]:
    if decision.too_little:
        return (_too_little(e, decision.too_little),)
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
        return _too_little(e, decision.too_little)
    failed = next((c for c in found if c.level in "DKS" and c.held is False), None)
    if failed is not None and "said_above_chance" not in decision.doubts:
        return f'the condition "{failed.condition}" failed ({failed.evidence})'
    return _doubt(e, decision.doubts[0]) if decision.doubts else _why_gap(e)


def _doubt(e: Evidence, doubt: str) -> str:
    return few_controls(e) if doubt == "few_controls" else doubt_in_words(e, doubt)


def _too_little(e: Evidence, id: str) -> str:
    return {
        "few_items": f"{e.know.score.n} items in {e.know.score.n_groups} groups, effective number of groups in the"
        f" rarest class: {e.about.effective}; below {MIN_ITEMS} items or {MIN_GROUPS} groups no interval can be"
        " trusted",
        "one_heavy_group": f"one group holds {e.about.heaviest:.0%} of the items of its fold, so its sampling variance"
        " cannot be estimated: give its items other groups if they are independent, or add groups",
        "unscored_items": f"the probe gave {e.know.unscored} of {e.know.score.n} items no score",
        "undefined_scores": f"the {' and '.join(undefined(e))} score or its interval is undefined",
    }[id]


def _why_gap(e: Evidence) -> str:
    text, gap = lead_over_best(e), e.gap
    ahead, behind = gap.lead.lower > 0, gap.lead.upper < 0
    if e.about.tail > HEAVY_TAIL:
        text += f"; a tenth of the items bears {e.about.tail:.0%} of the error that skill measures"
    if gap.equivalent:
        side = " although its interval excludes 0" if ahead or behind else ""
        return f"{text}; equivalent within ±{MARGIN:g}{side}"
    if ahead and gap.unbeaten:  # a choice on training folds errs against the report where rungs are about equal
        text += f"; the probe does not significantly beat every single rung: {', '.join(gap.unbeaten)}"
    if not ahead and not behind:
        text += f"; neither different from 0 nor shown to be within ±{MARGIN:g}{_few_for_equivalence(e)}"
    if (ahead or behind) and gap.holm_p is not None and not gap.holm_p <= ALPHA:
        text += f"; not significant among {gap.n_family} gaps (Holm {chance_of(gap.holm_p)})"
    return text


def _few_for_equivalence(e: Evidence) -> str:
    """Why an interval inside the margin is not enough: a difference that affects whole groups may have been missed."""
    needed = math.ceil(enough_groups(MARGIN))
    inside = e.gap.lead.lower > -MARGIN and e.gap.lead.upper < MARGIN
    if not inside or e.about.effective >= needed:
        return ""
    return f", which takes {needed} independent groups of the rarer class (here {e.about.effective})"


def _why_known(e: Evidence, found: tuple[Condition, ...], decodable: bool) -> tuple[str, ...]:
    know, chance = e.know, e.about.chance
    above = know.score.lower > chance
    word = "above" if above else "not significantly above"
    text = (
        f"probe {printed(e.about.metric)} {span(know.score)}, {word} chance {chance:g}"
        f" (lead over shuffled labels {span(know.shuffled)})"
    )
    if not above and know.score.upper >= chance + WORTH:
        text += f"; it may still be {WORTH:g} above chance, so more items are needed"
    if not above and know.ranked is not None and know.ranked.lower > 0:
        text += f"; it ranks the items (Spearman ρ {span(know.ranked)}) without a smaller error than the median guess"
    tested = [c for c in found if c.level in ("D", "K")[: 1 + decodable] and c.held is not None][1:]
    return (text, *(f"{c.condition}: {'held' if c.held else 'failed'}; {c.evidence}" for c in tested))


def _why_said(found: tuple[Condition, ...], valid: bool) -> tuple[str, ...]:
    first = next(c for c in found if c.level == "S")
    return (f"the report is {'' if valid else 'not '}valid: {first.evidence}",)


def _why_more(found: tuple[Condition, ...], known: bool) -> tuple[str, ...]:
    """What was tested or tried above G, of something that is known."""
    tried = [c for c in found if known and c.level in ("A", "P", "U") and (c.held is not None or c.tried)]
    outcome = {True: "held", False: "not shown", None: "undecided"}
    return tuple(f"{c.level}, {c.condition}: {outcome[c.held]}; {c.evidence}" for c in tried)


def _sentence(e: Evidence, decision: Decision, found: tuple[Condition, ...]) -> str:
    best, lead = e.say.best, span(e.gap.lead)
    where = f"the {e.about.site} prompt, layer {e.about.layer}"
    scores = f"{printed(e.about.metric)} {plain(e.know.score.value)} against {plain(e.say.score.value)}"
    about = f"{e.about.target}, {e.about.condition}:"
    return {
        GAP: f"{about} a linear probe ({where}) reads more than the model says in its best report ({best}): {scores},"
        f" difference {lead}.{_behind(e)}{_reversed(e)}{_silent(e)}{_taught(e)}{_where_it_rests(e)}{_words_only(found)}"
        f"{_privileged(e, decision.level)}{_not_in_words(e)}",
        NO_GAP: f"{about} the scores of a linear probe ({where}) and of the best report ({best}) differ by less than"
        f" {MARGIN:g}: {scores}.{_reversed(e)}{_not_in_words(e)}",
        NOT_KNOWN: f"{about} no linear probe, with layer and site chosen on inner folds, read it above chance;"
        " nonlinear codes were not tested.",
        SURFACE_ONLY: f"{about} it is linearly decodable ({where}), but no better than from the text, its length or"
        " other columns of the items alone.",
        REPORT_INVALID: f"{about} {_why_invalid(e, found)}. This shows neither that it hides something nor that it does"
        " not.",
        REPORT_EXCEEDS_PROBE: f"{about} the model says more in its best report ({best}) than a linear probe reads:"
        f" {scores}, difference {lead}.{_not_in_words(e)}",
        INCONCLUSIVE: f"{about} the evidence is inconclusive: {_main_reason(e, decision, found)}."
        f"{_reversed(e) + _not_in_words(e) if decision.known else ''}",
    }[decision.name]


def _not_in_words(e: Evidence) -> str:
    """Where only log-probabilities follow what the prompt states, the claim is about them."""
    if not only_read_outs(e.say):
        return ""
    shown = "; ".join(r.told for r in e.say.read_outs if r.shown)
    return (
        " Its words cannot be taken for reports in any form; the log-probabilities of its answers can"
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
        f" The words say the opposite: as said they score {span(e.say.reversed)}, significantly below chance, and only"
        " a decreasing map, fitted on labels, makes the report agree. It is known, and said reversed."
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
    shares = ", ".join(f"{share:.0%} of {name}" for name, share in found.shares.items())
    return f" Replies without an answer differ by true label: {shares} ({chance_of(found.p)})."


def _thoughts(e: Evidence) -> str:
    """Where a model thinks first, its words follow thoughts, and the probe's states follow or precede them."""
    if not e.about.thought:
        return ""
    cut = (
        f" Up to {e.about.cut:.0%} of its reports were cut off within its thoughts and are unreadable."
        if e.about.cut
        else ""
    )
    return (
        " The model thinks before it answers: its words follow its thoughts, log-probabilities of answers follow an"
        f" empty block of thoughts, and the probe reads states from after the thoughts at the site report, from before"
        f" them at any other site.{cut}"
    )


def _taught(e: Evidence) -> str:
    """Where a soft prompt elicits it, the information can be said; only the prompt was inadequate."""
    report = tuned(e)
    if report is None or not elicited(report):
        return ""
    return (
        f" A soft prompt trained on the same labels elicits it (the probe's lead over it: {span(report.lead)};"
        f" {selectivity_of_tuned(report)})."
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
    own = f" Its own states carry more of it than the states of {', '.join(p.run for p in e.peers)}."
    used = f" Ablating the probe direction at the {e.about.site} prompt changes its next-token distribution."
    return {"P": own, "U": own + used}.get(level, "")


def _words_only(found: tuple[Condition, ...]) -> str:
    """Where the model's own output predicts the label too, a claim is about words (docs/protocol.md, section 6)."""
    failed = ", ".join(c.condition.partition("(")[2][:-1] for c in found if c.level == "scope" and c.held is False)
    return (
        f" Its own output ({failed}) also predicts the label, so the claim covers verbal reports only."
        if failed
        else ""
    )


def _why_invalid(e: Evidence, found: tuple[Condition, ...]) -> str:
    words = e.say.words
    if words.coverage["answered"] < MIN_PARSED:
        return "most replies cannot be read as reports"
    if control_failed(words):
        return f"the model {_not_repeated(words)}{_not_told_apart(e)}, so its replies cannot be interpreted as reports"
    if any(c.id == "report_valid" and c.held for c in found):
        return f"in the elicitation of its best report ({e.say.rung}) the model {_not_repeated(of_best(e.say))}"
    return (
        f"{words.constant:.0%} of its answers are the same, and no positive control shows that it can give others in"
        " this format"
    )


def _not_told_apart(e: Evidence) -> str:
    """What its log-probabilities make of stated answers, where none of them follow these."""
    told = "; ".join(r.told for r in e.say.read_outs if r.told)
    return f", and its log-probabilities hardly follow it either ({told})" if told else ""


def _not_repeated(a: Asked) -> str:
    """Which positive controls failed."""
    found = []
    if a.n_control >= MIN_CONTROLS:
        found.append("does not repeat an answer that is shown in the prompt")
    if a.natural is not None and a.natural.enough:
        found.append(f"does not say what is stated there as a plain fact ({a.natural.told})")
    return " and ".join(found)
