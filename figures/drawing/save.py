"""A figure and the table it was drawn from, written beside each other: PDF and PNG for the paper, CSV for the reader.

In: a figure, its table, a folder and a name. Out: three files. Each is written to a temporary sibling and then moved,
so that a reader never finds half a file; no date goes in, so that the same input gives the same bytes. A text cell that
a spreadsheet would run as a formula is written with an apostrophe before it, as OWASP advises ("CSV Injection"); a cell
that is a plain number stays as it is.
"""

import os
import re
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from tacit.figures.drawing import style

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_PDF = {"CreationDate": None, "Producer": None, "Creator": "tacit"}


def save(fig: Figure, table: pd.DataFrame, folder: Path | str, name: str) -> list[Path]:
    """Write `fig` as PDF and PNG (200 dpi) and `table` as CSV into `folder`; return the three paths."""
    folder = Path(folder)
    with style.paper():
        pdf = write(folder / f"{name}.pdf", lambda path: fig.savefig(path, format="pdf", metadata=_PDF))
        png = write(folder / f"{name}.png", lambda path: fig.savefig(path, format="png", metadata={"Software": None}))
    return [pdf, png, save_csv(table, folder / f"{name}.csv")]


def save_csv(table: pd.DataFrame, path: Path) -> Path:
    """Write `table` as CSV with numbers in full and texts that no spreadsheet runs."""
    return write_text(path, neutralised(table).to_csv(index=False, lineterminator="\n"))


def write_text(path: Path, text: str) -> Path:
    """Write `text` as UTF-8 with plain line ends; an unpaired surrogate becomes a question mark."""
    return write(path, lambda temporary: temporary.write_bytes(text.encode("utf-8", errors="replace")))


def write(path: Path, fill: Callable[[Path], object]) -> Path:
    """Let `fill` write a temporary sibling of `path`, then move it into place; leave nothing behind on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        fill(temporary)
        temporary.chmod(0o666 & ~_umask())  # mkstemp's own files are readable by their owner alone
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now


def neutralised(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with an apostrophe before each text, in cells and column names, that a spreadsheet would run."""
    safe = {str(name): [_safe(cell) for cell in table[name]] for name in table.columns}
    typed = {name: table[name].dtype.kind in "biufc" for name in table.columns}
    kept = {str(n): list(table[n]) if typed[n] else safe[str(n)] for n in table.columns}
    return pd.DataFrame({_safe(name): values for name, values in kept.items()})


def _safe(cell: object) -> object:
    if not isinstance(cell, str) or not cell.startswith(_FORMULA) or _is_number(cell):
        return cell
    return "'" + cell


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) is not None


def file_names(names: Iterable[str]) -> dict[str, str]:
    """A file name for each name: letters, digits, `-` and `_` only, cut to 60 characters, no two alike."""
    taken, out = set(), {}
    for name in dict.fromkeys(names):
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", str(name)).strip("-")[:60] or "unnamed"
        choice, count = stem, 2
        while choice.lower() in taken:  # some file systems do not tell capitals apart
            choice, count = f"{stem}-{count}", count + 1
        taken.add(choice.lower())
        out[name] = choice
    return out
