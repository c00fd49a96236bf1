"""Limits of a verdict: classes of few items, scores without a single error, and what was held out as a whole.

In: an entry of probes.json, the items, and the evidence. Out: sentences. Nothing is decided here.
"""

from collections.abc import Iterator

import pandas as pd

from tacit.probes.data.labels import MIN_CLASS, OTHER, TOO_LARGE
from tacit.probes.statistics.unseen_errors import unseen_share
from tacit.probes.verdicts.evidence import Evidence


def held_out(entry: dict) -> str:
    """What was kept out of training as a whole; "" for groups of items."""
    column = entry.get("hold_out")
    return f"Every item was scored by a probe trained only on items with another `{column}`." if column else ""


def too_large(entry: dict) -> str:
    """How many items have no states; "" where all have them."""
    n = (entry.get("dropped") or {}).get(TOO_LARGE, 0)
    items = f"{n} items are" if n > 1 else "1 item is"
    return f"{items} left out, because a prompt at which states are read does not fit into memory." if n else ""


def folded(entry: dict) -> str:
    """Which classes were too small to be classes of their own, and what became of them; "" where none were."""
    rare = entry.get("folded") or {}
    if not rare:
        return ""
    names = ", ".join(f"{name} ({n})" for name, n in rare.items())
    fate = f'counted as "{OTHER}"' if OTHER in entry["classes"] else "left out"
    return f"Classes of fewer than {MIN_CLASS} items are {fate}: {names}."


def warnings(entry: dict, frame: pd.DataFrame, e: Evidence) -> Iterator[str]:
    """What a reader should know of classes of few items, and of intervals that resampling leaves without width."""
    yield from filter(None, (too_large(entry), folded(entry)))
    counts = {} if entry["kind"] == "count" else frame["label_name"].value_counts().to_dict()
    for name, n in counts.items():
        if n < MIN_CLASS:
            yield f'The class "{name}" has {n} items: fewer than {MIN_CLASS} are too few for a score or an interval.'
    if e.gap.without_width:
        yield (
            "Every resample gives the same difference, because one of the scores is without an error. Its interval"
            " follows from the number of independent groups of the rarer class instead: with no error in"
            f" {e.about.effective} groups, the true share of errors may still be {unseen_share(e.about.effective):.0%}."
        )
