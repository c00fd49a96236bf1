"""Controls in which equal scores are no equal knowledge, and a better score is none: scale, ranks, classes, items.

In: a seed. Out: the verdict on that data set.
"""

import numpy as np
from scipy.special import log_expit
from scipy.stats import norm

from tacit.validation.judge import Control, Judged, never
from tacit.validation.pipeline import judged, needed
from tacit.validation.worlds import WorldTarget, along, coin, flipped

N, D_MODEL = 200, 4
COUNTS = WorldTarget(name="token_count", kind="count", classes=())
SURE = 6.0
"""Distance between the classes' states, in standard deviations: all is known."""


def _signal(y, auroc: float, n: int = N):
    return along(y, needed(auroc, d_model=D_MODEL, n_train=n * 0.8), layers=(1,))


def _column(values):
    """States that hold these numbers in their first dimension."""
    column = np.asarray(values, dtype=np.float64)[:, None]
    return lambda site, layer: column if layer else None


def _noise_beside_words(seed: int) -> dict:
    """Words and the sign of the probe are right in 3 of 4; the log-probabilities are noise."""
    y, rng = coin(N, seed), np.random.default_rng([seed, 40])
    odds = rng.normal(size=N)
    logprobs = (("no", "yes"), np.stack([log_expit(-odds), log_expit(odds)], axis=1))
    auroc = norm.cdf(np.sqrt(2) * norm.ppf(0.75))
    return judged(y, said=flipped(y, 0.25, seed), logprobs=logprobs, signal=_signal(y, auroc), seed=seed)


def _cautious(seed: int) -> dict:
    """States and report tell the classes equally far apart (AUROC .85); the words say yes only when very sure."""
    y, rng = coin(N, seed), np.random.default_rng([seed, 41])
    evidence = np.sqrt(2) * norm.ppf(0.85) * (np.array(y) == "yes") + rng.normal(size=N)
    said = np.where(evidence > 2.0, "yes", "no").tolist()
    return judged(y, said=said, signal=_signal(y, 0.85), seed=seed)


def _in_tens(seed: int) -> dict:
    """Words rounded to tens (a rank correlation of .98); the states hold the number, as exactly as its source."""
    y = np.random.default_rng([seed, 42]).integers(10, 100, size=N)
    said = np.round(y / 10) * 10
    return judged(y.tolist(), said=[f"{v:.0f}" for v in said], target=COUNTS, signal=_column((y - 55) / 1.5), seed=seed)


def _weak_states_random_words(seed: int) -> dict:
    """The states hold a trace of the count (a correlation of about .2), the words none."""
    rng = np.random.default_rng([seed, 43])
    y = rng.integers(5, 60, size=500)
    return judged(y.tolist(), said=[str(v) for v in rng.permutation(y)], target=COUNTS, d_model=1,
                  signal=_column((y - 32) / 16 * 0.25), seed=seed)  # fmt: skip


def _right_where_long(seed: int) -> dict:
    """Words are exact of a fifth of long texts and always ten of the others, which the states tell apart."""
    rng = np.random.default_rng([seed, 44])
    long = rng.random(N) < 0.2
    tail = rng.integers(380, 420, size=N) if seed % 2 else rng.integers(200, 2000, size=N)
    y = np.where(long, tail, rng.integers(5, 16, size=N))
    said = np.where(long, y, 10)
    return judged(y.tolist(), said=[str(v) for v in said], target=COUNTS, signal=_column(np.log(y) * 6), seed=seed)


def _opposite(rate: float):
    def simulate(seed: int) -> dict:
        y = coin(N, seed)
        return judged(y, said=flipped(y, rate, seed), signal=along(y, SURE, layers=(1,)), seed=seed)

    return simulate


def _one_class_misnamed(n_classes: int):
    def simulate(seed: int) -> dict:
        names = tuple(f"class{k}" for k in range(n_classes))
        y = np.random.default_rng([seed, 45]).permutation(np.arange(300) % n_classes)
        said = [names[1 if k == 0 else k] for k in y]
        states = np.eye(n_classes)[y] * 9
        return judged([names[k] for k in y], said=said, target=WorldTarget(classes=names), d_model=n_classes,
                      signal=lambda site, layer: states if layer else None, seed=seed)  # fmt: skip

    return simulate


def _nonlinear_and_said_in_part(seed: int) -> dict:
    """The states hold the label as an exclusive or, which no linear probe reads; the words are right in 60 %."""
    n = 500
    bits = np.random.default_rng([seed, 46]).integers(2, size=(n, 2))
    y = ["yes" if a != b else "no" for a, b in bits]
    return judged(y, said=flipped(y, 0.4, seed), signal=lambda site, layer: (bits - 0.5) * 6 if layer else None,
                  seed=seed)  # fmt: skip


def _other_items(seed: int) -> dict:
    """States know one half of the items and the report the other; of the rest both guess."""
    n, rng = 600, np.random.default_rng([seed, 47])
    y, known = coin(n, seed), rng.random(n) < 0.5
    label = np.where(np.array(y) == "yes", 0.5, -0.5)
    odds = SURE * label * ~known + rng.normal(size=n)
    logprobs = (("no", "yes"), np.stack([log_expit(-odds), log_expit(odds)], axis=1))
    return judged(y, said=np.where(odds > 0, "yes", "no").tolist(), logprobs=logprobs,
                  signal=_column(SURE * label * known), seed=seed)  # fmt: skip


def _said_reversed(found: list[dict]) -> Judged:
    """Never a gap, and every sentence names the reversal."""
    called, told = never(found, "GAP", share=0.025), sum("said reversed" in f["sentence"] for f in found)
    passed = called.passed and told == len(found)
    return Judged(passed, f"{called.expected}; named as said reversed", f"{called.got}; named {told / len(found):.0%}")


def _no_gap(found: list[dict]) -> Judged:
    return never(found, "GAP", share=0.025)


def _not_equal(found: list[dict]) -> Judged:
    return never(found, "NO_GAP", "REPORT_EXCEEDS_PROBE", share=0.05)


EQUALITY_CONTROLS = (
    Control("N8 noise beside words", _noise_beside_words.__doc__, _noise_beside_words, _no_gap, statistical=True),
    Control("N8 cautious words", _cautious.__doc__, _cautious, _no_gap, statistical=True),
    Control("N8 words in tens", _in_tens.__doc__, _in_tens, _no_gap, statistical=True),
    Control("P8 random words", _weak_states_random_words.__doc__, _weak_states_random_words, _not_equal,
            statistical=True),
    Control("P8 right where long", _right_where_long.__doc__, _right_where_long, _not_equal),
    Control("P8 opposite", "the words always say the opposite of what the states know", _opposite(1.0), _said_reversed),
    Control("P8 mostly opposite", "the words say the opposite in 95 %", _opposite(0.95), _said_reversed),
    Control("P8 one of six misnamed", "one of six classes is always named as another", _one_class_misnamed(6),
            _not_equal),
    Control("P8 one of twelve misnamed", "one of twelve classes is always named as another", _one_class_misnamed(12),
            _not_equal),
    Control("P8 nonlinear, said in part", _nonlinear_and_said_in_part.__doc__, _nonlinear_and_said_in_part,
            lambda found: never(found, "NOT_KNOWN", share=0.05), statistical=True),
    Control("P8 other items", _other_items.__doc__, _other_items, _not_equal),
)  # fmt: skip
