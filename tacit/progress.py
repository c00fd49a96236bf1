"""How far long work is: a bar with a rate and the time left; where nobody watches a terminal, a line a minute.

In: how much there is to do. Out: a `tqdm` to be used as it is. A job's log would otherwise stay empty for hours.
"""

import sys
from collections.abc import Callable

from tqdm import tqdm

EVERY = 60
"""Seconds between the lines of a log; work that is done sooner writes none."""
LINE = "{desc}: {n_fmt} of {total_fmt}{unit}, {rate_noinv_fmt}, {elapsed} gone, {remaining} left\n"
BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}]"
"""Both tell a rate per second, however slow: tqdm's own would turn it into "s/ layers"."""


class _Lines:
    """Standard error without the characters that send a terminal's cursor back."""

    def write(self, text: str) -> None:
        if kept := text.replace("\r", "").strip(" "):
            sys.stderr.write(kept)

    def flush(self) -> None:
        sys.stderr.flush()


def progress(*, total: int, unit: str, desc: str) -> tqdm:
    """A bar on standard error, or lines where that is no terminal. unit: what is counted, after a blank."""
    if sys.stderr.isatty():
        return tqdm(total=total, unit=unit, desc=desc, bar_format=BAR, dynamic_ncols=True)
    every = {"delay": EVERY, "mininterval": EVERY, "maxinterval": EVERY, "file": _Lines(), "ascii": True}
    return tqdm(total=total, unit=unit, desc=desc, bar_format=LINE, **every)


def above(bar: tqdm, say: Callable[[str], None]) -> Callable[[str], None]:
    """Where lines go while a bar is shown: above it on a terminal, to `say` where there is no bar to be cleared."""
    return bar.write if sys.stderr.isatty() else say
