"""Tokenize rendered prompts, and see to it that they fit.

In: a tokenizer and prompts as `renderer` gives them. Out: `Prompt`s, each with its ids and the tokens of its span.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tacit.activations.templates.content import PLACE
from tacit.activations.templates.render import has_chat_template, renderer
from tacit.errors import ActivationError
from tacit.targets.base import Item
from tacit.targets.questions import Question
from tacit.targets.tables.table_facts import TooLong

CHUNK = 512
"""Prompts that are tokenised at a time."""


@dataclass(frozen=True)
class Prompt:
    """One prompt as the model reads it."""

    text: str
    """The rendered prompt, special tokens included."""
    ids: Sequence[int]
    """Its token ids, unpadded; four bytes each, so that a million prompts fit into memory."""
    span: tuple[int, int] = (-1, -1)
    """First and one-past-last token of the marked span; (-1, -1) where nothing is marked."""

    @property
    def n_span(self) -> int:
        """Tokens of the span; -1 where nothing is marked."""
        return self.span[1] - self.span[0] if self.span[0] >= 0 else -1


def encode(tokenizer, texts: Sequence[str], spans: Sequence[str] | None = None) -> list[Prompt]:
    """Token ids of rendered prompts, and the token range of `spans[i]` (a substring of `texts[i]`, "" for none).

    A chat template writes the special tokens itself, so the tokenizer adds them only where there is no template.
    A token belongs to the span when its characters overlap it.

    Raises ActivationError when a span does not occur exactly once, or the tokenizer gives no character offsets.
    """
    spans = spans or [""] * len(texts)
    marked = any(spans)
    if marked and not tokenizer.is_fast:
        raise ActivationError(
            f"{type(tokenizer).__name__} gives no character offsets, so the tokens of a span cannot be counted. "
            "Use the model's fast tokenizer (tokenizer.json), or leave token_count out of TARGETS."
        )
    special, found = not has_chat_template(tokenizer), []
    ending = ending_of(tokenizer) if special else 0
    for start in range(0, len(texts), CHUNK):  # what the tokenizer returns takes kilobytes a prompt
        some = slice(start, start + CHUNK)
        batch = tokenizer(
            list(texts[some]),
            add_special_tokens=special,
            return_offsets_mapping=marked,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        offsets = batch["offset_mapping"] if marked else [()] * len(texts[some])
        rows = zip(texts[some], batch["input_ids"], spans[some], offsets, strict=True)
        found += [
            Prompt(text, array("i", ids[: len(ids) - ending]), _span_tokens(text, span, where))
            for text, ids, span, where in rows
        ]
    return found


def token_ids(tokenizer, text: str, *, special: bool) -> list[int]:
    """The tokens of a prompt; special: whether the tokenizer adds those that begin a text. None that end one is added,
    since the model's answer follows."""
    ids = list(tokenizer(text, add_special_tokens=special, verbose=False)["input_ids"])
    return ids[: len(ids) - ending_of(tokenizer)] if special else ids


def ending_of(tokenizer) -> int:
    """How many special tokens the tokenizer appends to a text of its own accord, such as `</s>`."""
    whole, alone = (list(tokenizer("a", add_special_tokens=given)["input_ids"]) for given in (True, False))
    starts = [at for at in range(len(whole) - len(alone) + 1) if whole[at : at + len(alone)] == alone]
    return len(whole) - starts[-1] - len(alone) if starts and alone else 0


def _span_tokens(text: str, span: str, offsets: Sequence[tuple[int, int]]) -> tuple[int, int]:
    if not span:
        return (-1, -1)
    if text.count(span) != 1:
        raise ActivationError(
            f"the span {span[:40]!r} occurs {text.count(span)} times in its prompt, expected once: {text[:80]!r}…"
        )
    start = text.index(span)
    end = start + len(span)
    inside = [i for i, (first, last) in enumerate(offsets) if first < end and last > start and last > first]
    return (inside[0], inside[-1] + 1)


def check_lengths(
    prompts: Sequence[Prompt], context: int | None, new_tokens: int, where: str, *, names: Sequence[str] = ()
) -> None:
    """Refuse prompts that would not fit, before anything is computed. names: the item of each prompt.

    Raises ActivationError naming how many are too long, the longest, and the room there is.
    """
    room = None if context is None else context - new_tokens
    too_long = [prompt for prompt in prompts if room is not None and len(prompt.ids) > room]
    if too_long:
        longest = max(too_long, key=lambda prompt: len(prompt.ids))
        item = f"item {names[prompts.index(longest)]!r}: " if names else ""
        raise ActivationError(
            f"{where}: {len(too_long)} of {len(prompts)} prompts are longer than the model's context of {context} "
            f"tokens less {new_tokens} for the reply (the longest has {len(longest.ids)}: "
            f"{item}{longest.text[:60]!r}…). Shorten these rows, or take a model with a longer context."
        )


def rows_that_fit(
    items: Sequence[Item], questions: Sequence[Question], *, tokenizer, systems: Sequence[str], context: int | None
) -> tuple[list[Item], TooLong | None]:
    """The items whose prompts fit the context under every system prompt, and the longest of the others.

    questions: the object and report prompts of all items, in their order.
    """
    over: dict[int, int] = {}
    for system in systems if context is not None else ():
        render = renderer(tokenizer, system)
        for question in questions:
            room = context - max(question.tokens, 1)
            for at, prompt in enumerate(encode(tokenizer, render.all(question.texts))):
                if len(prompt.ids) > room:
                    over[at] = max(over.get(at, 0), len(prompt.ids))
    if not over:
        return list(items), None
    longest = max(over, key=lambda at: over[at])
    kept = [item for at, item in enumerate(items) if at not in over]
    return kept, TooLong(items[longest].item_id, over[longest], len(over))


def token_counter(tokenizer, render: Callable[[str], str]) -> Callable[[str], int]:
    """A function from a user message to the tokens it adds to the rendered prompt.

    Counted within the rendered prompt, because a word may be tokenized differently after the template's text.
    """
    head, _, tail = render(PLACE).partition(PLACE)
    special = not has_chat_template(tokenizer)

    def length(text: str) -> int:
        return len(token_ids(tokenizer, text, special=special))

    empty = length(head + tail)
    return lambda text: length(head + text + tail) - empty
