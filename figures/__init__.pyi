from .drawing import style as style
from .drawing.save import save as save
from .inputs.count_rows import count_rows as count_rows
from .inputs.count_rows import count_targets as count_targets
from .inputs.elicitation_rows import rung_rows as rung_rows
from .inputs.layer_rows import layer_rows as layer_rows
from .inputs.run_files import FigureError as FigureError
from .inputs.run_files import RunFiles as RunFiles
from .inputs.run_files import read_run as read_run
from .inputs.run_files import read_verdicts as read_verdicts
from .inputs.verdict_rows import verdict_rows as verdict_rows
from .pages import run_pages as run_pages
from .plots import agreement as agreement
from .plots import count_errors as count_errors
from .plots import counts as counts
from .plots import cross_model as cross_model
from .plots import decomposition as decomposition
from .plots import elicitations as elicitations
from .plots import know_and_say as know_and_say
from .plots import layers as layers
from .plots import learning_curve as learning_curve
from .plots import positions as positions
from .plots import reliability as reliability
from .plots import transfer as transfer
from .publish import draw_models as draw_models
from .publish import draw_run as draw_run
from .tables.latex import as_latex as as_latex
from .tables.save import save_table as save_table
from .tables.table import Table as Table
from .tables.table import as_markdown as as_markdown
from .terminal.cost import cost_summary as cost_summary
from .terminal.show import as_json as as_json
from .terminal.show import cached_summary as cached_summary
from .terminal.show import files as files
from .terminal.show import probed_summary as probed_summary
from .terminal.show import shown as shown
from .terminal.summary import summary as summary

__all__ = [
    "FigureError", "RunFiles", "Table", "agreement", "as_json", "as_latex", "as_markdown", "cached_summary",
    "cost_summary", "count_errors", "count_rows", "count_targets", "counts", "cross_model", "decomposition",
    "draw_models", "draw_run", "elicitations", "files", "know_and_say", "layer_rows", "layers", "learning_curve",
    "positions", "probed_summary",
    "read_run", "read_verdicts", "reliability", "run_pages", "rung_rows", "save", "save_table", "shown",
    "style", "summary", "transfer", "verdict_rows",
]  # fmt: skip
