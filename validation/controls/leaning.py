"""Controls of a model that gives the same word whatever it is told, and whose log-probabilities may tell more.

In: a seed. Out: the verdict on that data set. Where the log-probabilities follow what the prompt states they are a
report like any other, with or without a gap; where they do not, nothing can be said.
"""

from functools import partial

from tacit.validation.judge import Control, never_gap, recovers, returns
from tacit.validation.pipeline import judged, needed
from tacit.validation.worlds import along, coin, graded

N = 240
KNOWN = 0.85
"""AUROC of the probe."""


def _leaning(seed: int, *, gap: float, control: str = "leans") -> dict:
    """It says no of every item, and its log-odds have the AUROC of the probe less the gap."""
    y = coin(N, seed)
    told = graded(y, KNOWN - gap, seed)["logprobs"]
    distance = needed(KNOWN, d_model=4, n_train=N * 0.8)
    return judged(y, said=["no"] * N, logprobs=told, control=control, signal=along(y, distance, layers=(1,)), seed=seed)


LEANING_CONTROLS = (
    Control("N10 leaning, no gap", "says no of every item, and its log-probabilities tell what the probe reads",
            partial(_leaning, gap=0.0), never_gap, statistical=True),
    Control("P10 leaning, gap 0.2", "says no of every item, and its log-probabilities tell less than the probe reads",
            partial(_leaning, gap=0.2), lambda found: recovers(found, 0.2), statistical=True),
    Control("N10 deaf", "says no of every item, and its log-probabilities do not follow what the prompt states",
            partial(_leaning, gap=0.2, control="deaf"), lambda found: returns(found, "REPORT_INVALID"),
            statistical=True),
)  # fmt: skip
