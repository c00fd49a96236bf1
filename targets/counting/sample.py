"""Draw rows of a counting table so that a sample stays as decoupled as the table.

In: a table with texts and what surrounds them. Out: `n` of its rows. In a decoupled table of a thousand rows, 60 rows
drawn at random correlate by chance: |r| is .1 and more in every second draw.
"""

import pandas as pd

from tacit.targets.base import CountTokens
from tacit.targets.counting.fit_length import correlation
from tacit.targets.tables.user_tables import draw_rows, sample_rows
from tacit.thresholds import MAX_CORRELATION

DRAWS = 200


def sample_decoupled(table: pd.DataFrame, n: int | None, seed: int, count_tokens: CountTokens) -> pd.DataFrame:
    """`sample_rows`, drawn again (up to `DRAWS` times) until size is uncorrelated with start and prompt length.

    |r| < `MAX_CORRELATION` is asked for; failing that, the least correlated draw is taken. A table that is coupled as a
    whole gets its first draw: choosing among draws would hide what is true of it.
    """
    whole = sample_rows(table, None, seed)
    first = draw_rows(whole, n, seed)
    if len(first) == len(whole):
        return first
    numbers = _numbers(whole, count_tokens).set_index(whole["item_id"])
    if _worst(numbers) >= MAX_CORRELATION:
        return first
    best, least = first, _worst(numbers.loc[first["item_id"]])
    for attempt in range(1, DRAWS):
        if least < MAX_CORRELATION:
            break
        drawn = draw_rows(whole, n, seed + 1_000_003 * attempt)
        worst = _worst(numbers.loc[drawn["item_id"]])
        best, least = (drawn, worst) if worst < least else (best, least)
    return best


def _numbers(table: pd.DataFrame, count_tokens: CountTokens) -> pd.DataFrame:
    """Size of each text, tokens before it, and tokens of the whole, for tables that say what surrounds the text."""
    texts = table["text"].str.strip()
    whole = table.get("object_prompt")
    if whole is None:
        before, after = (table.get(name, pd.Series("", table.index)).fillna("") for name in ("before", "after"))
        whole = before + " " + texts + " " + after
    heads = [prompt.partition(text)[0].rstrip() for prompt, text in zip(whole, texts, strict=True)]
    columns = {"size": texts, "start": heads, "length": whole}
    return pd.DataFrame({name: [count_tokens(text) for text in column] for name, column in columns.items()})


def _worst(numbers: pd.DataFrame) -> float:
    return max(abs(correlation(numbers["size"], numbers[place])) for place in ("start", "length"))
