"""Every page of a run: figures by layer, know and say, counts, and the verdicts as tables.

In: the scores, items and verdicts of a run, and a folder. Out: the files written. A figure that would be higher than a
page goes on as many files as it takes, numbered from the second: `layers-behavior.pdf`, `layers-behavior-2.pdf`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from figures import counts, dumbbell, layers, style
from figures.count_rows import count_rows, count_targets
from figures.layer_rows import clean_scores, layer_rows
from figures.save import file_names, save
from figures.tables import save_verdicts
from figures.verdict_rows import verdict_rows


def draw_run(scores: pd.DataFrame, items: pd.DataFrame, verdicts: Iterable[Mapping], folder: Path | str) -> list[Path]:
    """Draw everything that the run has numbers for, and return the paths in the order written."""
    rows, folder = verdict_rows(verdicts), Path(folder)
    targets = list(dict.fromkeys(clean_scores(scores)["target"]))
    names, paths = file_names(targets), []
    if len(rows):
        paths += _save_all(_by_rows(rows), dumbbell.figure, folder, "know-and-say")
    for target in targets:
        table = layer_rows(scores, rows, target=target)
        per_page = 2 * max(1, int(style.PAGE_HEIGHT // layers.panel_height(table)))
        paths += _save_all(_by_conditions(table, per_page), layers.panels, folder, f"layers-{names[target]}")
    for target in count_targets(scores, items):
        table = count_rows(scores, items, target=target)
        per_page = 2 * int(style.PAGE_HEIGHT // counts.panel_height())
        paths += _save_all(_by_conditions(table, per_page), counts.panels, folder, f"counts-{names[target]}")
    return paths + save_verdicts(rows, folder)


def _save_all(
    parts: Iterable[pd.DataFrame], figure: Callable[[pd.DataFrame], Figure], folder: Path, name: str
) -> list[Path]:
    """One figure per part, the first called `name`, the others numbered."""
    paths = []
    for i, part in enumerate(parts, start=1):
        paths += save(figure(part), part, folder, name if i == 1 else f"{name}-{i}")
    return paths


def _by_conditions(table: pd.DataFrame, most: int) -> Iterator[pd.DataFrame]:
    """`table` in parts of at most `most` conditions each."""
    conditions = list(dict.fromkeys(table["condition"]))
    for i in range(0, len(conditions), most):
        yield table[table["condition"].isin(conditions[i : i + most])].reset_index(drop=True)


def _by_rows(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """`rows` in parts that fit a page."""
    while len(rows):
        most = len(rows)
        while most > 1 and dumbbell.height(rows.iloc[:most]) > style.PAGE_HEIGHT:
            most -= 1
        yield rows.iloc[:most].reset_index(drop=True)
        rows = rows.iloc[most:]
