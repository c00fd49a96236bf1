"""Everything that tacit writes goes through here: a reader sees a whole file or none, and no spreadsheet runs a cell.

In: a path and its content. Out: the file, put in place in one step after it has reached the disk.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tacit.errors import WriteError

if TYPE_CHECKING:  # imported on first use, so that the command line answers at once
    import pandas as pd

CHUNK = 1 << 20
PARTIAL = ".partial"
"""Extension of a file that is still being written; one that is found later was left by a killed process."""
SEAL = "checksum"
"""Field of a JSON file: the sha256 of its other fields."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""A spreadsheet may run a cell that begins like this as a formula (OWASP, "CSV Injection")."""


def write_file(path: Path | str, fill: Callable[[Path], object]) -> Path:
    """Let `fill` write a temporary sibling of `path`, flush that to the disk, then `os.replace` it; returns `path`.

    Raises WriteError, which names the file and the reason (a full disk, a read-only folder, a directory in its place).
    The sibling is removed and whatever was at `path` stays.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:80]}.", suffix=PARTIAL)
        os.close(descriptor)
        sibling = Path(name)
        try:
            fill(sibling)
            sibling.chmod(0o666 & ~_umask())  # files made by mkstemp are readable by their owner only
            _flush(sibling)
            os.replace(sibling, path)
        finally:
            sibling.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(
            f"could not write {path} ({error.strerror or error}). What was finished before is unchanged. Check that the"
            " folder is writable and the disk has room, then run the same command again."
        ) from error
    return path


def write_bytes(path: Path | str, data: bytes) -> str:
    """Write `data` by `write_file`; returns its sha256 as hexadecimal digits."""
    write_file(path, lambda sibling: sibling.write_bytes(data))
    return hashlib.sha256(data).hexdigest()


def write_text(path: Path | str, text: str) -> Path:
    """Write `text` as UTF-8 with unchanged line ends; an unpaired surrogate becomes a question mark."""
    write_bytes(path, text.encode("utf-8", errors="replace"))
    return Path(path)


def write_json(path: Path | str, content: object) -> Path:
    """Strict, indented JSON; nan and infinities become null."""
    return write_text(path, json.dumps(plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def sealed(content: dict) -> dict:
    """`content` with a checksum of itself, by which an edited or damaged file is told from one that tacit wrote."""
    return content | {SEAL: _seal(content)}


def check_seal(content: object) -> None:
    """Raise ValueError for the content of a JSON file that is no object, has no checksum, or does not fit its own."""
    if not isinstance(content, dict):
        raise ValueError(f"expected a JSON object, got {str(content)[:40]!r}")
    if SEAL not in content:
        raise ValueError("it has no checksum: it was edited, or written by an older version")
    if content[SEAL] != _seal(content):
        raise ValueError("it was changed after it was written: its checksum differs")


def write_csv(path: Path | str, table: pd.DataFrame) -> Path:
    """Write `table` as CSV with numbers in full and no cell that a spreadsheet would run."""
    return write_text(path, neutralised(table).to_csv(index=False, lineterminator="\n"))


def write_parquet(path: Path | str, table: pd.DataFrame) -> Path:
    """Write `table` as Parquet, without its index."""
    return write_file(path, lambda sibling: table.to_parquet(sibling, index=False))


def neutralised(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with an apostrophe before each text, in cells and column names, that a spreadsheet would run."""
    import pandas as pd

    numeric = {name: table[name].dtype.kind in "biufc" for name in table.columns}
    cells = {n: list(table[n]) if numeric[n] else [neutral_cell(cell) for cell in table[n]] for n in table.columns}
    return pd.DataFrame({neutral_cell(str(name)): values for name, values in cells.items()})


def neutral_cell(cell: object) -> object:
    """`cell`, with an apostrophe before a text that a spreadsheet would run as a formula; numbers are left alone.

    >>> neutral_cell("=1+1"), neutral_cell("-0.5"), neutral_cell("yes")
    ("'=1+1", '-0.5', 'yes')
    """
    if not isinstance(cell, str) or not cell.startswith(FORMULA_STARTS) or _is_number(cell):
        return cell
    return "'" + cell


def plain(x: object) -> object:
    """`x` in JSON's types: numpy scalars and arrays unpacked, numbers that are not finite as None.

    >>> import numpy as np
    >>> plain({"a": np.float64("nan"), "b": np.arange(2)})
    {'a': None, 'b': [0, 1]}
    """
    if isinstance(x, dict):
        return {str(k): plain(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [plain(v) for v in x]
    if hasattr(x, "tolist"):  # numpy's arrays and scalars
        return plain(x.tolist())
    if isinstance(x, float):
        return x if math.isfinite(x) else None
    return x


def sweep(folder: Path) -> None:
    """Remove unfinished files that killed processes left. Hold the folder's lock: others may be writing."""
    for path in folder.rglob(f".*{PARTIAL}"):
        path.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _seal(content: dict) -> str:
    text = json.dumps(plain({key: content[key] for key in content if key != SEAL}), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) is not None


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now
