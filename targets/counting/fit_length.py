"""Texts with a given number of tokens, and positions that do not reveal that number.

In: a regime, a token budget, and `measure`, which counts the tokens of a text within its prompt. Out: a text whose size
is the budget or just below it; and, for a set of sizes, an order of positions that is uncorrelated with them. (At the
last token of an unpadded prompt the count *is* the position, so the two are decoupled by construction; see
docs/protocol.md, section 6.)
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from tacit.targets.base import CountTokens
from tacit.targets.counting.text_regimes import Regime

Measure = Callable[[str], int]


def fit_text(
    regime: Regime,
    budget: int,
    measure: Measure,
    *,
    count_tokens: CountTokens,
    rng: np.random.Generator,
    tries: int = 12,
) -> str:
    """Pieces of `regime`, joined, with `measure(text)` as close to `budget` as `tries` further pieces can bring it.

    The budget is exceeded only if the smallest piece is larger; the result has at least one piece. The size is
    estimated piece by piece and only the last steps are measured in full, so that a thousand items take seconds.
    """
    style = float(rng.random())
    pieces = [_first_piece(regime, budget, style, count_tokens, rng, tries)]
    estimate = count_tokens(pieces[0])
    while estimate < budget - 4:
        pieces.append(regime.draw(rng, style))
        estimate += max(1, count_tokens(regime.joiner + pieces[-1]))
    while len(pieces) > 1 and measure(regime.joiner.join(pieces)) > budget:
        pieces.pop()
    for _ in range(tries):
        if measure(regime.joiner.join(pieces)) >= budget:
            break
        longer = [*pieces, regime.draw(rng, style)]
        if measure(regime.joiner.join(longer)) <= budget:
            pieces = longer
    return regime.joiner.join(pieces)


def _first_piece(
    regime: Regime, budget: int, style: float, count_tokens: CountTokens, rng: np.random.Generator, tries: int
) -> str:
    """A piece that fits the budget, or the smallest of `tries`."""
    drawn = []
    for _ in range(tries):
        drawn.append(regime.draw(rng, style))
        if count_tokens(drawn[-1]) <= budget:
            return drawn[-1]
    return min(drawn, key=count_tokens)


def fit_exactly(
    regime: Regime,
    budget: int,
    measure: Measure,
    *,
    count_tokens: CountTokens,
    rng: np.random.Generator,
    attempts: int = 10,
) -> str:
    """The best of up to `attempts` fits: the first that meets `budget` exactly, else the closest."""
    best, best_miss = "", abs(measure("") - budget)
    for _ in range(attempts):
        if best_miss == 0:
            break
        text = fit_text(regime, budget, measure, count_tokens=count_tokens, rng=rng)
        miss = abs(measure(text) - budget)
        if miss < best_miss:
            best, best_miss = text, miss
    return best


def correlation(x: Sequence[float], y: Sequence[float]) -> float:
    """Pearson's r; 0 if one of the two is constant, since a constant reveals nothing."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def decouple(
    sizes: ArrayLike, places: ArrayLike, *, rng: np.random.Generator, goal: float = 0.005, steps: int = 20000
) -> np.ndarray:
    """An order of the rows of `places` in which no column is correlated with a column of `sizes`.

    sizes: (n,) or (n, n_sizes); places: (n,) or (n, n_places). Returns (n,) int, row numbers of `places`: all
    absolute correlations are below `goal`, or their squares as small as `steps` swaps can make them.
    """
    x, z = _unit_columns(sizes), _unit_columns(places)
    order = rng.permutation(len(x))
    r = x.T @ z[order]
    for i, j in rng.integers(0, len(x), size=(steps, 2)):
        if np.abs(r).max() < goal:
            break
        swapped = r + np.outer(x[i] - x[j], z[order[j]] - z[order[i]])
        if (swapped**2).sum() < (r**2).sum():
            order[[i, j]] = order[[j, i]]
            r = swapped
    return order


def _unit_columns(values: ArrayLike) -> np.ndarray:
    """(n, k) columns of mean 0 and length 1, so that their products are correlations; a constant is all zeros."""
    x = np.asarray(values, dtype=float)
    x = x.reshape(len(x), -1) - x.reshape(len(x), -1).mean(axis=0)
    length = np.linalg.norm(x, axis=0)
    return np.divide(x, length, out=np.zeros_like(x), where=length > 0)
