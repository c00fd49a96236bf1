"""The log-probability of each valid answer, from the model's own next-token distribution after a prompt.

An answer is scored up to the token that distinguishes it from every other valid answer: one token for "no"; two for
"17" if "1" is also valid and the tokenizer splits digits. If an answer is a prefix of another ("1" of "17"), its score
includes the probability of stopping there. The first token costs nothing, because generating the reply has already
computed its distribution; each further branching point costs one pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch

from tacit.activations.model.capture import pad
from tacit.activations.model.load import Subject
from tacit.activations.model.prompts import Prompt, has_chat_template

Path = tuple[int, ...]


def spellings(tokenizer, rendered: str, answers: Sequence[str], *, special: bool) -> dict[Path, int]:
    """Token sequences that spell the answers right after `rendered` -> index of the answer.

    Each answer is spelled as given and capitalised, both also with a leading space unless the prompt ends in
    whitespace. A sequence that spells two answers is ambiguous and dropped.
    """

    def ids(text: str) -> Path:
        return tuple(tokenizer(text, add_special_tokens=special, verbose=False)["input_ids"])

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


def branching(paths: dict[Path, int]) -> set[Path]:
    """The token sequences after which the next token still decides between answers; with two or more, also ()."""
    answers_below: dict[Path, set[int]] = {}
    for path, index in paths.items():
        for end in range(len(path) + 1):
            answers_below.setdefault(path[:end], set()).add(index)
    return {node for node, below in answers_below.items() if len(below) > 1}


def score(
    paths: dict[Path, int], n_answers: int, first: torch.Tensor, next_after: Callable[[Path], torch.Tensor]
) -> torch.Tensor:
    """`(batch, n_answers) float32` log-probabilities; -inf for an answer that cannot be spelled.

    `first` is `(batch, vocabulary)` log-probabilities of the first new token; `next_after(node)` gives the same after
    the prompt followed by the tokens of `node`, and is called once per further branching point.
    """
    nodes = branching(paths) | {()}
    table = {node: next_after(node) if node else first for node in sorted(nodes, key=len)}
    total = torch.full((first.shape[0], n_answers), -math.inf)
    for path, index in paths.items():
        logp = torch.zeros(first.shape[0])
        for at, token in enumerate(path):
            if path[:at] in table:
                logp = logp + table[path[:at]][:, token]
        if path in table:  # a prefix of another answer: the model has to stop here to mean this one
            longer = (other for other in paths if len(other) > len(path) and other[: len(path)] == path)
            onwards = sorted({other[len(path)] for other in longer})
            stays = 1 - table[path][:, onwards].exp().sum(1)
            logp = logp + stays.clamp_min(torch.finfo(torch.float32).tiny).log()
        total[:, index] = torch.logaddexp(total[:, index], logp)
    return total


def continuation_logprobs(
    subject: Subject, prompts: Sequence[Prompt], texts: Sequence[str]
) -> tuple[list[float], list[int]]:
    """The log-probability of each text as continuation of its prompt (nats, summed over its tokens), and its number of
    tokens; nan and 0 where the text's first letters merge with the prompt's last token.

    The whole answer is scored, not only the part that distinguishes it: P(a|q) of Gekhman et al. 2025.
    """
    plain = not has_chat_template(subject.tokenizer)
    rows = [
        _joined(subject.tokenizer, prompt, text, special=plain) for prompt, text in zip(prompts, texts, strict=True)
    ]
    starts = [len(prompt.ids) for prompt in prompts]
    inputs = pad(rows, subject.tokenizer.pad_token_id, subject.device, side="right")
    with torch.inference_mode():
        logits = subject.module(**inputs, use_cache=False).logits
        logps = torch.log_softmax(logits[:, :-1].float(), dim=-1)
        picked = logps.gather(2, inputs["input_ids"][:, 1:, None])[..., 0].cpu()
    sizes = [len(row) - start for row, start in zip(rows, starts, strict=True)]
    found = [
        float(picked[i, start - 1 : start - 1 + size].sum()) if size > 0 else math.nan
        for i, (start, size) in enumerate(zip(starts, sizes, strict=True))
    ]
    return found, [max(size, 0) for size in sizes]


def _joined(tokenizer, prompt: Prompt, text: str, *, special: bool) -> Path:
    """The prompt's tokens followed by the text's; only the prompt's where the two merge."""
    gap = "" if prompt.text[-1:].isspace() else " "
    for joint in dict.fromkeys(("", gap) if not special else (gap, "")):
        whole = tuple(tokenizer(prompt.text + joint + text, add_special_tokens=special, verbose=False)["input_ids"])
        if whole[: len(prompt.ids)] == tuple(prompt.ids):
            return whole
    return tuple(prompt.ids)
