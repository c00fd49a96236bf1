"""Controls of what a position, another model or a wrong label can pass off as private knowledge.

In: a seed. Out: the verdict on that data set, or what the tool finds about it.
"""

from collections import Counter

import numpy as np

from tacit.validation.judge import Control, Judged, shares
from tacit.validation.pipeline import judged
from tacit.validation.worlds import WorldTarget

COUNTS = WorldTarget(name="token_count", kind="count", classes=())
N = 120


def _read_within_the_span(seed: int) -> dict:
    """States hold the positions of a span's ends; prompts end at one place, starts are random, words know nothing."""
    rng = np.random.default_rng([seed, 40])
    sizes, starts = rng.integers(4, 30, N), rng.integers(2, 16, N)
    span = (starts, starts + sizes - 1)
    states = np.stack(span, axis=1) * 3.0
    return judged(
        [int(v) for v in sizes], said=[str(v) for v in rng.permutation(sizes)], target=COUNTS, seed=seed, span=span,
        sites=(("object:end", "report:end", "object:mean")[seed % 3],), last=np.full(N, 60),
        signal=lambda site, layer: states if layer else None,
    )  # fmt: skip


def _not_known(found: list[dict]) -> Judged:
    """No gap at all, and the condition that names the reason failed every time."""
    failed = sum(c["held"] is False for f in found for c in f["conditions"] if c["id"] == "position_decoupled")
    calls = Counter(f["verdict"] for f in found)
    return Judged(calls["GAP"] == 0 and failed == len(found), "never GAP; position coupled",
                  f"{shares(calls)}; coupled {failed / len(found):.0%}")  # fmt: skip


PEER_CONTROLS = (Control("N6 within the span", _read_within_the_span.__doc__, _read_within_the_span, _not_known),)
