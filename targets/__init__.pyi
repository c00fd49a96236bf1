from .base import CONTROL_NOTE as CONTROL_NOTE
from .base import Item as Item
from .base import Report as Report
from .base import Target as Target
from .behavior.target import Behavior as Behavior
from .counting.padding import position_correlations as position_correlations
from .counting.target import SpanCount as SpanCount
from .knowledge.target import Knowledge as Knowledge
from .readers.counts import read_count as read_count
from .readers.options import read_option as read_option
from .readers.options import read_word as read_word
from .readers.percent import read_percent as read_percent
from .readers.yes_no import read_true as read_true
from .readers.yes_no import read_yes_no as read_yes_no
from .registry import NAMES as NAMES
from .registry import TargetError as TargetError
from .registry import get_target as get_target
from .resolve import Sources as Sources
from .resolve import load_items as load_items
from .resolve import resolve_data as resolve_data
from .tables.item_frames import frame_to_items as frame_to_items
from .tables.item_frames import items_to_frame as items_to_frame
from .tables.user_tables import ignored_columns as ignored_columns
from .tables.user_tables import read_table as read_table
from .tables.user_tables import targets_for as targets_for
from .truth.target import Truth as Truth

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
