"""Long tasks: a bar with rate and remaining time (without a terminal, lines), and workers that end with their parent.

In: the amount of work. Out: a `tqdm`. The lines are for job logs, which would otherwise stay empty for hours. The rate
is the mean so far: prompts and replies go at different speeds, and a recent rate would follow the last of them.
"""

import functools
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable

from tqdm import tqdm

EVERY = 60
"""Seconds between the lines in a log."""
FIRST = 5
"""Seconds before the first line; a shorter task writes none."""
LINE = "{desc}: {n_fmt} of {total_fmt}{unit}, {rate_noinv_fmt}, {elapsed} elapsed, {remaining} left\n"
BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}]"
"""Both show the rate per second, however slow: tqdm's own format would change to "s/ layers"."""


WATCHED = 1
"""Seconds between looks of a worker at whether its parent is still there."""
MANY = 100_000
"""From here on numbers are shortened: 1.25M."""


class _Lines:
    """Standard error without the characters that move a terminal's cursor back."""

    def write(self, text: str) -> None:
        if kept := text.replace("\r", "").strip(" "):
            sys.stderr.write(kept)

    def flush(self) -> None:
        sys.stderr.flush()


class _Log(tqdm):
    """A bar that writes its first line soon, and then one every minute."""

    def display(self, *args, **kwargs):
        self.mininterval = self.maxinterval = EVERY
        return super().display(*args, **kwargs)


def progress(*, total: int, unit: str, desc: str) -> tqdm:
    """A bar on standard error, or lines if that is not a terminal. unit: what is counted, with a leading blank."""
    common = {"total": total, "unit": unit, "desc": desc, "unit_scale": total > MANY, "smoothing": 0}
    if sys.stderr.isatty():
        return tqdm(bar_format=BAR, dynamic_ncols=True, **common)
    first = {"delay": FIRST, "mininterval": FIRST, "maxinterval": FIRST}
    return _Log(bar_format=LINE, file=_Lines(), ascii=True, miniters=1, **first, **common)


def above(bar: tqdm, say: Callable[[str], None]) -> Callable[[str], None]:
    """A function that prints lines while a bar is shown: above the bar on a terminal, otherwise with `say`."""
    return bar.write if sys.stderr.isatty() else say


def ends_with_us(function: Callable) -> Callable:
    """`function` for a worker process, which then ends within seconds of this one: a killed process (SIGKILL, out of
    memory) cannot tell its workers, and they would work on for hours."""
    return functools.partial(_watching, os.getpid(), function)


def _watching(parent: int, function: Callable, *args, **kwargs):
    if os.getpid() != parent:
        _watch(parent)
    return function(*args, **kwargs)


@functools.cache
def _watch(parent: int) -> None:
    threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: int) -> None:
    forked = multiprocessing.parent_process() if os.getppid() != parent else None
    # A worker that a server forked keeps that server alive, so its own parent's id never changes.
    while forked.is_alive() if forked else os.getppid() == parent:
        time.sleep(WATCHED)
    os._exit(1)
