"""Every elicitation, one row each: its form, its score with interval, and how replies were parsed.

In: scores, the entries of `probes.json` and the verdicts of a run. Out: the table behind the figure `rungs` and the
table `rungs-table`. A form is a rung with its framing and context (`choice, you`); its paraphrases are rows of it.
"""

import math
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from tacit.figures.inputs.layer_rows import clean_scores
from tacit.names import BEST, OUT_OF_RANGE
from tacit.probes.data.rung_names import CALIBRATED, KIND, form_of, is_mapped

COLUMNS = (
    "target", "condition", "form", "elicitation", "fitted", "metric", "value", "lower", "upper", "n", "answered",
    "refused", "unreadable", "constant", "control", "chance",
)  # fmt: skip
PRIMARY, TUNED = "choice/you/0", "tuned"
READ_OUT = " logits"
"""Suffix for an elicitation that was scored by the log-probabilities of its answers: `shots4/you/0 logits`."""
SHORT = {"said": PRIMARY}
"""Methods with a special name, and the elicitations that they are."""
_READ = "log-probabilities"
_FORMS = {"logits": _READ, "logits median": f"{_READ}, median", BEST: "best of all", TUNED: "tuned on labels"}
_RUNGS = {
    "free": "free text", "choice": "choice", "number": "number, 0–100", "logits": _READ,
    "shots4": "4 examples", "shots16": "16 examples", "reason": "reason first", "prefill": "reply begun",
}  # fmt: skip
_OUTCOMES = ("answered", "refused", "unreadable", OUT_OF_RANGE)


def rung_rows(scores: pd.DataFrame, entries: Iterable[Mapping], verdicts: pd.DataFrame) -> pd.DataFrame:
    """One row per target, condition and report method, in the metric of the verdict.

    The column "out of range" is there only if some replies were.
    """
    table, asked = clean_scores(scores), _asked(entries)
    metric = {(r["target"], r["condition"]): r for _, r in verdicts.iterrows()}
    rows = []
    for _, row in table[table["kind"] == "report"].iterrows():
        place = (row["target"], row["condition"])
        verdict = metric.get(place)
        if verdict is not None and verdict["metric"] and row["metric"] != verdict["metric"]:
            continue
        name = row["method"].removesuffix(CALIBRATED)
        name = SHORT.get(name, name)
        entry = asked.get((*place, name)) or (_primary(verdict) if name == PRIMARY and verdict is not None else {})
        shown = {k: row[k] for k in ("target", "condition", "metric", "value", "lower", "upper", "n")}
        fitted = is_mapped(row["method"])
        chance = {"chance": verdict["chance"] if verdict is not None else math.nan}
        rows.append(shown | {"form": form(name), "elicitation": name, "fitted": fitted} | _facts(entry) | chance)
    rows += _tuned(verdicts)
    wild = [OUT_OF_RANGE] if any(row[OUT_OF_RANGE] > 0 for row in rows) else []
    found = pd.DataFrame(rows, columns=[*COLUMNS, *wild])
    found = found.drop_duplicates(["target", "condition", "elicitation", "fitted"])
    last = found["elicitation"].map({BEST: 1, TUNED: 2}).fillna(0)
    order = found.groupby(["target", "condition"], sort=False).ngroup() * 3 + last
    return found.loc[order.sort_values(kind="stable").index].reset_index(drop=True)


def _tuned(verdicts: pd.DataFrame) -> Iterator[dict]:
    """The report after a soft prompt, scored by `compare`; it is not among the rungs from which the best is chosen."""
    for _, verdict in verdicts.iterrows():
        if math.isfinite(verdict.get(TUNED, math.nan)):
            shown = {k: verdict[k] for k in ("target", "condition", "metric", "n", "chance")}
            score = {"value": verdict[TUNED], "lower": verdict[f"{TUNED}_lower"], "upper": verdict[f"{TUNED}_upper"]}
            yield shown | score | {"form": form(TUNED), "elicitation": TUNED, "fitted": True} | _facts({})


def form(name: str) -> str:
    """`choice/you/after/0` → `choice, you, after`; other names of reports have their own wording."""
    if "/" in name and name.endswith(KIND):
        return f"{form(name.removesuffix(f' {KIND}'))}, {KIND}"
    if "/" not in name:
        return _FORMS.get(name, name)
    rung, framing, *rest = name.removesuffix(READ_OUT).split("/")
    kept = [part for part in rest if not part.isdecimal()] + [_READ] * name.endswith(READ_OUT)
    return ", ".join([_RUNGS.get(rung, rung), framing, *kept])


def wording(name: str) -> str:
    """The number of the paraphrase, `choice/you/after/2` → `2`; "" for a name that is not an elicitation."""
    return form_of(name).rpartition("/")[2] if "/" in name else ""


def _asked(entries: Iterable[Mapping]) -> dict[tuple, Mapping]:
    """The entry of `probes.json` for each elicitation of each target and condition."""
    return {
        (entry.get("target"), entry.get("condition"), report.get("name")): report
        for entry in entries
        for report in entry.get("reports") or []
    }


def _primary(verdict: pd.Series) -> dict:
    """The coverage and positive control of the primary report, which are in every verdict."""
    return {"coverage": {name: verdict[name] for name in _OUTCOMES}, "control": verdict["control_accuracy"]}


def _facts(entry: Mapping) -> dict:
    coverage = entry.get("coverage") or {}
    coverage = {OUT_OF_RANGE: 0.0} | coverage if coverage else {}
    total = sum(v for v in coverage.values() if isinstance(v, (int, float)))
    scale = total if total > 1.001 else 1.0  # counts or shares
    facts = {name: _number(coverage.get(name)) / scale for name in _OUTCOMES}
    return facts | {name: _number(entry.get(name)) for name in ("constant", "control")}


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan
