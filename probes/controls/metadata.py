"""What the user's table says of the items beside their text: popularity and type of answer, as baselines read it.

In: the item columns. Out: numeric features per column. A label that follows the popularity of an entity is given away
by whatever reveals the popularity, and is no knowledge of that item.
"""

import numpy as np
import pandas as pd

METADATA = ("popularity", "answer_type")
INVENTED = "invented"
"""The popularity of the built-in made-up entities. Their label is false by construction, so a column that tells which
they are is the label under another name, and nothing that a text or a reader could show."""
MOSTLY = 0.9
"""Share of the values given that must be numbers for a column to be read as numbers."""
MIN_CATEGORY = 3
"""Items below which a category has no indicator: it could not be learned in one fold and used in another."""


def metadata(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Column -> (n_items, k) float64, of those in METADATA that were given.

    Numbers: the value, its logarithm and whether it is missing (as the median). Categories: an indicator of each.
    """
    found = {}
    for name in METADATA:
        if name in frame:
            text = frame[name].fillna("").astype(str).str.strip()
            if not text.str.casefold().eq(INVENTED).any():
                found[name] = _numbers(text) if _numeric(text) else _indicators(text)
    return found


def _numeric(text: pd.Series) -> bool:
    given = text[text != ""]
    return bool(len(given)) and bool(_parsed(given).notna().mean() >= MOSTLY)


def _parsed(text: pd.Series) -> pd.Series:
    return pd.to_numeric(text.str.replace(",", "", regex=False), errors="coerce").replace([np.inf, -np.inf], np.nan)


def _numbers(text: pd.Series) -> np.ndarray:
    value = _parsed(text).to_numpy(dtype=np.float64)
    missing = np.isnan(value)
    value = np.where(missing, np.nanmedian(value), value)
    return np.stack([value, np.sign(value) * np.log1p(np.abs(value)), missing], axis=1)


def _indicators(text: pd.Series) -> np.ndarray:
    counts = text.value_counts()
    kept = sorted(counts.index[counts >= MIN_CATEGORY])
    return (
        np.stack([(text == name).to_numpy(dtype=np.float64) for name in kept], axis=1)
        if kept
        else np.zeros((len(text), 0))
    )
