"""What a verb prints at its end and `tacit show` prints again: the result, where it is, and what to type next.

In: a run's folder. Out: text for a terminal, or JSON for a program. Reads only files that the verbs have written.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from tacit.errors import FigureError
from tacit.figures.drawing import rounding, words
from tacit.figures.inputs.layer_rows import clean_scores
from tacit.figures.inputs.run_files import read_verdicts
from tacit.figures.terminal.summary import summary
from tacit.names import BEST, FIGURES, NESTED, VERDICTS, VERDICTS_FILE

_PAGES = ("report.html", "numbers.tex", "methods.tex")


def shown(folder: Path | str, *, width: int = 96, why: bool = False) -> str:
    """The verdicts of a run as a page of text, with its files. Raises FigureError for a run not yet compared."""
    folder = Path(folder)
    more = "" if why else f"  Reasons: tacit show {folder.name} --why"
    return f"{summary(read_verdicts(folder), width=width, why=why)}\n\n{files(folder)}{more}"


def files(folder: Path | str) -> str:
    """Where a run's pages and verdicts are; the pages to open first are named."""
    out, verdicts = Path(folder) / FIGURES, Path(folder) / VERDICTS / VERDICTS_FILE
    there = [name for name in _PAGES if (out / name).is_file()]
    tables = [path for path in out.glob("*.md") if path.stem != "methods"]
    counts = ((len(list(out.glob("*.pdf"))), "figure"), (len(tables), "table"))
    found = ", ".join(f"{n} {name}{'s' * (n != 1)}" for n, name in counts)
    return f"{out}/: {', '.join([*there, found])}. Verdicts: {verdicts}."


def as_json(folder: Path | str) -> str:
    """The run's verdicts and files for a program: strict JSON. Raises FigureError for a run not yet compared."""
    folder = Path(folder)
    verdicts = read_verdicts(folder)
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*") if path.is_file())
    found = {"run": folder.name, "verdicts": verdicts, "files": [p for p in paths if not p.startswith("activations/.")]}
    try:
        return json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise FigureError(
            f"{folder / VERDICTS / VERDICTS_FILE} is not strict JSON. Run: tacit compare {folder.name}"
        ) from None


def cached_summary(folder: Path | str) -> str:
    """What `cache` has written: for each target and condition, the number of items and the sites."""
    folder = Path(folder)
    path = folder / "activations/manifest.json"
    if not path.is_file():
        raise FigureError(f"{path} is missing. Run: tacit cache {folder.name}")
    facts = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        [words.one_line(each.get("target")), words.one_line(each.get("condition")), str(each.get("n_items", "")),
         ", ".join(each.get("sites") or [])]
        for each in facts.get("entries") or [] if each.get("sites")
    ]  # fmt: skip
    lines = table_lines(("target", "condition", "items", "sites"), rows)
    return "\n".join([*lines, "", f"{path.parent}/. Next: tacit probe {folder.name}"])


def probed_summary(folder: Path | str) -> str:
    """What `probe` has written: for each target and condition, the nested score, the best report, site and layer."""
    folder = Path(folder)
    path = folder / "probes/scores.csv"
    if not path.is_file():
        raise FigureError(f"{path} is missing. Run: tacit probe {folder.name}")
    scores = clean_scores(pd.read_csv(path))
    rows = [_probed(place, part) for place, part in scores.groupby(["target", "condition"], sort=False)]
    heads = ("target", "condition", "metric", "know [95 % interval]", "say, best", "site, layer")
    lines = table_lines(heads, rows) if rows else ["Nothing could be probed; the lines above say why."]
    return "\n".join([*lines, "", f"{path.parent}/. Next: tacit compare {folder.name}"])


def _probed(place: tuple, part: pd.DataFrame) -> list[str]:
    know, say = (_first(part, method) for method in (NESTED, BEST))
    read = f"{know['site']} {know['layer']:.0f}" if know and know["layer"] >= 0 else rounding.MISSING
    score = rounding.with_interval(*(know[c] for c in ("value", "lower", "upper"))) if know else rounding.MISSING
    said = rounding.alone(*(say[c] for c in ("value", "lower", "upper"))) if say else rounding.MISSING
    metric = words.metric(know["metric"] if know else part["metric"].iloc[0])
    return [*(words.one_line(name) for name in place), metric, score, said, read]


def _first(part: pd.DataFrame, method: str) -> Mapping:
    found = part[part["method"] == method]
    return found.iloc[0].to_dict() if len(found) else {}


def table_lines(heads: tuple[str, ...], rows: list[list[str]], *, most: int = 32) -> list[str]:
    """Lines of a plain table, columns two blanks apart; a cell longer than `most` is cut in its middle."""
    cells = [[words.fit_cells(cell, most) for cell in row] for row in rows]
    widths = [max(words.cells(row[i]) for row in [list(heads), *cells]) for i in range(len(heads))]
    body = [list(heads), ["─" * width for width in widths], *cells]
    return ["  ".join(words.pad(c, w) for c, w in zip(row, widths, strict=True)).rstrip() for row in body]
