"""The labels of a target's items, and their groups: what is known of them once the model has acted.

In: items, and the greedy replies to their object prompts. Out: `Labels` of the usable items, and groups. No report is
needed for either, so that labels can be counted before one is asked.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tacit.errors import ProbeError
from tacit.probes.data.near_duplicates import near_duplicates
from tacit.targets.groups import components, item_keys
from tacit.targets.tables.passages import above

MIN_ITEMS = 12
"""Usable items below which nothing is probed."""
MIN_CLASS = 8
"""Items below which a class of a target with many classes is folded into "other"."""
OTHER = "other"
TOO_LARGE = "a prompt at which states are read does not fit into memory"
UNREAD = "its reply to the object prompt shows no label"


@dataclass(frozen=True)
class Labels:
    kind: str
    """binary, multiclass or count"""
    classes: tuple[str, ...]
    """as in `Examples`"""
    y: np.ndarray
    """(n_items,) float64, count or class index, of the usable items"""
    rows: np.ndarray
    """(n_items,) int64, their positions among the target's items"""
    dropped: dict[str, int]
    """reason -> number of items without a usable label"""
    folded: dict[str, int] = field(default_factory=dict)
    """classes of fewer than `MIN_CLASS` items that are in "other" or, if that is as rare, left out -> their items"""


def labels_of(
    target, items: Sequence, table: pd.DataFrame, acts: Mapping[str, dict], *, reported: Collection[str] | None = None,
    absent: Collection[int] = (),
) -> Labels:  # fmt: skip
    """The labels of the usable items, unchecked.

    table: the store's item table of this target, a row per item; acts: item id -> greedy reply to the object prompt;
    reported: ids of the items that have a primary report, without which an item leaves both arms; None before reports
    are asked; absent: positions of the items without states, which leave both arms as well.
    """
    names, kept, dropped = _labels(target, items, table, acts, reported, frozenset(absent))
    if target.kind == "count":
        return Labels("count", (), np.array([float(names[r]) for r in kept]), np.array(kept, dtype=np.int64), dropped)
    return _classes(target, [str(names[r]) for r in kept], kept, dropped)


def groups_of(target, own: Sequence, frame: pd.DataFrame) -> tuple[np.ndarray, int]:
    """((n_items,) int64 groups, pairs of near-duplicate texts that were put into one group each)."""
    texts = [surface_of(item) for item in own]
    pairs = near_duplicates(texts, frame["source"].tolist() if "source" in frame else None)
    return components(item_keys(own, share_answers=target.name == "knowledge"), pairs), len(pairs)


def surface_of(item) -> str:
    """The item's text, as surface baselines read it: its passage too, if it has one."""
    return above(item.passage, item.surface) if item.surface else item.span or item.object_prompt


def _labels(target, items, table, acts: Mapping[str, dict], reported, absent) -> tuple[list, list[int], dict[str, int]]:
    """Labels as the target gives them, the positions of the usable items, and why the others are not."""
    names, kept, dropped = [], [], Counter()
    n_tokens = table["n_tokens"].tolist() if "n_tokens" in table else [-1] * len(items)
    for row, (item, n) in enumerate(zip(items, n_tokens, strict=True)):
        done = acts.get(item.item_id, {})
        reply, ended = done.get("text"), bool(done.get("ended", True))
        known = int(n) if n is not None and n >= 0 else None
        label = target.label(item, reply=reply, n_tokens=known, ended=ended)
        if target.kind == "count" and label is not None and not np.isfinite(float(label)):
            label = None
        names.append(label)
        if row in absent:
            dropped[TOO_LARGE] += 1
        elif target.needs_reply and reply is None and label is None:
            dropped["no reply to the object prompt"] += 1
        elif label is None:
            dropped[UNREAD if target.needs_reply else "no usable label"] += 1
        elif reported is not None and item.item_id not in reported:
            dropped["no reply to the report prompt"] += 1
        else:
            kept.append(row)
    return names, kept, dict(dropped)


def _classes(target, names: list[str], kept: list[int], dropped: dict[str, int]) -> Labels:
    """Rare ones of three classes or more become "other", or are dropped where that would be as rare."""
    counts, folded = Counter(names), {}
    order = [c for c in target.classes if c in counts] + sorted(set(counts) - set(target.classes))
    if len(order) > 2:
        folded = {c: counts[c] for c in order if counts[c] < MIN_CLASS}
        names = [OTHER if n in folded else n for n in names]
        order = [c for c in order if c not in folded and c != OTHER] + ([OTHER] if OTHER in names else [])
        if OTHER in names and names.count(OTHER) < MIN_CLASS:
            dropped["label too rare"] = names.count(OTHER)
            kept = [row for row, n in zip(kept, names, strict=True) if n != OTHER]
            names = [n for n in names if n != OTHER]
            order.remove(OTHER)
    kind = "multiclass" if len(order) > 2 else "binary"
    y = np.array([order.index(n) for n in names], dtype=np.float64)
    return Labels(kind, tuple(order), y, np.array(kept, dtype=np.int64), dropped, folded)


def check_labels(labels: Labels, where: str, acts: Mapping[str, dict]) -> None:
    """Raises ProbeError where there are fewer than `MIN_ITEMS` usable items, or all labels are the same."""
    lost = "; ".join(f"{n} dropped: {why}" for why, n in labels.dropped.items())
    lost, y, replies = f" ({lost})" if lost else "", labels.y, [r["text"] for r in acts.values() if r["text"]]
    if len(y) < MIN_ITEMS:
        heard = f" It said, for example, {replies[0][:60]!r}." if labels.dropped.get(UNREAD) and replies else ""
        advice = "Word object_prompt or the options so that it can follow" if heard else "Give more items (N, or DATA)"
        raise ProbeError(f"{where}: {len(y)} usable items{lost}; at least {MIN_ITEMS} are needed.{heard} {advice}.")
    if len(np.unique(y)) < 2:
        shown = f"{y[0]:g}" if labels.kind == "count" else labels.classes[0]
        raise ProbeError(
            f"{where}: all {len(y)} usable items have the same label, {shown}{lost}, so there is nothing to decode. Add"
            f" items that come out otherwise{' with this model' if replies else ''}."
        )
