"""The verdicts as a table for a paper: CSV with numbers in full, Markdown and booktabs LaTeX rounded by their interval.

In: rows of `verdict_rows`. Out: text, or three files. Every cell that came from a model, a table or a user is escaped
for the language it is written in. The LaTeX needs `\\usepackage{booktabs}` and nothing else.
"""

import math
import re
from pathlib import Path

import pandas as pd

from figures import rounding, words
from figures.save import save_csv, write_text

_HEADS = ("Target", "Condition", "Metric", "Chance", "Know", "Say", "Gap", "n", "Verdict")
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "[": "{[}", "]": "{]}", "*": "{*}", "-": "{-}", rounding.MINUS: "$-$", "–": "--", "ρ": r"$\rho$", "²": "$^2$",
    "±": r"$\pm$", "·": r"$\cdot$", "…": r"\ldots{}",
}  # fmt: skip


def latex(text: object) -> str:
    """`text` as LaTeX that prints it: nothing in it can be a command, an optional argument or a ligature."""
    return "".join(_LATEX.get(character, character) for character in words.one_line(text))


def markdown(text: object) -> str:
    """`text` as Markdown that prints it: nothing in it can be a link, emphasis, HTML or the end of a cell."""
    escaped = words.one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~!#$])", r"\\\1", escaped)


def _cells(row: pd.Series) -> list[str]:
    """What is printed of one verdict, before escaping."""
    know = rounding.with_interval(row["probe"], row["probe_lower"], row["probe_upper"])
    say = rounding.with_interval(row["report"], row["report_lower"], row["report_upper"])
    gap = rounding.with_interval(row["gap"], row["gap_lower"], row["gap_upper"], signed=True)
    n = f"{row['n']:.0f}" if math.isfinite(row["n"]) else rounding.MISSING
    names = [words.plain(row["target"]), words.one_line(row["condition"]), words.metric(row["metric"])]
    return [*names, rounding.number(row["chance"]), know, say, gap, n, words.verdict(row["verdict"])]


def as_markdown(rows: pd.DataFrame) -> str:
    """One Markdown table, a row per verdict."""
    sides = ["---:" if head in ("Chance", "n") else "---" for head in _HEADS]
    body = [[markdown(cell) for cell in _cells(row)] for _, row in rows.iterrows()]
    return "".join("| " + " | ".join(line) + " |\n" for line in [list(_HEADS), sides, *body])


def as_latex(rows: pd.DataFrame) -> str:
    """One booktabs `tabular`, a row per verdict, a rule between targets."""
    lines = ["% needs \\usepackage{booktabs}", "\\begin{tabular}{lllrlllrl}", "\\toprule"]
    lines += [" & ".join("$n$" if head == "n" else head for head in _HEADS) + r" \\", r"\midrule"]
    before = None
    for _, row in rows.iterrows():
        if before not in (None, row["target"]):
            lines.append(r"\addlinespace")
        before = row["target"]
        lines.append(" & ".join(latex(cell) for cell in _cells(row)) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def save_verdicts(rows: pd.DataFrame, folder: Path | str) -> list[Path]:
    """Write `verdicts.csv`, `verdicts.md` and `verdicts.tex` into `folder`; return their paths."""
    folder = Path(folder)
    return [
        save_csv(rows, folder / "verdicts.csv"),
        write_text(folder / "verdicts.md", as_markdown(rows)),
        write_text(folder / "verdicts.tex", as_latex(rows)),
    ]
