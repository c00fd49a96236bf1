"""Numbers to pages: figures, tables, a report and a summary. Reads finished numbers and computes no statistic."""

from tacit.errors import FigureError
from tacit.figures.drawing import style
from tacit.figures.drawing.save import save
from tacit.figures.inputs.count_rows import count_rows, count_targets
from tacit.figures.inputs.elicitation_rows import rung_rows
from tacit.figures.inputs.layer_rows import layer_rows
from tacit.figures.inputs.run_files import RunFiles, read_run, read_verdicts
from tacit.figures.inputs.verdict_rows import verdict_rows
from tacit.figures.pages import run_pages
from tacit.figures.plots import (
    agreement,
    count_errors,
    counts,
    cross_model,
    decomposition,
    elicitations,
    know_and_say,
    layers,
    learning_curve,
    positions,
    reliability,
    transfer,
)
from tacit.figures.publish import draw_models, draw_run
from tacit.figures.tables.latex import as_latex
from tacit.figures.tables.save import save_table
from tacit.figures.tables.table import Table, as_markdown
from tacit.figures.terminal.show import as_json, cached_summary, files, probed_summary, shown
from tacit.figures.terminal.summary import summary

__all__ = [
    "FigureError", "RunFiles", "Table", "agreement", "as_json", "as_latex", "as_markdown", "cached_summary",
    "count_errors", "count_rows", "count_targets", "counts", "cross_model", "decomposition", "draw_models", "draw_run",
    "elicitations", "files", "know_and_say", "layer_rows", "layers", "learning_curve", "positions", "probed_summary",
    "read_run", "read_verdicts", "reliability", "run_pages", "rung_rows", "save", "save_table", "shown",
    "style", "summary", "transfer", "verdict_rows",
]  # fmt: skip
