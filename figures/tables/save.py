"""A table in three forms: CSV with numbers in full, Markdown and LaTeX rounded by their interval.

In: a `Table` and a folder. Out: the files; one LaTeX file per page of the table.
"""

from pathlib import Path

from tacit.figures.tables.latex import as_latex, pages
from tacit.figures.tables.table import Table, as_markdown
from tacit.files import write_csv, write_text


def save_table(table: Table, folder: Path | str, *, origin: str = "") -> list[Path]:
    """Write `<name>.csv`, `.md` and `.tex`, and `<name>-page2.tex`, … for further pages; return the paths."""
    folder = Path(folder)
    parts = [write_text(folder / f"{part.name}.tex", as_latex(part, origin=origin)) for part in pages(table)]
    return [
        write_csv(folder / f"{table.name}.csv", table.data),
        write_text(folder / f"{table.name}.md", as_markdown(table)),
        *parts,
    ]
