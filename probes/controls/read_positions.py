"""Which token a site reads, as numbers: what its position alone could tell of a label.

In: the items with the token positions of their prompts, and the sites that a probe reads. Out: one column per position.
The last token of a span moves with the span's size even where the prompt's last token does not, so a count that is
decoupled from the one need not be decoupled from the other (docs/protocol.md, section 6).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tacit.probes.data.examples import Examples
from tacit.targets.counting.coupling import Coupling, coupling

STORED = {"object": ("span_start", "object_end"), "report": ("report_start", "report_end")}
"""Columns of the store's items: first and last token of the marked span in each prompt."""


def read_positions(frame: pd.DataFrame, sites: Sequence[str]) -> dict[str, np.ndarray]:
    """Name -> (n_items,) float64 position, nan where it was not stored.

    Always the last tokens of both prompts, as far as stored. For a site `:end` the span's last token too; for `:mean`,
    which averages over the span, its first and last token and its length.
    """
    found = {name: _column(frame, name) for name in ("object_last", "report_last") if name in frame}
    for site in sites:
        prompt, _, where = site.partition(":")
        if where not in ("end", "mean"):
            continue
        start, end = _span(frame, prompt)
        found[f"{prompt}_end"] = end
        if where == "mean":
            found |= {STORED[prompt][0]: start, f"{prompt}_span_length": end - start + 1}
    return found


def position_couplings(examples: Examples, sites: Sequence[str]) -> list[Coupling] | None:
    """How a count is correlated with where its span starts and with the positions that are read at these sites.

    None for labels that are no counts of a span.
    """
    frame = examples.frame
    marked = "span" in frame and bool((frame["span"].fillna("") != "").any())
    if examples.kind != "count" or not (marked or examples.target == "token_count"):
        return None
    mine = {site.partition(":")[0] for site in sites}
    read = read_positions(frame, sites)
    read = {name: column for name, column in read.items() if name.partition("_")[0] in mine or name == "span_start"}
    start = {"span_start": _column(frame, "span_start")} if marked and "span_start" in frame else {}
    return [coupling(name, examples.y, column) for name, column in (start | read).items()]


def _span(frame: pd.DataFrame, prompt: str) -> tuple[np.ndarray, np.ndarray]:
    """(first, last) token of the span; runs that are older than the columns have them for the object prompt alone."""
    start, end = (_column(frame, name) for name in STORED[prompt])
    if prompt == "object" and np.isnan(end).all():
        end = start + np.where(_column(frame, "n_tokens") > 0, _column(frame, "n_tokens"), np.nan) - 1
    return start, end


def _column(frame: pd.DataFrame, name: str) -> np.ndarray:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(dtype=np.float64)
