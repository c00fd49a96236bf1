"""Texts of a given number of tokens, and positions that do not give the number away.

In: a regime, a budget, and `measure`, which counts the tokens of the text in its place. Out: a text whose size is the
budget or just below it; and, for a set of sizes, an order of start positions that is uncorrelated with them (PROTOCOL
6: at the last token of an unpadded prompt the count *is* the position, so the two are decoupled by construction).
"""

from collections.abc import Callable, Sequence

import numpy as np

from probes.targets.base import CountTokens
from probes.targets.regimes import Regime

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
    """Pieces of `regime`, joined, with `measure(text)` as near to `budget` as `tries` further pieces bring it.

    The budget is kept unless the smallest piece is larger; at least one piece comes out. The rough size is estimated
    piece by piece and only the last steps are measured in full, which keeps a thousand items a matter of seconds.
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
    """The best of up to `attempts` fits: the one whose size is nearest to `budget`, and the first that meets it."""
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
    """Pearson's r; 0 when one of the two is constant (there is nothing to read off a constant)."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def decouple(
    sizes: Sequence[int], starts: Sequence[int], *, rng: np.random.Generator, goal: float = 0.005, steps: int = 20000
) -> list[int]:
    """`starts` in an order whose correlation with `sizes` is below `goal`, or as near as `steps` swaps bring it."""
    x = np.asarray(sizes, dtype=float) - np.mean(sizes)
    order = rng.permutation(np.asarray(starts, dtype=float))
    scale = len(x) * np.std(x) * np.std(order)
    if scale == 0:
        return [int(start) for start in order]
    product = float(x @ (order - order.mean()))
    for i, j in rng.integers(0, len(x), size=(steps, 2)):
        if abs(product) < goal * scale:
            break
        change = (x[i] - x[j]) * (order[j] - order[i])
        if abs(product + change) < abs(product):
            order[i], order[j] = order[j], order[i]
            product += change
    return [int(start) for start in order]
