"""Save a figure together with the table that it was drawn from: PDF and PNG for the paper, CSV for the reader.

In: a figure, its table, a folder and a name. Out: three files, written by `tacit.files`: never half a file, and no cell
that a spreadsheet would run. They contain no date, so the same input gives the same bytes.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from tacit.figures.drawing import style
from tacit.files import write_csv, write_file

_PDF = {"CreationDate": None, "Producer": None, "Creator": "tacit"}
_PNG = {"Software": None}


def save(fig: Figure, table: pd.DataFrame, folder: Path | str, name: str) -> list[Path]:
    """Write `fig` as PDF and PNG (200 dpi) and `table` as CSV into `folder`; return the three paths."""
    folder = Path(folder)
    with style.paper():
        pdf = write_file(folder / f"{name}.pdf", lambda path: fig.savefig(path, format="pdf", metadata=_PDF))
        png = write_file(folder / f"{name}.png", lambda path: fig.savefig(path, format="png", metadata=_PNG))
    return [pdf, png, write_csv(folder / f"{name}.csv", table)]


def file_names(names: Iterable[str]) -> dict[str, str]:
    """A file name for each name: letters, digits, `-` and `_` only, at most 60 characters, all different."""
    taken, out = set(), {}
    for name in dict.fromkeys(names):
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", str(name)).strip("-")[:60] or "unnamed"
        choice, count = stem, 2
        while choice.lower() in taken:  # some file systems ignore case
            choice, count = f"{stem}-{count}", count + 1
        taken.add(choice.lower())
        out[name] = choice
    return out
