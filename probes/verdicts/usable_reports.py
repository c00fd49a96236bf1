"""Whether a report can be interpreted: coverage, constancy and positive controls of each elicitation.

In: what `Evidence` holds of the elicitations. Out: a judgement and the facts that speak to it.
"""

import numpy as np

from tacit.probes.data.positive_controls import Control, ToldApart
from tacit.probes.data.rung_names import form_of
from tacit.probes.verdicts.evidence import Asked, Say
from tacit.thresholds import CONSTANT, MIN_CONTROL, MIN_CONTROLS, MIN_PARSED


def control_failed(a: Asked) -> bool:
    """Whether enough positive controls of either kind were asked, none of them passed, and the words are not shown to
    be above chance: words that tell the truth are a report, whatever the model makes of a stated answer."""
    return _controls_failed(a.control, a.n_control, a.natural) and not a.above_chance


def _controls_failed(control: float, n_control: int, natural: Control | None) -> bool:
    judged = n_control >= MIN_CONTROLS or (natural is not None and natural.enough)
    return judged and not _controls_passed(control, n_control, natural)


def _controls_passed(control: float, n_control: int, natural: Control | None) -> bool:
    return (n_control >= MIN_CONTROLS and control >= MIN_CONTROL) or (natural is not None and natural.passed)


def _n_controls(a: Asked) -> int:
    """Replies of the control that has most of them, among those that can be judged."""
    return max(a.n_control, a.natural.n if a.natural is not None and a.natural.enough else 0)


def of_best(say: Say) -> Asked:
    """The elicitation of the best rung; the primary one for log-probabilities of the plain forms."""
    return next((a for a in say.asked if a.name == form_of(say.rung)), say.words)


def controls(say: Say) -> int:
    """Positive controls of the primary report, or of whichever other valid one has most."""
    others = [*(_n_controls(a) for a in say.asked if proven(a)), *(r.n for r in say.read_outs if r.shown)]
    return max([_n_controls(say.words), *others])


def valid_formats(say: Say) -> list[str]:
    """The other forms and read-outs of log-probabilities that a positive control shows to work, by name."""
    return [*(a.name for a in say.asked if proven(a)), *(r.name for r in say.read_outs if r.shown)]


def fine_scale(say: Say) -> bool:
    """Whether the report, like the probe, ranks the items in fine steps: its log-probabilities do better than words, or
    words are no report at all."""
    return say.graded or only_read_outs(say)


def only_read_outs(say: Say) -> bool:
    """Whether log-probabilities are all that can be taken for a report: the words are none in any form."""
    words = usable(say.words)[0] or any(proven(a) for a in say.asked)
    return not words and any(r.shown for r in say.read_outs)


def proven(a: Asked) -> bool:
    """Whether an elicitation is usable, and a positive control or its own score has shown it."""
    shown = _controls_passed(a.control, a.n_control, a.natural) or (a.above_chance and _n_controls(a) >= MIN_CONTROLS)
    return usable(a)[0] and shown


def usable(a: Asked) -> tuple[bool, str]:
    """Whether something can be said in this format, and every fact that speaks to it."""
    failed, facts = unusable_report(a.coverage, a.control, a.n_control, a.natural)
    if failed and a.above_chance and a.coverage["answered"] >= MIN_PARSED:
        failed, facts = False, f"{facts}, but the words are significantly above chance, so they are a report"
    if a.constant >= CONSTANT:
        facts += f'; {a.constant:.0%} of the answers say "{a.said}"'
        if (other := _other_shown(a)) >= MIN_CONTROL:
            facts += (
                f"; in controls, other answers came back in {other:.0%} of the prompts, so it can say something else"
            )
        else:
            failed = True
            facts += ", and no control shows that it can give another, so a report in this form carries no information"
    return not failed, facts


def _other_shown(a: Asked) -> float:
    """The share of answers other than the commonest report that came back: in the natural control where it passed, else
    in the planted one."""
    natural = a.natural.other if a.natural is not None and a.natural.passed else np.nan
    return a.control_other if np.isnan(natural) or a.control_other >= natural else natural


def controls_shown(say: Say) -> list[dict]:
    """Every positive control that was asked, as rows of verdicts.json: `form`, `control` (planted or natural), `read`
    (words or log-probabilities), `metric`, `score`, `n` and `passed`, None where there are too few to judge.

    Of words, `score` is the share of the stated answers that came back; the natural control has to reach the bound
    averaged over its answers too (`balanced`, nan elsewhere). Of log-probabilities it is the report's own metric.
    """
    return [row for a in (say.words, *say.asked) for row in _word_controls(a)] + [
        _row(r.name, kind, "log-probabilities", r.metric, control, control.score)
        for r in say.read_outs
        for kind, control in (("planted", r.planted), ("natural", r.natural))
        if control is not None
    ]


def _word_controls(a: Asked) -> list[dict]:
    found, share = [], "share that came back"
    if a.n_control:
        passed = a.control >= MIN_CONTROL if a.n_control >= MIN_CONTROLS else None
        found.append({"form": a.name, "control": "planted", "read": "words", "metric": share, "score": a.control,
                      "balanced": np.nan, "n": a.n_control, "passed": passed})  # fmt: skip
    if a.natural is not None:
        found.append(_row(a.name, "natural", "words", share, a.natural, a.natural.accuracy, a.natural.balanced))
    return found


def _row(
    form: str, kind: str, read: str, metric: str, control: Control | ToldApart, score: float, balanced: float = np.nan
) -> dict:
    return {
        "form": form, "control": kind, "read": read, "metric": metric, "score": score, "balanced": balanced,
        "n": control.n, "passed": control.passed if control.enough else None,
    }  # fmt: skip


def unusable_report(
    coverage: dict[str, float | None], control: float, n_control: int, natural: Control | None = None
) -> tuple[bool, str]:
    """Whether the replies alone show that nothing can be said in this format, and the facts.

    coverage: shares of the outcomes; null or nan where there is no reply at all, which shows nothing.
    """
    if coverage["answered"] is None or np.isnan(coverage["answered"]):
        return False, "there is no reply to the report prompt"
    facts = f"{coverage['answered']:.0%} of the reports are readable answers; "
    planted = n_control >= MIN_CONTROLS
    facts += f"{n_control} positive controls were asked, and {MIN_CONTROLS} are needed" if not planted else (
        f"planted control: the stated answer came back in {control:.0%} of {n_control} prompts"
        + ", which failed" * (natural is not None and natural.enough and control < MIN_CONTROL)
    )  # fmt: skip
    if natural is not None and natural.enough:
        facts += f"; {natural.told}" + ", which failed" * (planted and not natural.passed)
    failed = coverage["answered"] < MIN_PARSED or _controls_failed(control, n_control, natural)
    return bool(failed), facts
