"""What labels the acts gave, as soon as they are known: before anything else is asked, and long before it is probed.

In: a store that holds acts and primary reports. Out: one line for a person.
"""

import math
from collections.abc import Sequence

import numpy as np

from tacit.errors import ProbeError
from tacit.probes.data.examples import Examples, make_examples
from tacit.probes.statistics.groups import effective_groups
from tacit.targets.elicitations import PRIMARY
from tacit.thresholds import MIN_GROUPS


def label_line(store, target, condition: str, items: Sequence) -> str:
    """How many items have each label, and what follows where one is missing or rare; of counts, their range."""
    try:
        examples = make_examples(store, target, condition, items, forms=(PRIMARY,))
    except ProbeError as error:
        return f"{error} An interruption now keeps what was cached."
    if examples.kind == "count":
        return f"{len(examples.y)} counts from {examples.y.min():g} to {examples.y.max():g}"
    numbers = np.bincount(examples.y.astype(int), minlength=len(examples.classes))
    text = ", ".join(f"{n} {name}" for n, name in zip(numbers, examples.classes, strict=True))
    return f"labels: {text}{_too_rare(examples, numbers)}"


def _too_rare(examples: Examples, numbers: np.ndarray) -> str:
    """What a verdict needs of the rarest label where there is too little of it."""
    groups = effective_groups(examples.y, examples.groups, examples.kind)
    if groups >= MIN_GROUPS:
        return ""
    rarest = examples.classes[int(np.argmin(numbers))]
    needed = math.ceil(len(examples.y) * MIN_GROUPS / max(groups, 1))
    return (
        f'; a verdict needs {MIN_GROUPS} independent groups of "{rarest}", and there are {groups}: at this rate about'
        f" {needed} items would do. An interruption now keeps what was cached."
    )
