"""Does the model know the answer? Its ranking of right answers above wrong ones, and the share of its samples right.

In: an item, what was sampled from the model, and log-probabilities of candidate answers. Out: candidates, and two
numbers from 0 to 1. Unlike the label of target `knowledge` (was the greedy answer right?) and its reports (does it know
that it knows?), nothing here depends on the one answer that is decoded. K is that of Gekhman et al. 2025
(arXiv 2503.15299): the share of (right, wrong) pairs of candidates in which the right one scores higher.
"""

from collections.abc import Mapping, Sequence
from itertools import islice

import numpy as np

from tacit.targets.base import Item, short_hash
from tacit.targets.knowledge.answer_matching import is_right, normalise
from tacit.targets.readers.clean_text import declines, plain, sentences

N_RIVALS = 6
"""Answers of other items that every item is ranked against."""
LONGEST = 12
"""Words of a sampled reply that still is an answer and no essay."""


def share_right(item: Item, replies: Sequence[str]) -> float:
    """The share of sampled replies that give an accepted answer; nan where no reply says anything."""
    usable = [reply for reply in replies if normalise(plain(reply))]
    right = [is_right(reply, item.answers, question=item.surface) for reply in usable]
    return float(np.mean(right)) if right else float("nan")


def ranking(logp_right: Sequence[float], logp_wrong: Sequence[float]) -> float:
    """K: the share of (right, wrong) pairs in which the right answer scores higher, ties ½; 1 iff it always does.

    nan without both kinds, or where a score is nan. Sums or means of token log-probabilities will do, not a mix.
    """
    right, wrong = np.asarray(logp_right, dtype=float), np.asarray(logp_wrong, dtype=float)
    pairs = right.size * wrong.size
    if not pairs or np.isnan(right).any() or np.isnan(wrong).any():
        return float("nan")
    above = right[:, None] > wrong[None, :]
    level = right[:, None] == wrong[None, :]
    return float((above.sum() + 0.5 * level.sum()) / pairs)


def answer_ranking(item: Item, logp: Mapping[str, float]) -> float:
    """K of one item: `logp` holds a score per candidate answer; which of them are right is judged here."""
    right = [score for text, score in logp.items() if is_right(text, item.answers, question=item.surface)]
    wrong = [score for text, score in logp.items() if not is_right(text, item.answers, question=item.surface)]
    return ranking(right, wrong)


def candidates(
    item: Item, items: Sequence[Item], sampled: Sequence[str], *, k: int = N_RIVALS
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(right, wrong) answers to `item`: accepted ones, what was sampled from the model, and `k` of its likes' answers.

    Sampled replies are cut to their first sentence, judged, and kept once each; those that decline are no answers. The
    likes are items of the same relation (`source`) and answer type, real where the item is real, drawn by its id.
    """
    said = [answer for answer in map(_answer, sampled) if answer]
    right = [*item.answers, *(text for text in said if is_right(text, item.answers, question=item.surface))]
    wrong = [text for text in said if not is_right(text, item.answers, question=item.surface)]
    return _distinct(right), _distinct([*wrong, *_rivals(item, items, k)], without=right)


def _answer(reply: str) -> str:
    """The first sentence of a reply without its end mark; "" where it declines, or is too long to be an answer."""
    first = next(iter(sentences(plain(reply))), "").rstrip(".! ")
    return "" if declines(first) or len(first.split()) > LONGEST else first


def _rivals(item: Item, items: Sequence[Item], k: int) -> list[str]:
    """`k` answers of other items that `item` could be thought to have, in an order that its id decides."""
    texts = {other.answers[0] for other in items if _alike(item, other)}
    drawn = sorted(texts, key=lambda text: short_hash("rival", item.item_id, text))
    wrong = (text for text in drawn if not is_right(text, item.answers, question=item.surface))
    return list(islice(wrong, k))


def _alike(item: Item, other: Item) -> bool:
    """True for another item of the same relation and type of answer, and not made up."""
    same = (item.source, item.answer_type) == (other.source, other.answer_type)
    return same and other.item_id != item.item_id and bool(other.answers) and other.popularity != "invented"


def _distinct(texts: Sequence[str], *, without: Sequence[str] = ()) -> tuple[str, ...]:
    """`texts`, each only once up to normalisation, and none of `without`."""
    seen = {normalise(text) for text in without} | {""}
    kept = []
    for text in texts:
        if normalise(text) not in seen:
            kept.append(text)
            seen.add(normalise(text))
    return tuple(kept)
