"""Convert items to a data frame and back.

In: items, or a frame with at least the columns of `Item`. Out: a frame, or items. Unlike `user_tables.py`, which
reads users' files, this is the tool's own format: one column per field of `Item`, all text except `answers`, a list of
text; `reports` is a JSON object, "" if there are none.
"""

import json
from collections.abc import Sequence
from dataclasses import fields

import pandas as pd

from tacit.errors import TargetError
from tacit.targets.base import Item
from tacit.targets.tables.cell_values import split_list

COLUMNS = tuple(field.name for field in fields(Item))


def items_to_frame(items: Sequence[Item]) -> pd.DataFrame:
    """A frame with one row per item and the fields of `Item` as columns (`answers`: list of str)."""
    rows = [vars(item) | {"answers": list(item.answers), "reports": _packed(item.reports)} for item in items]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def frame_to_items(frame: pd.DataFrame) -> list[Item]:
    """The items of a frame, in its order; other columns are ignored, missing optional fields get their defaults.

    Raises `TargetError` when one of the four fields without a default is missing.
    """
    missing = [name for name in COLUMNS[:4] if name not in frame.columns]
    if missing:
        raise TargetError(
            f"this frame is not a table of items: it lacks {', '.join(missing)}, and has"
            f" {', '.join(map(str, frame.columns))}."
        )
    present = [name for name in COLUMNS if name in frame.columns]
    return [Item(**{name: _value(name, row[name]) for name in present}) for row in frame[present].to_dict("records")]


def _packed(reports: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(dict(reports), ensure_ascii=False) if reports else ""


def _value(name: str, value: object) -> object:
    if name == "reports":
        return tuple(json.loads(value).items()) if isinstance(value, str) and value else ()
    if name != "answers":
        return "" if value is None or value != value else str(value)
    if isinstance(value, str):
        return split_list(value)
    return () if value is None or isinstance(value, float) else tuple(str(answer) for answer in value)
