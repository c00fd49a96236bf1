"""Places spans in neutral text so that neither their position nor the surrounding text reveals their size.

In: spans and the model's tokenizer. Out: for each span the neutral text around it and, between `((` and `))`, a
distractor: a second text whose size is drawn independently. All object prompts are equally long, and the size of a span
(in tokens, characters or words) is uncorrelated with its start, the prompt length and the size of the distractor
(|r| < .05, asserted; see docs/protocol.md, section 6).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tacit.errors import TargetError
from tacit.targets.base import CountTokens, Item
from tacit.targets.counting.fit_length import correlation, decouple, fit_exactly, fit_text
from tacit.targets.counting.text_regimes import NEUTRAL, REGIMES
from tacit.targets.counting.wording import Texts, body, object_prompt, report_prompt
from tacit.targets.elicitations import PRIMARY
from tacit.thresholds import MAX_CORRELATION

OTHER_V1 = "(( {text} ))"
OTHER = re.compile(r"\(\( (.*?) \)\)", re.DOTALL)
MIN_SPAN, MAX_SPAN = 4, 36
"""Tokens of a built-in span, and of every distractor."""
MIN_BEFORE, MAX_BEFORE = 2, 16
"""Tokens of neutral text at the start of the prompt."""
AFTER_ROOM = 4
"""Tokens of neutral text that remain at the end even for the largest texts at the latest start."""
CHECKED_FROM = 20
"""With fewer items, an order with correlations below the limit need not exist, and the best draw is taken."""
ROUNDS, ROUNDS_OF_FEW = 10, 40


@dataclass(frozen=True)
class Company:
    """The text around a span."""

    start: int
    """Tokens of neutral text at the beginning."""
    other: str
    """The distractor."""
    first: bool
    """Whether the distractor comes before the span."""


def pad_spans(spans: Sequence[str], *, rng: np.random.Generator, count_tokens: CountTokens) -> list[Texts]:
    """(before, span, after) for every span.

    Raises TargetError if a correlation is still `MAX_CORRELATION` or more after `ROUNDS` rounds.
    """
    sizes = np.array([measures(span, count_tokens) for span in spans], dtype=float)
    best, least = [], np.inf
    for attempt in range(ROUNDS if len(spans) >= CHECKED_FROM else ROUNDS_OF_FEW):
        if attempt == 0 or len(spans) < CHECKED_FROM:  # of few, no order may do: other surroundings are drawn as well
            company = _company(len(spans), rng, count_tokens)
            others = np.array([count_tokens(each.other) for each in company])
            places = np.array([[c.start + c.first * k, k] for c, k in zip(company, others, strict=True)], dtype=float)
            total = _room(sizes[:, 0], others, count_tokens)
        order = decouple(sizes, places, rng=rng)
        padded = [_pad(span, company[k], total, count_tokens, rng) for span, k in zip(spans, order, strict=True)]
        prompts = [(object_prompt(texts), texts[1]) for texts in padded]
        worst = max(map(abs, _correlations(prompts, sizes, count_tokens).values()))
        best, least = (padded, worst) if worst < least else (best, least)
        if least < MAX_CORRELATION:
            return best
    if len(spans) < CHECKED_FROM:
        return best
    raise TargetError(
        f"token_count: span size and position are still correlated ({least:.3f}, expected below "
        f"{MAX_CORRELATION}) with this tokenizer after {ROUNDS} attempts. "
        "Use more items (a larger N), or a table with your own before and after."
    )


def measures(span: str, count_tokens: CountTokens) -> tuple[int, int, int]:
    """(tokens, characters, words) of a text; words are separated by spaces or line breaks."""
    return count_tokens(span), len(span), len(span.split())


def position_correlations(items: Sequence[Item], count_tokens: CountTokens) -> dict[str, float]:
    """Pearson correlation of each size of the span with its start, the prompt length and the size of the distractor.

    Keys such as "tokens, start". Start, length and distractor are measured in tokens; a missing distractor has 0.
    """
    sizes = np.array([measures(item.span, count_tokens) for item in items], dtype=float)
    return _correlations([(item.object_prompt, item.span) for item in items], sizes, count_tokens)


def _correlations(
    prompts: Sequence[tuple[str, str]], sizes: np.ndarray, count_tokens: CountTokens
) -> Mapping[str, float]:
    """Of (prompt, span) pairs and (n, 3) sizes."""
    places = {
        "start": [count_tokens(prompt[: prompt.index(span)].rstrip()) for prompt, span in prompts],
        "prompt length": [count_tokens(prompt) for prompt, _ in prompts],
        "second text": [_other_size(prompt.replace(span, ""), count_tokens) for prompt, span in prompts],
    }
    names = ("tokens", "characters", "words")
    return {
        f"{name}, {place}": correlation(sizes[:, k], values)
        for k, name in enumerate(names)
        for place, values in places.items()
    }


def _other_size(prompt: str, count_tokens: CountTokens) -> int:
    found = OTHER.search(prompt)
    return count_tokens(found.group(1)) if found else 0


def _company(n: int, rng: np.random.Generator, count_tokens: CountTokens) -> list[Company]:
    """Random surroundings: starts and distractor sizes cover their ranges evenly; half the distractors come first."""
    starts, budgets = spread(n, MIN_BEFORE, MAX_BEFORE, rng), spread(n, MIN_SPAN, MAX_SPAN, rng)
    first = rng.permutation(np.arange(n) % 2 == 0)
    regimes = [REGIMES[k] for k in rng.integers(0, len(REGIMES), size=n)]
    return [
        Company(start, fit_text(regime, budget, count_tokens, count_tokens=count_tokens, rng=rng), bool(before))
        for start, budget, before, regime in zip(starts, budgets, first, regimes, strict=True)
    ]


def spread(n: int, low: int, high: int, rng: np.random.Generator) -> list[int]:
    """`n` whole numbers that cover low..high evenly, in random order."""
    return [int(value) for value in rng.permutation(np.linspace(low, high, n).round())]


def _room(sizes: np.ndarray, others: np.ndarray, count_tokens: CountTokens) -> int:
    """The length in tokens that all object prompts get."""
    bare = count_tokens(object_prompt((OTHER_V1.format(text=""), "", "")))
    return int(bare + sizes.max() + others.max() + MAX_BEFORE + AFTER_ROOM)


def _pad(span: str, company: Company, total: int, count_tokens: CountTokens, rng: np.random.Generator) -> Texts:
    """The span in its surroundings, with neutral text after it so that the object prompt is `total` tokens long."""
    other = OTHER_V1.format(text=_without(span, company.other, count_tokens, rng))
    for _ in range(20):
        before = fit_exactly(NEUTRAL, company.start, count_tokens, count_tokens=count_tokens, rng=rng)
        head, tail = (f"{before} {other}", "") if company.first else (before, f"{other} ")
        bare = count_tokens(object_prompt((head, span, tail)))

        def added(text: str, head: str = head, tail: str = tail, bare: int = bare) -> int:
            return count_tokens(object_prompt((head, span, tail + text))) - bare

        texts = (head, span, tail + fit_exactly(NEUTRAL, total - bare, added, count_tokens=count_tokens, rng=rng))
        prompts = (object_prompt(texts), report_prompt(body(texts), "token", PRIMARY))
        if all(prompt.count(span) == 1 for prompt in prompts):
            return texts
    raise TargetError(
        f"token_count: the text {span[:60]!r} also occurs in the words around it. Use a longer or less common text."
    )


def _without(span: str, other: str, count_tokens: CountTokens, rng: np.random.Generator) -> str:
    """The distractor, or neutral text of the same size if the distractor happens to contain the span."""
    if span not in other:
        return other
    return fit_exactly(NEUTRAL, count_tokens(other), count_tokens, count_tokens=count_tokens, rng=rng)
