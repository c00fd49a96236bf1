"""Check that the order of options is balanced, so that a preference for the first option does not look like a choice.

In: items with options. Out: how often each option, and the one that the behaviour is about, comes first, over all items
and in the least balanced group. Built-in choices are balanced by construction (asserted); published data are used as
they are, and their balance is reported.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tacit.targets.base import Item
from tacit.targets.tables.passages import without_passage


@dataclass(frozen=True)
class OrderBalance:
    """How balanced the order of the options is over some items."""

    first: dict[str, int]
    """Option -> number of items in which it comes first."""
    matching_first: float
    """Share of the items in which the last of `answers` (the one that a behaviour is about) comes first; nan without
    items."""
    worst_group: int
    """Largest difference within a group between the numbers of times that two options come first."""
    n: int
    """Number of items whose prompt names all their options."""


def order_balance(items: Sequence[Item]) -> OrderBalance:
    """Count which option comes first in the object prompt; items that do not name them all are left out."""
    groups: dict[str, Counter] = defaultdict(Counter)
    matching = []
    for item in items:
        first = first_option(item)
        if first is not None:
            groups[item.group or item.item_id][first] += 1
            matching.append(first == item.answers[-1])
    options = sorted({option for item in items for option in item.answers})
    grouped = [counts for counts in groups.values() if sum(counts.values()) > 1]
    return OrderBalance(
        first=dict(sum(groups.values(), Counter())),
        matching_first=sum(matching) / len(matching) if matching else float("nan"),
        worst_group=max((max(each.values()) - min(each[o] for o in options) for each in grouped), default=0),
        n=len(matching),
    )


def first_option(item: Item) -> str | None:
    """The option that the object prompt names first; letters are looked for as "(A)" and as lines "A - …"; None unless
    it names them all."""
    text = without_passage(item, item.object_prompt).lower()
    places = {option: _place(option.lower(), text) for option in item.answers}
    return min(places, key=places.__getitem__) if places and min(places.values()) >= 0 else None


def _place(option: str, text: str) -> int:
    """Where the text names an option; -1 if it does not."""
    if len(option) > 1:
        return text.find(option)
    found = re.search(rf"\({re.escape(option)}\)|^\s*{re.escape(option)} - ", text, re.MULTILINE)
    return found.start() if found else -1


def rotations(options: Sequence[str]) -> list[tuple[str, ...]]:
    """Every cyclic order of the options: over all of them, each option is in each position once."""
    return [(*options[turn:], *options[:turn]) for turn in range(len(options))]
