"""The positive controls of every report, as rows of the page: planted and natural, of words and of log-probabilities.

In: a verdict. Out: texts. A planted control says which answer is right, a natural one states a fact that implies it.
"""

from collections.abc import Mapping

from tacit.figures.drawing import rounding, words
from tacit.figures.inputs.elicitation_rows import SHORT, form, wording

_RESULT = {True: "passed", False: "failed"}


def controls(one: Mapping) -> dict:
    """`rows`, the line above them, and whether some control failed; {} where none was asked."""
    found = one.get("controls") or []
    if not found:
        return {}
    passed, failed = (sum(each.get("passed") is result for each in found) for result in (True, False))
    few = len(found) - passed - failed
    line = f"Positive controls: {passed} passed, {failed} failed" + f", {few} with too few prompts to judge" * bool(few)
    return {"rows": [_row(each) for each in found], "line": line, "failed": failed > 0}


def _row(each: Mapping) -> dict:
    name = SHORT.get(each["form"], each["form"])
    score, balanced = rounding.number(each["score"]), each.get("balanced")
    if rounding.is_number(balanced):
        score += f" ({rounding.number(balanced)} averaged over the answers)"
    measured = each["metric"] if each["read"] == "words" else words.metric(each["metric"])
    return {
        "form": words.one_line(" ".join(filter(None, (form(name), wording(name))))),
        "control": words.one_line(each["control"]), "read": words.one_line(each["read"]),
        "metric": words.one_line(measured), "score": score, "n": each["n"],
        "result": _RESULT.get(each.get("passed"), "too few to judge"),
    }  # fmt: skip
