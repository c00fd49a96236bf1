"""Controls in which the report tells what its words do not: by the kind of its replies, or within every source.

In: a seed. Out: the verdict on that data set. Where nothing else is said there is no gap: whoever has seen labels can
read the report.
"""

import numpy as np
from scipy.special import log_expit
from scipy.stats import norm

from tacit.probes.data.rung_names import KIND
from tacit.validation.judge import Control, Judged, at_most, never_called, recovers, returns
from tacit.validation.pipeline import judged, needed
from tacit.validation.worlds import along, coin, graded

N, N_SOURCES = 200, 5
SURE = 4.0
"""Distance between the classes' states, in standard deviations: an AUROC of .99."""


def _silent(reply: str, positive: str, rate: float):
    """Replies that are `reply` for this share of one class, and the same word for all others."""

    def simulate(seed: int) -> dict:
        rng, y = np.random.default_rng([seed, 20]), coin(N, seed)
        silent = (np.array(y) == positive) & (rng.random(N) < rate)
        said = np.where(silent, reply, np.where(rng.random(N) < 0.5, "yes", "no")).tolist()
        strength = SURE if rate == 1 else np.sqrt(2) * norm.ppf(0.5 + rate / 2)
        return judged(y, said=said, signal=along(y, strength, layers=(1,)), seed=seed)

    return simulate


REVEALED, READ = 0.8, 0.98
"""Share of one class that is refused, and the AUROC of the probe, which reads the other items too."""
REST = READ - (0.5 + REVEALED / 2)
"""The gap by definition: what the probe has over the best report, which is the kind of reply."""


def _reads_the_rest(seed: int) -> dict:
    """It refuses in 80 % of the items that it does not know and guesses in the others; the probe reads all of them."""
    rng, y = np.random.default_rng([seed, 23]), coin(N, seed)
    silent = (np.array(y) == "no") & (rng.random(N) < REVEALED)
    said = np.where(silent, "I cannot say", np.where(rng.random(N) < 0.5, "yes", "no")).tolist()
    distance = needed(READ, d_model=4, n_train=N * 0.8)
    return judged(y, said=said, signal=along(y, distance, layers=(1,)), seed=seed)


def _gap_of_the_rest(found: list[dict]) -> Judged:
    """The gap is over the kind of reply, not over the words alone, and every sentence says what refusals reveal."""
    size = recovers(found, REST, tolerance=0.02)
    kind = sum(f["report_rung"].endswith(KIND) for f in found)
    told = sum("Replies without an answer differ by true label" in f["sentence"] for f in found)
    passed = size.passed and min(kind, told) >= 0.95 * len(found)
    return Judged(passed, f"{size.expected}; over the kind of reply, and said so, in 95 %",
                  f"{size.got}; kind of reply {kind / len(found):.0%}, said {told / len(found):.0%}")  # fmt: skip


def _shifted_by_source(seed: int) -> dict:
    """Log-odds that rank the items of each of five relations as the probe does, with an offset by relation."""
    rng, y = np.random.default_rng([seed, 21]), coin(N, seed)
    source = np.arange(N) % N_SOURCES
    apart = np.sqrt(2) * norm.ppf(0.855)
    odds = (
        apart * (np.array(y) == "yes") + rng.normal(size=N) + 3 * rng.permutation(np.linspace(-1, 1, N_SOURCES))[source]
    )
    said = np.where(odds > 0, "yes", "no").tolist()
    logprobs = (("no", "yes"), np.stack([log_expit(-odds), log_expit(odds)], axis=1))
    columns = {"source": [f"relation {k}" for k in source]}
    return judged(y, said=said, logprobs=logprobs, columns=columns, signal=along(y, apart, layers=(1,)), seed=seed)


def _muted(seed: int) -> dict:
    """A gap of .2 in five relations, without an offset; one reply in ten is unreadable, whatever the label."""
    rng, y = np.random.default_rng([seed, 22]), coin(N, seed)
    told = graded(y, 0.7, seed)
    said = np.where(rng.random(N) < 0.1, "well, well", told["said"]).tolist()
    columns = {"source": [f"relation {k}" for k in np.arange(N) % N_SOURCES]}
    distance = needed(0.9, d_model=4, n_train=N * 0.8)
    return judged(y, said=said, logprobs=told["logprobs"], columns=columns, signal=along(y, distance, layers=(1,)),
                  seed=seed)  # fmt: skip


def _at_level_a(found: list[dict]) -> Judged:
    """GAP in most simulations, all of them at level A."""
    called = returns(found, "GAP")
    below = sum(f["verdict"] == "GAP" and f["level"][0] != "A" for f in found)
    return Judged(called.passed and at_most(below, len(found), 0.05), f"{called.expected}, at level A",
                  f"{called.got}; below A {below / len(found):.0%}")  # fmt: skip


REPLY_CONTROLS = (
    Control("P7 unreadable", "replies are unreadable exactly where the model knows", _silent("well, well", "yes", 1.0),
            never_called, statistical=True),
    Control("P7 unreadable, mostly", "replies are unreadable in 80 % of the items that it knows",
            _silent("well, well", "yes", 0.8), never_called, statistical=True),
    Control("P7 refused", "it refuses in 80 % of the items that it does not know", _silent("I cannot say", "no", 0.8),
            never_called, statistical=True),
    Control("P7 refused, the rest is read", _reads_the_rest.__doc__, _reads_the_rest, _gap_of_the_rest,
            statistical=True),
    Control("P7 shifted by source", _shifted_by_source.__doc__, _shifted_by_source, never_called, statistical=True),
    Control("P1 muted, five sources", _muted.__doc__, _muted, _at_level_a, statistical=True),
)  # fmt: skip
