"""Bytes to disk so that a reader sees the whole file or none of it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from tacit.errors import ActivationError

CHUNK = 1 << 20
PARTIAL = ".partial"
"""Ending of a file that is still being written; one that is found later was left by a process that was killed."""


def write_atomically(path: Path, data: bytes) -> str:
    """Write `data` to a temporary sibling, flush it to the disk, then `os.replace`; returns the sha256 of `data`.

    Raises ActivationError when the disk is full; the temporary file is removed and whatever stood at `path` stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PARTIAL)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        raise ActivationError(
            f"could not write {path} ({error.strerror or error}; {len(data):,} bytes). "
            "What was finished before is kept: free some space and give the same command again."
        ) from error
    finally:
        Path(name).unlink(missing_ok=True)
    return hashlib.sha256(data).hexdigest()


def sweep(folder: Path) -> None:
    """Remove what killed processes left half written. Only under the folder's lock: others may be writing."""
    for path in folder.rglob(f".*{PARTIAL}"):
        path.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
