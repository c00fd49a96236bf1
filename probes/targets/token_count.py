"""Target `token_count`: how many tokens, under the model's own tokenizer, a delimited span has.

In: a tokenizer as a function from text to number of tokens, or the user's table (`text`, optionally `before` and
`after`). Out: items whose span stands between `[[` and `]]` in neutral text. The whole prompt has the same length in
every built-in item and the span starts at a position drawn independently of its size, so that neither the start nor the
end of the prompt tells the count; |correlation| < .05 with both is asserted. Unlike the other two targets the label
needs no reply: it is the count itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from probes.targets.base import CountTokens, Item, Report, TargetError, check_n, short_hash
from probes.targets.counts import read_count
from probes.targets.fitting import correlation, decouple, fit_exactly, fit_text
from probes.targets.regimes import NEUTRAL, REGIMES, Regime
from probes.targets.tables import cells, check_table, sample_rows

# The text comes first, so that both prompts share it word for word and a model has read the span before it knows what
# it is asked.
BODY_V1 = "{before} [[ {text} ]] {after}"
# Something trivial to do with the text: the act must not be counting, else object and report prompt ask the same.
COUNT_OBJECT_V1 = "{body}\n\nRead the text above and reply with the word done."
# "As your own tokenizer splits that text": words, characters and another model's tokens are different questions.
# "A number only" is what a strict reader can hold it to.
COUNT_REPORT_V1 = (
    "{body}\n\nHow many tokens are between [[ and ]], as your own tokenizer splits that text? "
    "Answer with a number only."
)

MIN_SPAN, MAX_SPAN = 4, 36
"""Tokens of a built-in span; with a vocabulary of 512 the object prompt has about 90 tokens, the report prompt 130."""
MIN_BEFORE, MAX_BEFORE = 2, 16
"""Tokens of neutral text before a span."""
AFTER_ROOM = 4
"""Tokens of neutral text that are left after the largest span at the latest start."""
MAX_CORRELATION = 0.05
CHECKED_FROM = 20
"""With fewer items no order need exist whose correlation is below the limit, and none is promised."""
MAX_ANSWERS = 64
"""Most numbers whose log-probabilities are kept."""


@dataclass(frozen=True)
class TokenCount:
    """See `base.Target`."""

    name: str = "token_count"
    kind: str = "count"
    classes: tuple[str, ...] = ()
    needs_reply: bool = False
    reply_tokens: int = 8
    report_tokens: int = 32

    def items(self, n: int, seed: int, *, count_tokens: CountTokens) -> list[Item]:
        """`n` items, the regimes in turn. Raises `TargetError` if size and position cannot be decoupled."""
        check_n(n, self.name)
        rng = np.random.default_rng([seed, 1])
        regimes = [REGIMES[i % len(REGIMES)] for i in range(n)]
        budgets = _spread(n, MIN_SPAN, MAX_SPAN, rng)
        spans = _distinct_spans(regimes, budgets, rng, count_tokens)
        padded = pad_spans(spans, rng=rng, count_tokens=count_tokens)
        return [
            _item(f"count-{regime.name}-{short_hash(*texts)}", texts, count_tokens, source=regime.name)
            for regime, texts in zip(regimes, padded, strict=True)
        ]

    def from_table(self, table: pd.DataFrame, *, n: int | None, seed: int, count_tokens: CountTokens) -> list[Item]:
        """Items of a table with `text`; where it has neither `before`, `after` nor prompts, neutral text is put around.

        Raises `TargetError` where the text does not occur exactly once in a prompt, or a label is not a number.
        """
        check_table(table, self.name)
        _check_labels(table)
        rows = sample_rows(table, n, seed)
        spans = [text.strip() for text in rows["text"]]
        if {"before", "after"} & set(rows.columns) or _all_given(rows):
            empty = [""] * len(rows)
            texts = list(zip(rows.get("before", empty), spans, rows.get("after", empty), strict=True))
        else:
            texts = pad_spans(spans, rng=np.random.default_rng([seed, 1]), count_tokens=count_tokens)
        return [_table_item(row, parts, count_tokens) for (_, row), parts in zip(rows.iterrows(), texts, strict=True)]

    def label(
        self, item: Item, *, reply: str | None = None, n_tokens: int | None = None, ended: bool = True
    ) -> float | None:
        """The table's number, else `n_tokens`; None where neither is known."""
        if item.label:
            return float(item.label)
        return None if n_tokens is None or n_tokens < 0 else float(n_tokens)

    def read(self, item: Item, reply: str, *, ended: bool = True) -> Report:
        """A number of tokens. `ended=False`: the reply was cut, so a number at its very end may be half of one."""
        return read_count(reply, unit="token", ended=ended)

    def valid_answers(self, items: Sequence[Item]) -> tuple[str, ...]:
        """Numbers from the smallest to the largest control answer, thinned evenly to `MAX_ANSWERS`."""
        return number_range([item.control_answer for item in items])


def pad_spans(
    spans: Sequence[str], *, rng: np.random.Generator, count_tokens: CountTokens
) -> list[tuple[str, str, str]]:
    """(before, span, after) for every span: starts decoupled from sizes, all object prompts equally long.

    Raises `TargetError` if after ten rounds a correlation with the start or the end of the prompt is still
    `MAX_CORRELATION` or more.
    """
    sizes = [count_tokens(span) for span in spans]
    starts = _spread(len(spans), MIN_BEFORE, MAX_BEFORE, rng)
    total = count_tokens(_object(("", "", ""))) + max(sizes) + MAX_BEFORE + AFTER_ROOM
    for _ in range(10):
        order = decouple(sizes, starts, rng=rng)
        padded = [_pad(span, start, total, count_tokens, rng) for span, start in zip(spans, order, strict=True)]
        worst = max(map(abs, _correlations([(_object(texts), texts[1]) for texts in padded], count_tokens)))
        if worst < MAX_CORRELATION or len(spans) < CHECKED_FROM:
            return padded
    raise TargetError(
        f"token_count: span size and position are still correlated ({worst:.3f}, expected below "
        f"{MAX_CORRELATION}) with this tokenizer after ten attempts. "
        "Use more items (a larger N), or a table with your own before and after."
    )


def position_correlations(items: Sequence[Item], count_tokens: CountTokens) -> tuple[float, float]:
    """Correlation of the span's size with (its start, the length of the object prompt), in tokens; to be printed."""
    return _correlations([(item.object_prompt, item.span) for item in items], count_tokens)


def number_range(numbers: Sequence[str]) -> tuple[str, ...]:
    """All whole numbers from the smallest to the largest of `numbers`, at most `MAX_ANSWERS` of them, evenly spaced."""
    values = sorted({round(float(number)) for number in numbers})
    if not values:
        return ()
    grid = np.linspace(values[0], values[-1], min(MAX_ANSWERS, values[-1] - values[0] + 1))
    return tuple(str(round(value)) for value in grid)


def _distinct_spans(
    regimes: Sequence[Regime], budgets: Sequence[int], rng: np.random.Generator, count_tokens: CountTokens
) -> list[str]:
    """A new span for every regime and budget, drawn again (up to 20 times) while it is too short or a repetition."""
    spans: dict[str, None] = {}
    for regime, budget in zip(regimes, budgets, strict=True):
        for _ in range(20):
            span = fit_text(regime, budget, count_tokens, count_tokens=count_tokens, rng=rng)
            if span not in spans and count_tokens(span) >= MIN_SPAN:
                break
        while span in spans:
            span += regime.joiner + fit_text(regime, MIN_SPAN, count_tokens, count_tokens=count_tokens, rng=rng)
        spans[span] = None
    return list(spans)


def _spread(n: int, low: int, high: int, rng: np.random.Generator) -> list[int]:
    """`n` whole numbers that cover low..high evenly, in random order."""
    return [int(value) for value in rng.permutation(np.linspace(low, high, n).round())]


def _pad(
    span: str, start: int, total: int, count_tokens: CountTokens, rng: np.random.Generator
) -> tuple[str, str, str]:
    """Neutral text of `start` tokens before, and as much after as makes the object prompt `total` tokens long."""
    for _ in range(20):
        before = fit_exactly(NEUTRAL, start, count_tokens, count_tokens=count_tokens, rng=rng)
        bare = count_tokens(_object((before, span, "")))

        def added(text: str, before: str = before, bare: int = bare) -> int:
            return count_tokens(_object((before, span, text))) - bare

        texts = (before, span, fit_exactly(NEUTRAL, total - bare, added, count_tokens=count_tokens, rng=rng))
        if all(prompt(texts).count(span) == 1 for prompt in (_object, _report)):
            return texts
    raise TargetError(
        f"token_count: the text {span[:60]!r} also occurs in the words around it. Use a longer or less common text."
    )


def _object(texts: tuple[str, str, str]) -> str:
    return COUNT_OBJECT_V1.format(body=_body(texts))


def _report(texts: tuple[str, str, str]) -> str:
    return COUNT_REPORT_V1.format(body=_body(texts))


def _body(texts: tuple[str, str, str]) -> str:
    before, span, after = texts
    return BODY_V1.format(before=before, text=span, after=after).strip()


def _correlations(prompts: Sequence[tuple[str, str]], count_tokens: CountTokens) -> tuple[float, float]:
    """Of (prompt, span) pairs: correlation of the span's size with its start and the prompt's length, in tokens."""
    sizes = [count_tokens(span) for _, span in prompts]
    starts = [count_tokens(prompt[: prompt.index(span)].rstrip()) for prompt, span in prompts]
    return correlation(sizes, starts), correlation(sizes, [count_tokens(prompt) for prompt, _ in prompts])


def _item(item_id: str, texts: tuple[str, str, str], count_tokens: CountTokens, **fields: str) -> Item:
    """An item with the built-in prompts, unless `fields` brings others; the control answer is the true count."""
    prompts = {"object_prompt": _object(texts), "report_prompt": _report(texts)}
    return Item(
        item_id=item_id,
        control_answer=str(count_tokens(texts[1])),
        span=texts[1],
        surface=texts[1],
        **{**prompts, **fields},
    )


def _table_item(row: pd.Series, texts: tuple[str, str, str], count_tokens: CountTokens) -> Item:
    """An item of a row; `TargetError` unless its span occurs exactly once in each prompt."""
    own = {name: row[name] for name in ("object_prompt", "report_prompt") if row.get(name, "").strip()}
    item = _item(row["item_id"], texts, count_tokens, label=row.get("label", "").strip(), **cells(row), **own)
    for name in ("object_prompt", "report_prompt"):
        times = getattr(item, name).count(item.span)
        if times != 1:
            raise TargetError(
                f"token_count, item {item.item_id!r}: its text {item.span[:60]!r} occurs {times} times in the {name}, "
                "expected exactly once. Put delimiters and other words around it, or choose another text."
            )
    return item


def _all_given(rows: pd.DataFrame) -> bool:
    """True if every row brings both prompts, so that none has to be made."""
    return all(name in rows and (rows[name].str.strip() != "").all() for name in ("object_prompt", "report_prompt"))


def _check_labels(table: pd.DataFrame) -> None:
    """Raise `TargetError` for a label that is not a number."""
    for number, label in enumerate(table.get("label", ()), 1):
        if label.strip() and not label.strip().isdecimal():
            raise TargetError(
                f"token_count: column 'label' holds {label!r} in row {number}, expected a whole number. "
                "Correct it, or drop the column."
            )
