"""The items of a run as one JSON object for the browser in `report.html`: a list per column, each text stored once.

In: `RunFiles`. Out: a dictionary of lists. Prompts come from `activations/items.parquet`, and replies in other
elicitations from `probes/replies.parquet`, if these exist. Texts are neither marked up nor shortened.
"""

import json
import math
from collections.abc import Iterator

import pandas as pd

from tacit.figures.inputs.elicitation_rows import PRIMARY
from tacit.figures.inputs.run_files import RunFiles
from tacit.figures.inputs.verdict_rows import require

NEEDED = ("item_id", "target", "condition", "probe", "outcome")
SHARED = ("target", "condition", "outcome", "source", "label", "report", "reply", "object_prompt", "report_prompt",
          "object_reply")  # fmt: skip
"""Columns stored as indices into the list of texts, because the same texts occur many times."""
AGREEMENTS = ("both right", "know only", "say only", "neither", "not analysed")
""""not analysed": items dropped before the split, and items whose target and condition could not be probed."""
MOST_REPLIES = 200_000
"""Most replies in other elicitations on the page, so that it opens quickly. It says how many are left out."""


def browser_items(run: RunFiles) -> dict:
    """`{"n", "texts", "agreements", <column>: […], "others", "left_out"}`; every list has one entry per item."""
    frame = _frame(run)
    texts = _Texts()
    columns = {name: [texts.number(value) for value in frame[name]] for name in SHARED}
    columns |= {"item_id": frame["item_id"].astype(str).tolist(), "probe": _numbers(frame["probe"])}
    columns |= {"said": _numbers(frame["said"]), "agreement": frame["agreement"].tolist()}
    columns |= {"group": _numbers(frame["group"]), "fold": _numbers(frame["fold"])}
    others, left_out = _others(run, frame, texts)
    head = {"n": len(frame), "agreements": list(AGREEMENTS), "others": others, "left_out": left_out}
    return head | columns | {"texts": texts.list}


def as_json(content: dict) -> str:
    """Strict JSON for a `<script type="application/json">`: no character in it can end the element or start another."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = text.encode("utf-8", errors="replace").decode("utf-8")
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


class _Texts:
    """A list of distinct texts, and the index of each."""

    def __init__(self) -> None:
        self.list: list[str] = [""]
        self._at: dict[str, int] = {"": 0}

    def number(self, value: object) -> int:
        text = "" if value is None or value != value else str(value)
        if text not in self._at:
            self._at[text] = len(self.list)
            self.list.append(text)
        return self._at[text]


def _frame(run: RunFiles) -> pd.DataFrame:
    """One row per target, condition and item, with its prompts."""
    require(run.items, NEEDED, what="items")
    frame = run.items.reindex(columns=[*_KEPT]).copy()
    frame["label"] = run.items.get("label_name", run.items.get("label"))
    names = run.items.get("report_name", pd.Series(index=run.items.index, dtype=object))
    frame["said"] = pd.to_numeric(run.items.get("report"), errors="coerce")
    frame["report"] = names.where(names.notna(), run.items.get("report"))
    frame["agreement"] = [
        (0 if r else 1) if p else (2 if r else 3)
        for p, r in zip(_true(frame["probe_right"]), _true(frame["report_right"]), strict=True)
    ]
    frame = pd.concat([frame, *_left(run, frame)], ignore_index=True)
    asked = run.tables.get("asked")
    prompts = ["object_prompt", "report_prompt"]
    if asked is None or not {"target", "item_id", *prompts} <= set(asked.columns):
        return frame.assign(object_prompt="", report_prompt="")
    asked = asked[["target", "item_id", *prompts]].drop_duplicates(["target", "item_id"])
    return frame.merge(asked, on=["target", "item_id"], how="left")


def _left(run: RunFiles, frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The items with replies that were not analysed, so that their replies can be read even if nothing was scored."""
    replies = run.tables.get("replies")
    if replies is None or not {"prompt", "elicitation", "sample", "value", *_REPLIED} <= set(replies.columns):
        return
    greedy = replies[replies["sample"] == 0]
    asked = greedy[(greedy["prompt"] == "report") & (greedy["elicitation"] == PRIMARY)]
    acts = greedy.loc[greedy["prompt"] == "object", [*_PLACE, "text"]].rename(columns={"text": "object_reply"})
    known = pd.MultiIndex.from_frame(frame[_PLACE])
    found = asked[~pd.MultiIndex.from_frame(asked[_PLACE]).isin(known)]
    if len(found):
        left = found[[*_REPLIED, "value"]].rename(columns={"text": "reply", "value": "report"})
        left = left.merge(acts.drop_duplicates(_PLACE), on=_PLACE, how="left")
        yield left.assign(said=pd.to_numeric(left["report"], errors="coerce"), agreement=len(AGREEMENTS) - 1)


_PLACE = ["target", "condition", "item_id"]
_REPLIED = (*_PLACE, "text", "outcome")
_KEPT = ("item_id", "target", "condition", "group", "fold", "probe", "probe_right", "report_right", "outcome", "reply",
         "object_reply", "source")  # fmt: skip


def _true(column: pd.Series) -> list[bool]:
    return [bool(value) if value == value and value is not None else False for value in column]


def _numbers(column: pd.Series) -> list[float | None]:
    """Numbers with five significant digits, null for missing ones."""
    values = pd.to_numeric(column, errors="coerce")
    return [float(f"{value:.5g}") if math.isfinite(value) else None for value in values]


def _others(run: RunFiles, frame: pd.DataFrame, texts: _Texts) -> tuple[dict[str, list], int]:
    """Replies in other elicitations: item's index → indices of [name, text, outcome]; and how many are left out."""
    replies = run.tables.get("replies")
    if replies is None or not {"target", "condition", "item_id", "text", "outcome"} <= set(replies.columns):
        return {}, 0
    if len(replies) > MOST_REPLIES:
        return {}, len(replies)
    at = {key: i for i, key in enumerate(zip(frame["target"], frame["condition"], frame["item_id"], strict=True))}
    out: dict[str, list] = {}
    for row in replies.to_dict("records"):
        number = at.get((row["target"], row["condition"], row["item_id"]))
        if number is not None:
            said = [texts.number(_name(row)), texts.number(row["text"]), texts.number(row["outcome"])]
            out.setdefault(str(number), []).append(said)
    return out, 0


_ACTS = {
    "control": "positive control", "natural": "natural control", "object": "object prompt",
    "candidate": "candidate answer",
}  # fmt: skip
"""Prompts whose replies are not reports, and their names on the page."""


def _name(row: dict) -> str:
    """The elicitation of a reply, with the kind of prompt if it is not a report, and the sample's number if any."""
    parts = [row.get(name) for name in ("rung", "framing", "context", "paraphrase", "variant")]
    known = [str(part) for part in parts if part is not None and part == part and str(part) not in ("", "before")]
    prompt, sample = str(row.get("prompt") or ""), row.get("sample") or 0
    asked = "/".join(known) if row.get("rung") else ""
    kind = _ACTS.get(prompt, "" if asked else prompt)
    return ", ".join(part for part in (kind, asked, f"sample {sample:.0f}" if sample > 0 else "") if part)
