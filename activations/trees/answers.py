"""The log-probability of each valid answer, from the model's own next-token distribution after a prompt.

An answer is scored up to the token that distinguishes it from every other valid answer: one token for "no"; two for
"17" if "1" is also valid and the tokenizer splits digits. If an answer is a prefix of another ("1" of "17"), its score
includes the probability of stopping there. Candidate answers are scored whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tacit.activations.model.prompts import Prompt, token_ids
from tacit.activations.trees.jobs import Path

Spelled = Mapping[Path, int]
"""Token sequences that spell an answer -> its index."""


def spellings(tokenizer, rendered: str, answers: Sequence[str], *, special: bool) -> dict[Path, int]:
    """Token sequences that spell the answers right after `rendered` -> index of the answer.

    Each answer is spelled as given and capitalised, both also with a leading space unless the prompt ends in
    whitespace. A sequence that spells two answers is ambiguous and dropped.
    """

    def ids(text: str) -> Path:
        return tuple(token_ids(tokenizer, text, special=special))

    base, found, ambiguous = ids(rendered), {}, set()
    space = [""] if rendered[-1:].isspace() else ["", " "]
    for index, answer in enumerate(answers):
        for text in dict.fromkeys(gap + word for gap in space for word in (answer, answer.capitalize())):
            whole = ids(rendered + text)
            if whole[: len(base)] != base:  # the answer's first letters merged with the prompt's last token
                continue
            path = whole[len(base) :]
            if path and found.setdefault(path, index) != index:
                ambiguous.add(path)
    return {path: index for path, index in found.items() if path not in ambiguous}


def branching(paths: Spelled) -> set[Path]:
    """The token sequences after which the next token still decides between answers; with two or more, also ()."""
    answers_below: dict[Path, set[int]] = {}
    for path, index in paths.items():
        for end in range(len(path) + 1):
            answers_below.setdefault(path[:end], set()).add(index)
    return {node for node, below in answers_below.items() if len(below) > 1}


def tokens_wanted(paths: Spelled) -> dict[Path, tuple[int, ...]]:
    """Further tokens after the prompt -> the tokens whose log-probabilities decide between the answers there."""
    nodes = branching(paths) | {()}
    wanted: dict[Path, set[int]] = {}
    for path in paths:
        for at, token in enumerate(path):
            if path[:at] in nodes:
                wanted.setdefault(path[:at], set()).add(token)
    return {path: tuple(sorted(tokens)) for path, tokens in sorted(wanted.items())}


def answer_logprobs(paths: Spelled, n_answers: int, known: Mapping[Path, Mapping[int, np.ndarray]]) -> np.ndarray:
    """`(n_answers, batch) float64`, nats; -inf for an answer that cannot be spelled.

    known: for every path of `tokens_wanted`, token -> `(batch,)` log-probabilities there.
    """
    size = len(next(iter(next(iter(known.values())).values()))) if known else 0
    total = np.full((n_answers, size), -np.inf)
    for path, index in paths.items():
        logp = np.zeros(size)
        for at, token in enumerate(path):
            if path[:at] in known:
                logp = logp + known[path[:at]][token]
        if path in known:  # a prefix of another answer: the model has to stop here to mean this one
            onwards = np.exp(list(known[path].values())).sum(axis=0)
            logp = logp + np.log(np.maximum(1 - onwards, np.finfo(np.float32).tiny))
        total[index] = np.logaddexp(total[index], logp)
    return total


def continuation(tokenizer, prompt: Prompt, text: str, *, special: bool) -> Path:
    """The tokens of a text right after a prompt; () where the text's first letters merge with its last token.

    The whole text is scored, not only the part that distinguishes it: P(a|q) of Gekhman et al. 2025.
    """
    gap = "" if prompt.text[-1:].isspace() else " "
    for joint in dict.fromkeys(("", gap) if not special else (gap, "")):
        whole = tuple(token_ids(tokenizer, prompt.text + joint + text, special=special))
        if whole[: len(prompt.ids)] == tuple(prompt.ids):
            return whole[len(prompt.ids) :]
    return ()


def along(path: Path) -> dict[Path, tuple[int, ...]]:
    """What is wanted to score a path whole: its next token at each of its beginnings."""
    return {path[:at]: (token,) for at, token in enumerate(path)}
