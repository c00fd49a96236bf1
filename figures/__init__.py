"""Numbers into pages: figures, tables and a summary. Computes no statistic; reads finished numbers and draws them."""

from figures import counts, dumbbell, layers, style
from figures.count_rows import count_rows, count_targets
from figures.layer_rows import layer_rows
from figures.pages import draw_run
from figures.save import save
from figures.summary import summary
from figures.tables import as_latex, as_markdown, save_verdicts
from figures.verdict_rows import verdict_rows

__all__ = [
    "as_latex", "as_markdown", "count_rows", "count_targets", "counts", "draw_run", "dumbbell", "layer_rows", "layers",
    "save", "save_verdicts", "style", "summary", "verdict_rows",
]  # fmt: skip
