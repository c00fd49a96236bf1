"""Controls of words that lean to one of several classes: a bias of naming is no lack of information, and hides none.

In: a seed. Out: the verdict on that data set.
"""

import numpy as np
from scipy.stats import norm

from tacit.validation.judge import Control, Judged, never, returns
from tacit.validation.pipeline import judged, needed
from tacit.validation.worlds import WorldTarget

N = 240
BIAS = 2.5
"""Log-odds by which the words prefer the first class to every other, beyond what they know."""
APART = 1.8
"""Distance of a class's mean from the others' common centre, in standard deviations."""


def _leaning(n_classes: int, *, guessed: float = 0.0):
    """A world in which states and words have independent evidence of the label, and the words name the class of the
    largest posterior after a bias; guessed: the share of the items whose words are exchanged among them."""
    names = tuple(f"class{k}" for k in range(n_classes))

    def simulate(seed: int) -> dict:
        rng, own = np.random.default_rng([seed, 60]), np.eye(n_classes)
        y = rng.permutation(np.arange(N) % n_classes)
        evidence = APART * own[y] + rng.normal(size=(N, n_classes))
        said = (APART * evidence + BIAS * own[0]).argmax(axis=1)
        guesses = rng.random(N) < guessed
        said[guesses] = rng.permutation(said[guesses])
        states = _trained(n_classes) * own[y]
        return judged([names[k] for k in y], said=[names[k] for k in said], target=WorldTarget(classes=names),
                      d_model=n_classes, signal=lambda site, layer: states if layer else None, seed=seed)  # fmt: skip

    return simulate


def _trained(n_classes: int) -> float:
    """The distance from which a trained probe tells two classes apart as well as their known means at `APART` do."""
    pair = norm.cdf(APART)  # the means of two classes are sqrt 2 times as far from each other
    return needed(pair, d_model=n_classes, n_train=2 * 0.8 * N / n_classes) / np.sqrt(2)


def _no_gap(found: list[dict]) -> Judged:
    return never(found, "GAP", share=0.025)


CLASS_BIAS_CONTROLS = (
    Control("N8 three classes, one preferred", "states and words know equally much; the words lean to one class",
            _leaning(3), _no_gap, statistical=True),
    Control("N8 six classes, one preferred", "states and words know equally much; the words lean to one class",
            _leaning(6), _no_gap, statistical=True),
    Control("P1 three classes, one preferred", "the words lean to one class, and are guesses in three of five items",
            _leaning(3, guessed=0.6), lambda found: returns(found, "GAP"), statistical=True),
)  # fmt: skip
