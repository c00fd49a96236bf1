"""One cell of a table: what was read from a file as text, and text as a list.

In: a value as JSON, Parquet or CSV gives it. Out: text, in which lists and structs are JSON, so that nothing is lost
and every file format gives the same table. A bar separates parts only in the columns that are documented for it
(`aliases`, `options`): elsewhere it belongs to the text, as in "P(A|B)".
"""

import ast
import json
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tacit.errors import TargetError

LIST_MARK = "|"
ARRAY = re.compile(r"\[\s*(['\"]).*\1\s*\]|array\(.*\)", re.DOTALL)
"""What looks like a list of quoted texts, whether or not it can be read as one."""


def cell_text(value: object) -> str:
    """One value as text: lists and structs as JSON, whole numbers without `.0`, missing values and empty lists as "".

    Raises ValueError for bytes that are not UTF-8.
    """
    if isinstance(value, list | tuple | np.ndarray):
        parts = [part for part in value if not _is_missing(part)]
        if parts and all(isinstance(part, dict) for part in parts):
            return json.dumps([_role_first(_plain(part)) for part in parts], ensure_ascii=False)
        return json.dumps([cell_text(part) for part in parts], ensure_ascii=False) if parts else ""
    if isinstance(value, dict):
        return json.dumps(_plain(value), ensure_ascii=False)
    if _is_missing(value):
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def list_of(cell: str) -> tuple[str, ...]:
    """The texts of a cell that holds a list, as JSON or as Python writes it; any other cell is one text.

    Raises TargetError for what looks like a list of quoted texts and cannot be read as one, such as a printed NumPy
    array, in which `'a' 'b'` would be joined.

    >>> list_of('["Paris", "Paris City"]'), list_of("P(A|B)"), list_of("[0, 1]")
    (('Paris', 'Paris City'), ('P(A|B)',), ('[0, 1]',))
    """
    text = cell.strip()
    if not text.startswith(("[", "array(")):
        return (text,) if text else ()
    parts = _json_list(text) or _python_list(text)
    if parts is None:
        if ARRAY.fullmatch(text):
            raise TargetError(
                f"{text[:60]!r} looks like a list, but is neither JSON nor a Python list. Write it as JSON, such as "
                '["Paris", "Paris City"].'
            )
        return (text,)
    return tuple(part.strip() for part in parts if part.strip())


def split_list(cell: str) -> tuple[str, ...]:
    """The parts of a cell that may hold several texts: a list (`list_of`), or texts separated by `|`.

    >>> split_list("a | b"), split_list('["a|b", "c"]')
    (('a', 'b'), ('a|b', 'c'))
    """
    parts = list_of(cell)
    if len(parts) != 1 or parts[0] != cell.strip():
        return parts
    return tuple(part.strip() for part in cell.split(LIST_MARK) if part.strip())


def struct_of(cell: str) -> dict | list | None:
    """The JSON object or list that a cell holds; None for any other text."""
    if not cell.lstrip().startswith(("{", "[")):
        return None
    try:
        value = json.loads(cell)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


def kind_of(value: object) -> str:
    """What a value is, if it is not a text, a number or missing: "a list" or "an object"; else ""."""
    if isinstance(value, list | tuple | np.ndarray):
        return "a list"
    return "an object" if isinstance(value, dict) else ""


def _json_list(text: str) -> list[str] | None:
    try:
        parts = json.loads(text)
    except ValueError:
        return None
    return _texts(parts)


def _python_list(text: str) -> list[str] | None:
    """Only text that Python writes in exactly this way: `['a' 'b']` is read as `['ab']`, and so is refused."""
    try:
        parts = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return _texts(parts) if isinstance(parts, list) and repr(parts) == text else None


def _texts(parts: object) -> list[str] | None:
    return parts if isinstance(parts, list) and parts and all(isinstance(part, str) for part in parts) else None


def _plain(value: object) -> object:
    """A value with the arrays and NumPy scalars of Parquet's structs as lists and numbers."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return None if _is_missing(value) else value if isinstance(value, str | int | float) else str(value)


def _is_missing(value: object) -> bool:
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, float | np.floating) and value != value


def _role_first(message: dict) -> dict:
    """A chat message with its role first, which is how a chat is recognised; any other object unchanged."""
    return {"role": message["role"], **message} if "role" in message else message


def first_not_text(values: Sequence[object]) -> tuple[int, str] | None:
    """(position, kind) of the first value that is a list or an object; None if there is none."""
    return next(((at, kind) for at, value in enumerate(values) if (kind := kind_of(value))), None)
