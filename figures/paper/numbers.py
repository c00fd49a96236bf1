"""`numbers.tex`: a LaTeX macro for every number of a run, so that no number in a paper is copied by hand.

In: verdicts. Out: LaTeX. `\\tacitKnowledgeLockedGap` is the gap of the target `knowledge` in the condition `locked`,
`\\tacitKnowledgeLockedGapCI` its interval. LaTeX allows letters only, so digits are spelled out: `gpt2` is `GptTwo`.
If two names would be equal, the later one gets a letter at its end.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping

from tacit.figures.drawing import rounding, words
from tacit.figures.drawing.latex_escape import latex
from tacit.figures.inputs.verdict_rows import COVERAGE, verdict_rows
from tacit.names import OUT_OF_RANGE

_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_SCORES = {"Know": "probe", "Say": "report", "Gap": "gap", "Tuned": "tuned"}
_TEXTS = {"Verdict": "verdict", "Level": "level", "Metric": "metric", "Rung": "report_rung", "Site": "site"}
_WHOLE = {"N": "n", "Groups": "n_groups", "Layer": "layer", "Both": "both", "KnowOnly": "probe_only",
          "SayOnly": "report_only", "Neither": "neither"}  # fmt: skip
_SHARES = {"Answered": "answered", "Refused": "refused", "Unreadable": "unreadable", "OutOfRange": OUT_OF_RANGE,
           "Control": "control_accuracy"}  # fmt: skip
_MORE = {
    "GapP": "gap_p",
    "NullP": "null_p",
    "HolmP": "holm_p",
    "McNemarP": "mcnemar_midp",
    "DetectableGap": "detectable_gap",
    "Margin": "margin",
}


def macros(verdicts: Iterable[Mapping]) -> dict[str, str]:
    """Macro name (without backslash) → LaTeX text, for every figure of every verdict; undefined ones are a dash."""
    out: dict[str, str] = {}
    for one in verdicts:
        start = "tacit" + camel(one.get("target")) + camel(one.get("condition"))
        for name, text in _figures(one):
            out[_free(start + name, out)] = text
    return out


def numbers_tex(verdicts: Iterable[Mapping], *, origin: str) -> str:
    """The file: one `\\newcommand` a line. origin: what the numbers came from, written as a comment."""
    lines = [
        f"% {words.one_line(origin)}",
        "% \\input this file, then write \\tacit<Target><Condition><Quantity> for each number of the paper.",
    ]
    lines += [f"\\newcommand{{\\{name}}}{{{text}}}" for name, text in macros(verdicts).items()]
    return "\n".join([*lines, ""])


def camel(name: object) -> str:
    """`token_count` → `TokenCount`; digits are spelled out, and a character that is no Latin letter is left out."""
    spelled = re.sub(r"[0-9]", lambda digit: f" {_DIGITS[int(digit[0])]} ", words.one_line(name))
    return "".join(part[0].upper() + part[1:] for part in re.findall(r"[A-Za-z]+", spelled))


def _figures(one: Mapping) -> Iterator[tuple[str, str]]:
    row = verdict_rows([one]).iloc[0]
    for name, key in _SCORES.items():
        yield from _with_interval(name, *(row[key + end] for end in ("", "_lower", "_upper")), signed=name == "Gap")
    for name, key in _TEXTS.items():
        text = words.metric(row[key]) if key == "metric" else words.verdict(row[key]) if key == "verdict" else row[key]
        yield name, latex(text) or "--"
    yield "Chance", latex(rounding.number(row["chance"]))
    for name, key in _WHOLE.items():
        yield name, f"{row[key]:.0f}" if math.isfinite(row[key]) else "--"
    for name, key in _SHARES.items():
        share = row[key] / _total(row) if key in COVERAGE else row[key]
        yield name, rf"{100 * share:.1f}\%" if math.isfinite(share) else "--"
    for name, key in _MORE.items():
        yield name, _small(one.get(key))
    yield "Crossing", f"{one['crossing']:.0f}" if math.isfinite(_number(one.get("crossing"))) else "--"
    yield from _further_numbers(one)
    for kind, title in (("rung", "Rung"), ("baseline", "Baseline"), ("step", "Step")):
        for each in one.get({"step": "decomposition"}.get(kind, f"{kind}s")) or []:
            score = "value" if kind == "step" else "score"
            limits = [
                _number(each.get(key)) for key in (score, *(f"{score}_{e}" if kind != "step" else e for e in _ENDS))
            ]
            yield from _with_interval(title + camel(each.get(kind)), *limits)


_ENDS = ("lower", "upper")


def _further_numbers(one: Mapping) -> Iterator[tuple[str, str]]:
    """Further numbers: where the information is lost, and whether the report is about the model itself."""
    lost, framed = one.get("localisation") or {}, one.get("framing") or {}
    for site in ("object_site", "report_site"):
        limits = [_number((lost.get(site) or {}).get(end)) for end in ("value", *_ENDS)]
        yield from _with_interval(camel(site.replace("_", " ")), *limits)
    yield "LosingStep", latex(lost.get("step")) or "--"
    for name in ("agreement", "typical"):
        limits = [_number(framed.get(key)) for key in (name, *(f"{name}_{end}" for end in _ENDS))]
        yield from _with_interval(f"Framing{name.capitalize()}", *limits)


def _total(row) -> float:
    """The sum of the outcomes, which are shares or counts."""
    total = sum(row[name] for name in COVERAGE)
    return total if total > 1.001 else 1.0


def _with_interval(name: str, value: float, lower: float, upper: float, *, signed: bool = False):
    """The value, and its interval under the same name with `CI`, rounded together."""
    text = rounding.with_interval(value, lower, upper, signed=signed)
    shown, _, limits = text.partition(" [")
    yield name, latex(shown)
    yield f"{name}CI", latex(f"[{limits}") if limits else "--"


def _small(value: object) -> str:
    """A probability or a difference: two decimals, three figures where it is small, an inequality near zero."""
    value = _number(value)
    if not math.isfinite(value):
        return "--"
    if 0 < value < 1e-4:
        return r"$<$0.0001"
    return latex(f"{value:.2g}" if abs(value) < 0.1 else f"{value:.2f}")


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan


def _free(name: str, taken: Mapping[str, str]) -> str:
    """`name`, with a letter at its end if it is already taken."""
    choice, letter = name, ord("B")
    while choice in taken:
        choice, letter = f"{name}{'Z' * ((letter - 65) // 26)}{chr(65 + letter % 65 % 26)}", letter + 1
    return choice
