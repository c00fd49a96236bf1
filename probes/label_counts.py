"""What labels the acts gave, as soon as they are known: before a report is asked, and long before it is probed.

In: items, and the replies to their object prompts. Out: one line for a person, and whether there is only one class.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tacit.errors import ProbeError
from tacit.probes.data.examples import Replies
from tacit.probes.data.labels import MIN_CLASS, MIN_ITEMS, OTHER, Labels, check_labels, groups_of, labels_of
from tacit.probes.statistics.groups import effective_groups
from tacit.thresholds import MIN_GROUPS


@dataclass(frozen=True)
class LabelCounts:
    line: str
    """how many items have each label, and what follows where one is missing or rare; of counts, their range"""
    one_class: bool
    """whether all usable items have the same label, so that nothing can be decoded"""


def count_labels(target, condition: str, items: Sequence, table: pd.DataFrame, replies: pd.DataFrame) -> LabelCounts:
    """Count the labels of one target under one condition.

    items: the target's `Item`s; table: their rows of the store's item table; replies: a store's, at least those to the
    object prompts.
    """
    acts = Replies(replies, target.name, condition).object
    labels, where = labels_of(target, items, table, acts), f"{target.name}/{condition}"
    try:
        check_labels(labels, where, acts)
    except ProbeError as error:
        return LabelCounts(str(error).removeprefix(f"{where}: "), one_class=len(labels.y) >= MIN_ITEMS)
    if labels.kind == "count":
        return LabelCounts(f"{len(labels.y)} counts from {labels.y.min():g} to {labels.y.max():g}", one_class=False)
    groups, _ = groups_of(target, [items[row] for row in labels.rows], table.iloc[labels.rows])
    numbers = np.bincount(labels.y.astype(int), minlength=len(labels.classes))
    text = ", ".join(f"{n} {name}" for n, name in zip(numbers, labels.classes, strict=True))
    notes = [*_too_rare(labels, groups, numbers), *_small(labels)]
    end = ". An interruption now keeps what was cached." if notes else ""
    return LabelCounts("; ".join([f"labels: {text}", *notes]) + end, one_class=False)


def _small(labels: Labels) -> Iterator[str]:
    """What became of classes of fewer than MIN_CLASS items: folded, left out, or kept because there are only two."""
    if labels.folded:
        names = ", ".join(f"{n} {name}" for name, n in labels.folded.items())
        fate = f'folded into "{OTHER}"' if OTHER in labels.classes else "left out"
        yield f"classes of fewer than {MIN_CLASS} items are {fate}: {names}"
    if small := [name for k, name in enumerate(labels.classes) if (labels.y == k).sum() < MIN_CLASS]:
        yield f"fewer than {MIN_CLASS} items: {', '.join(small)}"


def _too_rare(labels: Labels, groups: np.ndarray, numbers: np.ndarray) -> Iterator[str]:
    """What a verdict needs of the rarest label where there is too little of it."""
    enough = effective_groups(labels.y, groups, labels.kind)
    if enough < MIN_GROUPS:
        needed = math.ceil(len(labels.y) * MIN_GROUPS / max(enough, 1))
        yield (
            f'a verdict needs {MIN_GROUPS} independent groups of "{labels.classes[int(np.argmin(numbers))]}", and there'
            f" are {enough}: at this rate about {needed} items would do"
        )
