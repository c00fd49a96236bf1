"""Controls in which the items themselves give the label away: in their columns, two words at a time, or by paraphrase.

In: a seed. Out: the verdict on that data set. The probe reads all of them, and the report knows nothing.
"""

import numpy as np

from tacit.validation.judge import Control, Judged, at_least, never_called, returns
from tacit.validation.pipeline import judged
from tacit.validation.worlds import along, coin, flipped

N = 200
SURE = 3.5
"""Distance between the classes' states, in standard deviations: an AUROC of .99."""
N_WORDS = 60
"""Vocabulary of the words that mean nothing."""


def _by_column(seed: int) -> dict:
    """The label follows the popularity column, or in odd seeds the type of answer."""
    rng, y = np.random.default_rng([seed, 30]), coin(N, seed)
    positive = np.array([v == "yes" for v in y])
    if seed % 2:
        columns = {"answer_type": np.where(positive, "person", "place").tolist()}
    else:
        columns = {"popularity": [f"{v:.0f}" for v in np.exp(rng.normal(6 + 5 * positive, 1))]}
    return judged(y, said=flipped(y, 0.5, seed), columns=columns, signal=along(y, SURE, layers=(1,)), seed=seed)


def _exclusive_words(seed: int) -> dict:
    """The label is the exclusive or of two words of the text, among ten others."""
    rng = np.random.default_rng([seed, 31])
    first, second = rng.permutation(np.arange(N) % 2), rng.permutation(np.arange(N) % 2)
    y = np.where(first != second, "yes", "no").tolist()
    texts = [_text(rng, ("red", "blue")[a], ("cat", "dog")[b]) for a, b in zip(first, second, strict=True)]
    return judged(y, said=flipped(y, 0.5, seed), surface=texts, signal=along(y, SURE, layers=(1,)), seed=seed)


def _text(rng, *words: str) -> str:
    return " ".join(rng.permutation([*words, *(f"word{k}" for k in rng.integers(N_WORDS, size=10))]))


def _paraphrased(seed: int) -> dict:
    """Fifty coin labels in five wordings each without a shared word, every wording a group of its own."""
    rng = np.random.default_rng([seed, 32])
    fact = rng.permutation(np.arange(250) % 50)
    y = np.array(coin(50, seed))[fact].tolist()
    states = 3 * rng.normal(size=(50, 40))[fact]
    return judged(y, said=flipped(y, 0.5, seed), d_model=40, signal=lambda site, layer: states if layer else None,
                  surface=[_text(rng, f"only{k}") for k in range(250)], seed=seed)  # fmt: skip


def _leak_is_seen(found: list[dict]) -> Judged:
    """No gap, and the condition that the score survives regrouping failed."""
    called = never_called(found)
    failed = sum(c["id"] == "no_paraphrase_leakage" and c["held"] is False for f in found for c in f["conditions"])
    return Judged(called.passed and at_least(failed, len(found), 0.9), f"{called.expected}, leakage seen in 90%",
                  f"{called.got}; seen {failed / len(found):.0%}")  # fmt: skip


def _on_the_surface(found: list[dict]) -> Judged:
    return returns(found, "SURFACE_ONLY", "INCONCLUSIVE")


SURFACE_CONTROLS = (
    Control("N5 column", _by_column.__doc__, _by_column, _on_the_surface),
    Control("N5 two words", _exclusive_words.__doc__, _exclusive_words, _on_the_surface),
    Control("N3 paraphrases", _paraphrased.__doc__, _paraphrased, _leak_is_seen),
)
