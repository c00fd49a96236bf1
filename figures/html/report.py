"""`report.html`: a whole run in one file that opens from disk, without a network or other files.

In: `RunFiles`, the figures as PNG, and the tables. Out: HTML. Figures are embedded, the items are JSON, and every text
from a model or a table is escaped by Jinja2 or set as text by the script: it is shown, never run. The page's content
security policy forbids anything that is not in the file.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tacit.figures.drawing import rounding, words
from tacit.figures.html.controls import controls
from tacit.figures.html.item_browser import as_json, browser_items
from tacit.figures.inputs.run_files import RunFiles
from tacit.figures.paper import methods
from tacit.figures.tables.table import Table
from tacit.names import NESTED, OUT_OF_RANGE, OUTCOMES

AUDITED = 10
"""Items of the audit on the page; `verdicts/audit.csv` has more."""
_TEMPLATES = Path(__file__).parent / "templates"


ZOOM = 960 / 1400
"""CSS pixels for each pixel of a picture; a figure as wide as a page of paper has 1400."""


@dataclass(frozen=True)
class Picture:
    """One figure on the page."""

    name: str
    caption: str
    png: bytes

    @property
    def source(self) -> str:
        """The picture itself, as a data URL."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")

    @property
    def width(self) -> int:
        """Width on the screen, CSS pixels: never more than the picture has, and texts are equally large in all."""
        return round(int.from_bytes(self.png[16:20], "big") * ZOOM)  # a PNG names its width there


def report_html(run: RunFiles, pictures: Sequence[Picture], tables: Sequence[Table]) -> str:
    """The page as HTML."""
    script, look = (_TEMPLATES / name for name in ("report.js", "report.css"))
    code = script.read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    items = browser_items(run)
    return environment.get_template("report.html").render(
        run=run, model=(run.manifest.get("model") or {}).get("id", ""),
        rows=[_verdict(one) | {"audit": _audit(run, one)} for one in run.verdicts],
        pictures=pictures, tables=tables, paragraphs=methods.methods(run), items=Markup(as_json(items)),
        n_items=items["n"], look=Markup(look.read_text(encoding="utf-8")), script=Markup(code),
        policy=_policy(code),
    )  # fmt: skip


def _policy(script: str) -> str:
    """The content security policy: only this script and the embedded pictures; nothing is loaded, sent or framed."""
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'"
    )


def _verdict(one) -> dict:
    """The texts and numbers of one verdict."""
    return {
        "target": words.plain(one.get("target")), "condition": words.one_line(one.get("condition")),
        "verdict": words.verdict(one.get("verdict")), "kind": words.one_line(one.get("verdict")),
        "level": words.level(one.get("level")), "sentence": words.one_line(one.get("sentence")),
        "reasons": [words.one_line(reason) for reason in one.get("reasons") or []],
        "conditions": [_condition(each) for each in one.get("conditions") or []],
        "metric": words.metric(one.get("metric")),
        "limits": [words.one_line(line) for line in one.get("limits") or []],
        "beside": _further_sentences(one), "know": _score(one, "probe"), "say": _score(one, "report"),
        "controls": controls(one),
        "gap": _score(one, "gap", signed=True), "answered": _answered(one.get("coverage_by_class") or {}),
    }  # fmt: skip


_ENDS = ("", "_lower", "_upper")
_HELD = {True: "holds", False: "fails"}
_ABOUT = {
    "about itself": "So the report is about this model in particular: the model scores significantly above chance when"
    " asked about itself, and significantly better than when asked about a typical model.",
    "not about itself": "So the report is not about this model in particular: the model gives the same answer for at"
    " least 90 % of the items when asked about a typical model.",
    "undecided": "It remains undecided whether the report is about this model in particular. To show that it is, the"
    " answers about itself would have to score significantly above chance and above the answers about a typical model."
    " To show that it is not, the interval of the agreement would have to lie above 90 %, with 59 groups or more.",
}
"""Value of `about` in `framing` → its meaning and reason."""
_LOST = {
    "never arrived": "The label is decodable at the object prompt, where the model acts, but not at the report prompt,"
    " where it is asked.",
    "arrived and unsaid": "The label is decodable at the report prompt, but the model does not say it there.",
    "arrived in part, and unsaid": "The label is decodable at the report prompt, although less well than at the object"
    " prompt, and the model does not say it there.",
    "arrived and said": "The label is decodable at the report prompt, and the model says it there.",
    "arrived and said reversed": "The label is decodable at the report prompt, and the model says the opposite there.",
    "decodable at the report prompt only": "The label is decodable at the report prompt, but not at the object prompt.",
    "nowhere": "The label is decodable neither at the object prompt nor at the report prompt.",
    "undecided": "It remains undecided whether the information is lost before the report prompt or after it.",
}
"""Value of `step` in `localisation` → its meaning."""


def _score(one, name: str, *, signed: bool = False) -> str:
    """The number `name` of `one` with its interval."""
    limits = [float(one.get(name + end) if one.get(name + end) is not None else "nan") for end in _ENDS]
    return rounding.with_interval(*limits, signed=signed)


def _further_sentences(one) -> list[str]:
    """Sentences on the verdict's probe, on where the information is lost, and on whether the report is about itself."""
    lost = words.one_line((one.get("localisation") or {}).get("step"))
    said = [_LOST.get(lost, f"From the object prompt to the report: {lost}.")] if lost else []
    spread, framing = _refits(one.get("refits") or {}), _framing(one.get("framing") or {})
    return [*_probe(one.get("probe_method")), *spread, *said, *_floors(one), *framing]


def _refits(spread) -> list[str]:
    """The spread of know over other fold assignments, which its interval leaves out."""
    if not rounding.is_number(spread.get("sd")):
        return []
    mean, sd, least, most = (rounding.number(spread[name]) for name in ("mean", "sd", "least", "most"))
    at = f"{words.one_line(spread.get('site'))} prompt, layer {spread.get('layer')}"
    return [
        f"Refitted on {spread['n']} other assignments of groups to folds ({at}), the probe scores {mean} on average"
        f" (standard deviation {sd}, {least} to {most}). The interval of know does not include this variation."
    ]


def _floors(one) -> list[str]:
    """What the words have over always saying the commonest truth, and the best rung's score by chance."""
    said, mode = [], one.get("against_mode") or {}
    if rounding.is_number(mode.get("report_minus_mode")):
        names = " or ".join(f"“{words.one_line(name)}”" for name in mode.get("mode") or [])
        right, fixed, more = (_score(mode, name) for name in ("report_right", "mode_right", "report_minus_mode"))
        said.append(
            f"{_percent(mode.get('compliance') or 0.0)} of the replies are readable answers. The words are right for a"
            f" share of {right} of the items; always giving the most frequent label, {names}, would be right for"
            f" {fixed} (difference {more})."
        )
    best = next((r for r in one.get("rungs") or [] if r.get("rung") == one.get("report_rung")), {})
    if rounding.is_number(best.get("permuted")):
        mean, high = (rounding.number(best[name]) for name in ("permuted", "permuted_q975"))
        said.append(
            f"If its replies are permuted between groups, the best report scores {mean} on average (97.5th percentile"
            f" {high})."
        )
    return said


def _probe(method: object) -> list[str]:
    """A sentence that names the probe whose score is `know`, as in the tables."""
    name = words.one_line(method)
    if not name:
        return []
    choice, _, site = name.partition(" ")
    if choice != NESTED:
        return [f"Know is the score of the probe called “{name}” in the tables."]
    where = f"at the {site} prompt" if site else "whose site and layer were chosen on inner folds"
    return [f"Know is the score of the probe {where} (“{name}” in the tables)."]


def _framing(framed) -> list[str]:
    """Answers about the model itself compared with answers about a typical model: scores, agreement, conclusion."""
    said = []
    if rounding.is_number(framed.get("difference")):
        you, typical, apart = (_score(framed, name) for name in ("you", "typical", "difference"))
        asked = f"Asked about itself, the model scores {you}; asked about a typical model, {typical}"
        said.append(f"{asked} (difference {apart}).")
    if rounding.is_number(framed.get("agreement")):
        same = [100 * framed[f"agreement{end}"] for end in _ENDS if rounding.is_number(framed.get(f"agreement{end}"))]
        limits = f" [{same[1]:.0f}, {same[2]:.0f}]" if len(same) == 3 else ""
        said.append(f"The two answers are the same for {same[0]:.0f} %{limits} of the items answered both times.")
    if said and framed.get("about"):
        about = words.one_line(framed["about"])
        said.append(_ABOUT.get(about, f"Whether the report is about the model itself: {about}."))
    return [" ".join(said)] if said else []


def _answered(coverage) -> dict:
    """Outcomes of the reports by true class: rows of shares, and one line with the lowest and highest share.

    Out of range is listed only where it occurs. `uneven` if some reports about a class have no answer; the page then
    shows the rows unfolded.
    """
    outcomes = [o for o in OUTCOMES if o != OUT_OF_RANGE or any(shares.get(o) for shares in coverage.values())]
    rows = [
        [words.one_line(name), *(_percent(shares.get(outcome, 0.0)) for outcome in outcomes)]
        for name, shares in coverage.items()
    ]
    if not rows:
        return {}
    least, most = (pick(coverage, key=lambda name: coverage[name].get("answered", 0.0)) for pick in (min, max))
    low, high = (coverage[name].get("answered", 0.0) for name in (least, most))
    spread = f"{_percent(low)} of “{words.one_line(least)}” to {_percent(high)} of “{words.one_line(most)}”"
    line = f"{_percent(low)} of each class" if low == high else spread
    return {
        "outcomes": outcomes,
        "rows": rows,
        "line": f"Replies that are answers, by true class: {line}",
        "uneven": low < 1,
    }


def _percent(share: float) -> str:
    """A share in whole percent; 0 and 100 only if exact."""
    if 0 < share < 0.005 or 0.995 <= share < 1:
        return "<1 %" if share < 0.5 else ">99 %"
    return f"{100 * share:.0f} %"


def _audit(run: RunFiles, one) -> list[list[str]]:
    """Items whose labels should be checked first: item, label, what probe and report say, text, and why."""
    table = run.tables.get("audit")
    if table is None:
        return []
    mine = table[(table["target"] == one.get("target")) & (table["condition"] == one.get("condition"))]
    columns = ["item_id", "label", "probe_says", "report_says", "surface", "why"]
    return [[words.one_line(cell) for cell in row] for row in mine[columns].head(AUDITED).astype(str).values.tolist()]


def _condition(each) -> dict:
    open_ = "undecided" if each.get("tried") else "not tested"
    return {name: words.one_line(each.get(name)) for name in ("level", "condition", "evidence")} | {
        "held": _HELD.get(each.get("held"), open_)
    }
