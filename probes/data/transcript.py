"""Every reply of a run with what it was read as: the table to go back to when a reader is doubted, or bettered.

In: a store and its targets. Out: one row per reply, the store's columns with the elicitation taken apart, and `outcome`
and `value` as the target's reader sees them. Texts are kept whole, so that reading them again needs no model.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tacit.names import ANSWERED, OUT_OF_RANGE
from tacit.probes.data.answers import answer, named, wild
from tacit.targets.base import CONTROL, NATURAL
from tacit.targets.elicitations import parse

COLUMNS = (
    "target",
    "condition",
    "item_id",
    "prompt",
    "elicitation",
    "rung",
    "framing",
    "context",
    "paraphrase",
    "variant",
    "sample",
    "seed",
    "text",
    "outcome",
    "value",
    "answers",
    "logprobs",
    "n_tokens",
    "prompt_tokens",
    "ended",
)


def transcript(store, target, items: Mapping[str, object], condition: str) -> pd.DataFrame:
    """The replies of one target and condition, with COLUMNS.

    items: item id -> `Item`. `outcome` is "" for what is no report: acts, samples, candidates, and forms that are read
    for their distribution alone. `paraphrase` is -1 where no elicitation was named.
    """
    replies = store.replies
    mine = replies[(replies["target"] == target.name) & (replies["condition"] == condition)]
    rows = [row | _form(row) | _read(target, items[row["item_id"]], row) for row in mine.to_dict("records")]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def marked_out_of_range(replies: pd.DataFrame, kind: str, labels: np.ndarray) -> pd.DataFrame:
    """The table with stated counts that are out of range called so, as `parse_reports` does.

    kind: of the labels; labels: (n_items,) the true counts. A table without such counts is returned as it is.
    """
    stated = replies["rung"].ne("logits") & replies["outcome"].eq(ANSWERED)
    if kind != "count" or not stated.any():
        return replies
    too_large = stated & wild(pd.to_numeric(replies["value"].where(stated)), labels.max())
    if not too_large.any():
        return replies
    value = replies["value"].where(~too_large, None)
    return replies.assign(outcome=replies["outcome"].mask(too_large, OUT_OF_RANGE), value=value)


def _form(row: Mapping) -> dict:
    if not row["elicitation"]:
        return {"rung": "", "framing": "", "context": "", "paraphrase": -1, "variant": ""}
    elicitation = parse(row["elicitation"])
    return {
        "rung": elicitation.rung,
        "framing": elicitation.framing,
        "context": elicitation.context,
        "paraphrase": elicitation.paraphrase,
        "variant": elicitation.variant,
    }


def _read(target, item, row: Mapping) -> dict:
    if row["prompt"] not in ("report", CONTROL, NATURAL) or not isinstance(row["text"], str):
        return {"outcome": "", "value": None}
    found = answer(target, item, row, parse(row["elicitation"]))
    return {"outcome": found.outcome, "value": None if found.value is None else named(found.value)}
