"""Whether a report can be interpreted: coverage, constancy and positive controls of each elicitation.

In: what `Evidence` holds of the elicitations. Out: a judgement and the facts that speak to it.
"""

import numpy as np

from tacit.probes.verdicts.evidence import Asked, Say
from tacit.thresholds import CONSTANT, MIN_CONTROL, MIN_CONTROLS, MIN_PARSED


def control_failed(a: Asked) -> bool:
    """Whether enough positive controls were asked, too few planted answers came back, and the words are not shown to
    be above chance: words that tell the truth are a report, whatever the model makes of a planted answer."""
    return a.n_control >= MIN_CONTROLS and a.control < MIN_CONTROL and not a.above_chance


def controls(say: Say) -> int:
    """Positive controls of the primary report, or of whichever other valid one has most."""
    return max([say.words.n_control, *(a.n_control for a in say.asked if proven(a))])


def proven(a: Asked) -> bool:
    """Whether an elicitation is usable, and a positive control or its own score has shown it."""
    return usable(a)[0] and a.n_control >= MIN_CONTROLS and (a.control >= MIN_CONTROL or a.above_chance)


def usable(a: Asked) -> tuple[bool, str]:
    """Whether something can be said in this format, and every fact that speaks to it."""
    failed, facts = unusable_report(a.coverage, a.control, a.n_control)
    if failed and a.above_chance and a.coverage["answered"] >= MIN_PARSED:
        failed, facts = False, f"{facts}, but its words are significantly above chance, so they are a report"
    if a.constant >= CONSTANT:
        facts += f'; {a.constant:.0%} of the answers say "{a.said}"'
        if a.control_other >= MIN_CONTROL:
            facts += f"; other planted answers came back in {a.control_other:.0%}, so it can say something else"
        else:
            failed = True
            facts += ", and no control shows that it can give another: the report carries no information in this format"
    return not failed, facts


def unusable_report(coverage: dict[str, float | None], control: float, n_control: int) -> tuple[bool, str]:
    """Whether the replies alone show that nothing can be said in this format, and the facts.

    coverage: shares of the outcomes; null or nan where there is no reply at all, which shows nothing.
    """
    if coverage["answered"] is None or np.isnan(coverage["answered"]):
        return False, "there is no reply to the report prompt"
    facts = f"{coverage['answered']:.0%} of the reports are readable answers; "
    if np.isnan(control) or n_control < MIN_CONTROLS:
        return coverage["answered"] < MIN_PARSED, facts + f"{n_control} positive controls, {MIN_CONTROLS} are needed"
    facts += f"positive control: the planted answer came back in {control:.0%} of {n_control}"
    return bool(coverage["answered"] < MIN_PARSED or control < MIN_CONTROL), facts
