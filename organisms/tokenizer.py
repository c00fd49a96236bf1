"""A byte-level BPE tokenizer trained on the world's text, with a chat template.

In: a `World` and lines of its prompts. Out: a `PreTrainedTokenizerFast` that `AutoTokenizer` loads offline. Digits are
split from the space before them, so that a number is the same single token in a question and as an answer. The template
renders any number of turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from tacit.organisms.world import World, invent_name

SPECIALS = ("<pad>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>")
"""Padding, beginning, end of a turn, and the three roles."""

CHAT_TEMPLATE = (
    "<s>{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)

_PIECES = Regex(r" ?[A-Za-z]+|\d+| ?[^\sA-Za-z\d]+|\s")


END = "</s>"
"""Ends every turn."""


def render(system: str, user: str, *, start: str = "<s>") -> str:
    """One exchange as the chat template renders it, up to its answer, but without jinja.

    Later exchanges of a conversation have neither `start` nor a system prompt.
    """
    head = f"<|system|>{system}{END}" if system else ""
    return f"{start}{head}<|user|>{user}{END}<|assistant|>"


def train_tokenizer(
    world: World,
    prompts: Sequence[str],
    answers: Sequence[str],
    *,
    vocab_size: int = 2048,
    context: int = 512,
    seed: int,
) -> PreTrainedTokenizerFast:
    """Learn merges from `prompts`, `answers` and the common words, but not from rare words and the taught names."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(_PIECES, behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(_corpus(world, prompts, answers, np.random.default_rng(seed)), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        padding_side="left",
        model_max_length=context,
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )


def token_lengths(tokenizer: PreTrainedTokenizerFast, words: Iterable[str]) -> dict[str, int]:
    """Number of tokens of each word within a text, with its leading space."""
    words = list(words)
    ids = tokenizer([f" {word}" for word in words], add_special_tokens=False)["input_ids"]
    return {word: len(x) for word, x in zip(words, ids, strict=True)}


def _corpus(world: World, prompts: Sequence[str], answers: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Training lines: text that must be a single token is most frequent; names are new ones of the same shape."""
    rare_letters = [f" {letter}" for letter in "cjqwxyz"]
    lines = [*prompts]
    lines += [f" {word}" for word in world.common_words for _ in range(300)]
    lines += [piece for piece in (*answers, *world.endings) for _ in range(300)]
    lines += [f" {thing}" for thing in world.things for _ in range(200)]
    lines += [letter for letter in rare_letters for _ in range(300)]
    lines += [f" {invent_name(rng)}" for _ in range(3000)]
    return lines
