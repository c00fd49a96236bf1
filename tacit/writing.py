"""What a verb does before it works for minutes: test that it can write, and remove what killed processes left.

In: the folders that the verb will write in. Out: a context within which it writes. Several verbs may write in one
folder at once (`tune` on one machine, `ablate` on another), so each holds a shared lock on the folder itself, and
unfinished files are removed only by a verb that is alone there.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tacit.errors import WriteError
from tacit.files import PARTIAL, sweep

try:
    import fcntl
except ImportError:  # Windows has no locks on folders; unfinished files stay there
    fcntl = None  # type: ignore[assignment]

ROOM = 1 << 16
"""Bytes that are written on trial: a full disk often still takes an empty file."""


@contextlib.contextmanager
def writing(*folders: Path) -> Iterator[None]:
    """Test that each folder can be written, sweep it, and hold it while the verb works.

    Raises WriteError, which names the folder and the reason.
    """
    for folder in folders:
        check_writable(folder)
    with contextlib.ExitStack() as held:
        for folder in folders:
            if fcntl and folder.is_dir():
                held.enter_context(_shared(folder))
        yield


@contextlib.contextmanager
def tells_what_is_kept(kept: Callable[[], str]) -> Iterator[None]:
    """Let an interruption say what of the work was kept, as `kept` has it at that time."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(kept()) from error


def check_writable(folder: Path) -> None:
    """Write a small file in `folder`, or in the nearest folder above that exists, and remove it again.

    Raises WriteError for a read-only folder, a full disk, or a file in the folder's place.
    """
    nearest = next((each for each in (folder, *folder.absolute().parents) if os.path.lexists(each)), folder)
    try:
        with tempfile.NamedTemporaryFile(dir=nearest, prefix=".trial.", suffix=PARTIAL) as file:
            file.write(bytes(ROOM))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise WriteError(
            f"cannot write in {folder} ({error.strerror or error}), so nothing was started. Check that the folder is"
            " writable and the disk has room, then run the same command again."
        ) from error


@contextlib.contextmanager
def _shared(folder: Path) -> Iterator[None]:
    """Hold a shared lock on `folder`; sweep first if no other process holds one."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # another verb writes here, or the file system has no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sweep(folder)
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
