"""Corrected labels: a table of items and labels, put in place of those that the probes were trained on.

In: a CSV file with columns target, item_id and label, and condition where it matters. Out: `Results` with these labels.
Only the scoring changes: probes and maps were trained on the labels as cached, their held-out predictions and the folds
stay as they are. Rows whose label is the cached one change nothing, so `audit.csv` can be edited and given back.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from tacit.errors import ProbeError
from tacit.names import NESTED, RIGHT_COLUMN
from tacit.probes.comparison.paired_scores import stick_of
from tacit.probes.data.items_table import predictions
from tacit.probes.data.results import Results
from tacit.probes.statistics.metrics import right, training_median

NEEDED = ("target", "item_id", "label")


def read_labels(path: str | Path) -> pd.DataFrame:
    """Columns target, condition ("" for every condition), item_id and label, as text. ProbeError for a bad table."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # ParserError and UnicodeDecodeError are ValueErrors
        raise ProbeError(f"{path} cannot be read as CSV ({type(error).__name__}); expected columns: {', '.join(NEEDED)}"
                         ) from None  # fmt: skip
    missing = [name for name in NEEDED if name not in table]
    if missing:
        raise ProbeError(f"{path} has no column {', '.join(missing)}; it has {', '.join(table.columns)}")
    table = table.assign(condition=table.get("condition", ""), path=str(path))
    table = table[["target", "condition", "item_id", "label", "path"]].apply(lambda column: column.str.strip())
    again = table.duplicated(["target", "condition", "item_id"])
    if again.any():
        raise ProbeError(f"{path}: item {table.loc[again, 'item_id'].iloc[0]} is listed twice; keep one row of it")
    return table


def correct(results: Results, labels: pd.DataFrame) -> tuple[Results, dict[tuple[str, str], int]]:
    """(results with these labels, (target, condition) -> number of labels that changed).

    Raises ProbeError for a target, item or class that the run does not have.
    """
    _check(results, labels)
    items, changed = results.items.copy(), {}
    for entry, _ in results.parts():
        place = entry["target"], entry["condition"]
        mine = labels[(labels["target"] == place[0]) & labels["condition"].isin(("", place[1]))]
        here = (items["target"] == place[0]) & (items["condition"] == place[1])
        frame = items[here]
        given = frame["item_id"].map(dict(zip(mine["item_id"], mine["label"], strict=True)))
        y = np.where(given.isna(), frame["label"], [_value(entry, v) for v in given])
        changed[place] = int((y != frame["label"]).sum())
        if changed[place]:
            for name, values in _relabelled(entry, frame, y).items():
                items.loc[here, name] = values
    return replace(results, items=items), changed


def _check(results: Results, labels: pd.DataFrame) -> None:
    """Every row must name a probed target and condition, one of its items, and a label that these can have."""
    entries = {(e["target"], e["condition"]): (e, set(f["item_id"])) for e, f in results.parts()}
    for row in labels.itertuples():
        mine = [found for (target, condition), found in entries.items()
                if target == row.target and row.condition in ("", condition)]  # fmt: skip
        where = f"{row.path}: {row.target}" + (f"/{row.condition}" if row.condition else "")
        if not mine:
            known = ", ".join("/".join(place) for place in entries)
            raise ProbeError(f"{where} was not probed in {results.run.name}; it has {known}")
        if not any(row.item_id in ids for _, ids in mine):
            raise ProbeError(f"{where} has no probed item {row.item_id!r} in {results.run.name}")
        entry = mine[0][0]
        if np.isnan(_value(entry, row.label)):
            expected = "a number" if entry["kind"] == "count" else f"one of {', '.join(entry['classes'])}"
            raise ProbeError(f"{where}, item {row.item_id}: label {row.label!r} is not {expected}")


def _value(entry: dict, label: object) -> float:
    """A label as a class index or a count; nan where it is neither."""
    if entry["kind"] == "count":
        return float(pd.to_numeric(label, errors="coerce"))
    return float(entry["classes"].index(label)) if label in entry["classes"] else float("nan")


def _relabelled(entry: dict, frame: pd.DataFrame, y: np.ndarray) -> dict[str, np.ndarray]:
    """Every column of the items that depends on the label."""
    names = [entry["classes"][int(v)] for v in y] if entry["classes"] else [f"{v:g}" for v in y]
    found = {"label": y, "label_name": np.array(names, dtype=object), "report_right": frame["report"].to_numpy() == y}
    if entry["kind"] == "count":
        found["reference"] = training_median(y, frame["fold"].to_numpy())
    scoring = stick_of(entry, frame.assign(**found))
    heads = [name for name in frame if name.startswith(f"{RIGHT_COLUMN}{NESTED}") and frame[name].notna().any()]
    for column in ("probe_right", *heads):
        method = NESTED if column == "probe_right" else column.removeprefix(RIGHT_COLUMN)
        found[column] = right(scoring, predictions(frame, method, len(entry["classes"])))
    return found
