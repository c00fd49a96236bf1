"""Targets: what a model may know about an item, how it is asked, and how its reply is read."""

from tacit.errors import TargetError
from tacit.targets.base import CONTROL_NOTE, Item, Report, Target
from tacit.targets.behavior.target import Behavior
from tacit.targets.counting.padding import position_correlations
from tacit.targets.counting.target import SpanCount
from tacit.targets.knowledge.target import Knowledge
from tacit.targets.readers.counts import read_count
from tacit.targets.readers.options import read_option, read_word
from tacit.targets.readers.percent import read_percent
from tacit.targets.readers.yes_no import read_true, read_yes_no
from tacit.targets.registry import NAMES, get_target
from tacit.targets.resolve import Sources, load_items, resolve_data
from tacit.targets.tables.item_frames import frame_to_items, items_to_frame
from tacit.targets.tables.user_tables import ignored_columns, read_table, targets_for
from tacit.targets.truth.target import Truth

__all__ = [
    "CONTROL_NOTE",
    "NAMES",
    "Behavior",
    "Item",
    "Knowledge",
    "Report",
    "Sources",
    "SpanCount",
    "Target",
    "TargetError",
    "Truth",
    "frame_to_items",
    "get_target",
    "ignored_columns",
    "items_to_frame",
    "load_items",
    "position_correlations",
    "read_count",
    "read_option",
    "read_percent",
    "read_table",
    "read_true",
    "read_word",
    "read_yes_no",
    "resolve_data",
    "targets_for",
]
