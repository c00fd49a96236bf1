"""Numbers into pages: figures, tables, a report and a summary. Computes no statistic; reads finished numbers."""

from figures import (
    agreement,
    count_errors,
    counts,
    curve,
    decomposition,
    dumbbell,
    layers,
    positions,
    predictors,
    reliability,
    rungs,
    style,
    transfer,
)
from figures.count_rows import count_rows, count_targets
from figures.errors import FigureError
from figures.latex_tables import as_latex
from figures.layer_rows import layer_rows
from figures.pages import run_pages
from figures.publish import draw_models, draw_run
from figures.run_files import RunFiles, read_run, read_verdicts
from figures.rung_rows import rung_rows
from figures.save import save, save_csv
from figures.show import as_json, cached_summary, files, probed_summary, shown
from figures.summary import summary
from figures.table_files import save_table
from figures.tables import Table, as_markdown
from figures.verdict_rows import verdict_rows

__all__ = [
    "FigureError", "RunFiles", "Table", "agreement", "as_json", "as_latex", "as_markdown", "cached_summary",
    "count_errors", "count_rows", "count_targets", "counts", "curve", "decomposition", "draw_models", "draw_run",
    "dumbbell", "files", "layer_rows", "layers", "positions", "predictors", "probed_summary", "read_run",
    "read_verdicts",
    "reliability", "run_pages", "rung_rows", "rungs", "save", "save_csv", "save_table", "shown", "style", "summary",
    "transfer", "verdict_rows",
]  # fmt: skip
