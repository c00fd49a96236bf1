"""Measure whether the model knows an answer, by ranking candidates and by the share of samples that are right.

In: an item, replies sampled from the model, and log-probabilities of candidate answers. Out: candidates, and two
numbers from 0 to 1. Unlike the label of target `knowledge` (was the greedy answer right?) and its reports (does it know
that it knows?), neither depends on the greedy answer. K is that of Gekhman et al. 2025 (arXiv 2503.15299): the share of
(right, wrong) pairs of candidates in which the right one scores higher.
"""

from collections.abc import Mapping, Sequence
from itertools import islice

import numpy as np

from tacit.targets.base import Item, short_hash
from tacit.targets.knowledge.answer_matching import normalise
from tacit.targets.knowledge.multiple_choice import gives_answer, options_of
from tacit.targets.readers.clean_text import declines, plain, sentences

N_RIVALS = 6
"""Number of answers of other items among the candidates of an item."""
LONGEST = 12
"""Maximum number of words of a sampled reply that counts as an answer."""


def share_right(item: Item, replies: Sequence[str]) -> float:
    """The share of sampled replies that give an accepted answer; nan if all replies are empty."""
    usable = [reply for reply in replies if normalise(plain(reply))]
    right = [gives_answer(item, reply) for reply in usable]
    return float(np.mean(right)) if right else float("nan")


def ranking(logp_right: Sequence[float], logp_wrong: Sequence[float]) -> float:
    """K: the share of (right, wrong) pairs in which the right answer scores higher; ties count ½.

    nan if either kind is missing or a score is nan. Scores are sums or means of token log-probabilities, but not a mix.
    """
    right, wrong = np.asarray(logp_right, dtype=float), np.asarray(logp_wrong, dtype=float)
    pairs = right.size * wrong.size
    if not pairs or np.isnan(right).any() or np.isnan(wrong).any():
        return float("nan")
    above = right[:, None] > wrong[None, :]
    level = right[:, None] == wrong[None, :]
    return float((above.sum() + 0.5 * level.sum()) / pairs)


def answer_ranking(item: Item, logp: Mapping[str, float]) -> float:
    """K of one item: `logp` has a score for each candidate answer; this function decides which ones are right."""
    right = [score for text, score in logp.items() if gives_answer(item, text)]
    wrong = [score for text, score in logp.items() if not gives_answer(item, text)]
    return ranking(right, wrong)


def candidates(
    item: Item, items: Sequence[Item], sampled: Sequence[str], *, k: int = N_RIVALS
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(right, wrong) answers to `item`: accepted ones, sampled ones, and `k` answers of similar items.

    Sampled replies are cut to their first sentence, judged, deduplicated, and left out if they decline. Similar items
    have the same relation (`source`) and answer type and are not invented; the item's id determines the choice. For a
    question with options the candidates are these.
    """
    if options := options_of(item):
        return item.answers, tuple(text for text in options.values() if not gives_answer(item, text))
    said = [answer for answer in map(_answer, sampled) if answer]
    right = [*item.answers, *(text for text in said if gives_answer(item, text))]
    wrong = [text for text in said if not gives_answer(item, text)]
    return _distinct(right), _distinct([*wrong, *_rivals(item, items, k)], without=right)


def _answer(reply: str) -> str:
    """The first sentence of a reply without its end mark; "" if it declines, or is too long to be an answer."""
    first = next(iter(sentences(plain(reply))), "").rstrip(".! ")
    return "" if declines(first) or len(first.split()) > LONGEST else first


def _rivals(item: Item, items: Sequence[Item], k: int) -> list[str]:
    """`k` wrong answers taken from similar items, in an order that the item's id determines."""
    texts = {other.answers[0] for other in items if _alike(item, other)}
    drawn = sorted(texts, key=lambda text: short_hash("rival", item.item_id, text))
    wrong = (text for text in drawn if not gives_answer(item, text))
    return list(islice(wrong, k))


def _alike(item: Item, other: Item) -> bool:
    """True for another item of the same relation and answer type that is not about an invented entity."""
    same = (item.source, item.answer_type) == (other.source, other.answer_type)
    return same and other.item_id != item.item_id and bool(other.answers) and other.popularity != "invented"


def _distinct(texts: Sequence[str], *, without: Sequence[str] = ()) -> tuple[str, ...]:
    """`texts` without those that are equal after normalisation, and without `without`."""
    seen = {normalise(text) for text in without} | {""}
    kept = []
    for text in texts:
        if normalise(text) not in seen:
            kept.append(text)
            seen.add(normalise(text))
    return tuple(kept)
