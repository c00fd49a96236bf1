"""Controls of what a position, another model or a wrong label can pass off as private knowledge.

In: a seed. Out: the verdict on that data set, or what the tool finds about it.
"""

from collections import Counter

import numpy as np

from tacit.validation.judge import Control, Judged, at_least, shares
from tacit.validation.pipeline import judged, judged_beside, relabelled
from tacit.validation.worlds import WorldTarget, along, coin, flipped, graded

COUNTS = WorldTarget(name="token_count", kind="count", classes=())
N, N_PEERS = 120, 200


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


def _beside(seed: int, theirs: list[str], *, mine: float = 5.0, strength: float) -> dict:
    """The verdict on a model with a gap beside one with other truths, or another strength of signal."""
    y, n = coin(N_PEERS, seed), N_PEERS
    texts = {"surface": [f"fact {k}" for k in range(n)]}
    found = judged_beside({
        "own": {"y": y, "said": flipped(y, 0.45, seed), "signal": along(y, mine, layers=(1,)), "seed": seed, **texts},
        "peer": {"y": theirs, "said": flipped(theirs, 0.45, seed + 1), "signal": along(theirs, strength, layers=(1,)),
                 "seed": seed + 1000, **texts},
    })  # fmt: skip
    (condition,) = [c for c in found["conditions"] if c["level"] == "P"]
    return found | {"privileged": condition["held"], "evidence": condition["evidence"]}


def _noisier_peer(seed: int) -> dict:
    """A peer with the same truth everywhere, whose states are noisier, or in odd seeds nothing but noise."""
    return _beside(seed, coin(N_PEERS, seed), strength=0.0 if seed % 2 else 1.5)


def _noise_with_its_own_truth(seed: int) -> dict:
    """A peer with a truth of its own on a third of the items, which its states do not show, or faintly."""
    return _beside(seed, flipped(coin(N_PEERS, seed), 1 / 3, seed), strength=0.0 if seed % 2 else 1.0)


def _private_truth(seed: int) -> dict:
    """Both models' states follow their own truths, which differ on a third of the items."""
    return _beside(seed, flipped(coin(N_PEERS, seed), 1 / 3, seed), strength=5.0)


def _never_privileged(found: list[dict]) -> Judged:
    """P is not assessed, and not given."""
    none = sum(f["privileged"] is None for f in found)
    given = sum(f["level"][0] in "PU" for f in found)
    return Judged(none == len(found) and not given, "P never given, always not assessed",
                  f"P given {given / len(found):.0%}, not assessed {none / len(found):.0%}")  # fmt: skip


def _privileged(found: list[dict]) -> Judged:
    given = sum(f["level"][0] in "PU" for f in found)
    return Judged(at_least(given, len(found), 0.9), "level P in at least 90 %", f"P given {given / len(found):.0%}")


def _wrong_labels(seed: int) -> dict:
    """One known item in five is marked wrong for the form of its answer, which the states show; the words are right."""
    rng, n = np.random.default_rng([seed, 41]), N_PEERS
    known = rng.permutation(np.arange(n) % 4 > 0)
    wrong = known & (rng.random(n) < 0.2)
    truth, labels = (np.where(marked, "yes", "no").tolist() for marked in (known, known & ~wrong))
    states = np.stack([known - 0.5, wrong], axis=1) * 6.0
    found = relabelled(
        labels, {f"i{k}": truth[k] for k in np.flatnonzero(wrong)}, seed=seed,
        signal=lambda site, layer: states if layer else None, **graded(truth, 0.99, seed),
    )  # fmt: skip
    listed = np.isin(found["audit"], [f"i{k}" for k in np.flatnonzero(wrong)])
    return found | {"listed": float(listed.mean()), "rate": float(wrong.mean())}


def _label_errors_are_named(found: list[dict]) -> Judged:
    """A gap of wrong labels comes with the rate that explains it, no larger than the true one, and goes with them."""
    gaps = [f for f in found if f["verdict"] == "GAP"]
    named = sum(
        bool(f["label_errors"] and (f["label_errors"]["share"] or 1) <= f["rate"] and f["limits"]) for f in gaps
    )
    left = sum(f["corrected"]["verdict"] == "GAP" for f in found)
    listed = float(np.mean([f["listed"] for f in found]))
    return Judged(
        named == len(gaps) and left == 0 and listed > 0.7,
        "every GAP names the error rate that explains it; audit lists the wrong labels; no GAP once corrected",
        f"GAP {len(gaps) / len(found):.0%}, named {named}, wrong labels in audit {listed:.0%}, GAP after {left}",
    )


PEER_CONTROLS = (
    Control("P4 private, level P", _private_truth.__doc__, _private_truth, _privileged),
    Control("P4 noisier peer", _noisier_peer.__doc__, _noisier_peer, _never_privileged),
    Control("P4 noise with a truth", _noise_with_its_own_truth.__doc__, _noise_with_its_own_truth, _never_privileged),
    Control("N8 wrong labels", _wrong_labels.__doc__, _wrong_labels, _label_errors_are_named),
    Control("N6 within the span", _read_within_the_span.__doc__, _read_within_the_span, _not_known),
)  # fmt: skip
