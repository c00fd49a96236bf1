"""The targets by name, and the version of their built-in items and wordings.

In: a name and, if the target depends on them, its items. Out: the target.
"""

from collections.abc import Sequence
from dataclasses import replace

from tacit.errors import TargetError
from tacit.names import BEHAVIOR, DEFAULT_TARGETS, base_target
from tacit.targets.base import Item, Target
from tacit.targets.behavior.properties import find
from tacit.targets.behavior.target import Behavior, for_items
from tacit.targets.counting.target import UNITS, SpanCount
from tacit.targets.custom import for_own
from tacit.targets.knowledge.target import Knowledge
from tacit.targets.truth.target import Truth

ITEM_SET = "2"
"""Version of the built-in items and wordings. Increase it whenever one of them changes: results with different
versions come from different prompts and must not be compared. Users' tables are not affected."""
NAMES = DEFAULT_TARGETS
"""The default targets."""
SIBLINGS = tuple(name for name in UNITS if name not in NAMES)
"""Targets on the same items: characters, words, and, as a sanity check only, a count that equals a position."""


ALL_NAMES = (*NAMES, "truth", *SIBLINGS)
"""Every target; `truth` has no built-in items and needs a table."""


def get_target(name: str, items: Sequence[Item] | None = None) -> Target:
    """The target called `name`. Given `items`, a behaviour target takes their property, kind and classes, and a
    user-defined target the Python file that its items come from.

    Raises TargetError for an unknown name, for items that do not belong to one behaviour target, and for a Python file
    that the items name and the user did not (`python_files.permit`).
    """
    if own := for_own(items or ()):
        return own
    if name in UNITS:
        return SpanCount(name)
    if name == "truth":
        return Truth()
    if base_target(name) not in NAMES:
        raise TargetError(
            f"there is no target {name!r}: expected {', '.join(ALL_NAMES)}. Correct TARGETS or --targets."
        )
    if base_target(name) == BEHAVIOR:
        target = for_items(items) if items else Behavior()
        find(target.feature)  # raises here, before anything is computed
        return replace(target, name=name)
    return Knowledge()
