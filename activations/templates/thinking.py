"""Whether a chat template leaves a model's thinking on, so that a reply begins with its thoughts.

In: a tokenizer with its template. Out: `Thinking`, and a line for the user. Known by what the template writes before
the reply: an opened block, or a closed one only where it is told not to think.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from tacit.activations.templates.chat_template import apply_template, options_of
from tacit.activations.templates.content import in_parts, takes_text
from tacit.settings import Settings
from tacit.targets.readers.thoughts import BLOCKS, ENDS, Block, block_of, has_thoughts, opened

SWITCHES = ("enable_thinking", "thinking", "enable_reasoning", "think")
"""Variables by which templates turn thinking on or off."""
HELLO = ({"role": "user", "content": "Hello"},)


@dataclass(frozen=True)
class Thinking:
    """How replies begin with thoughts."""

    on: bool = False
    """Whether they may."""
    opening: str = ""
    """What the template writes to open them; "" where that is left to the model."""
    closing: str = ""
    """What ends them before they begin: after it the model gives its answer."""
    switch: str = ""
    """The variable of the template that turns thinking off; "" if it has none."""

    def tokens(self, asked: int, budget: int, context: int | None) -> int:
        """Longest reply in tokens, of which `asked` are for the answer; thoughts take at most half of the context."""
        return asked + room(budget, context) if self.on and asked else asked


def room(budget: int, context: int | None) -> int:
    """Most tokens of thoughts: the budget, and at most half of the context."""
    return budget if context is None else min(budget, context // 2)


def thinking_of(tokenizer) -> Thinking:
    """How replies begin in the tokenizer's template, with the arguments of this run."""
    if not getattr(tokenizer, "chat_template", None):
        return Thinking()
    now = apply_template(tokenizer, _as_taken(tokenizer))
    opening, switch, off = opened(now), *_switch(tokenizer, now)
    if not opening and not switch and not _may_think(tokenizer, now):
        return Thinking()
    return Thinking(True, opening, _closing(tokenizer, now, off), switch)


def thinking_line(tokenizer, model: str, budget: int = Settings.thinking_tokens) -> str:
    """What the user has to know about the model's thinking before the run; empty where it does not think first.

    budget: the most tokens of thoughts that fit.
    """
    thinking = thinking_of(tokenizer)
    if not thinking.on:
        return ""
    how = "its template opens" if thinking.opening else "it may open"
    advice = f" To ask without thinking: --template-arg {thinking.switch}=false" if thinking.switch else ""
    return (
        f"{model} thinks before it answers ({how} a block of thoughts). Replies are read after the thoughts, which may"
        f" take {budget} tokens (--thinking-tokens), and one that is cut off within them is unreadable. The"
        " log-probabilities of answers are read after an empty block of thoughts. States at the site `report` are read"
        f" after the thoughts, those at other sites before them.{advice}"
    )


def text_of(tokenizer, ids: Sequence[int], thinking: Thinking) -> str:
    """A reply as text, with the block of thoughts that the template opened, without special tokens.

    Marks of thoughts are kept where they are special tokens (gpt-oss, Magistral): without them thoughts and answer
    could not be told apart.
    """
    text = tokenizer.decode(ids, skip_special_tokens=True)
    if thinking.on and not has_thoughts(text) and has_thoughts(whole := tokenizer.decode(ids)):
        end = _end_of_thoughts(whole) or len(whole)
        special = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
        answer = whole[end:]
        for token in special:
            answer = answer.replace(token, "")
        text = whole[:end] + answer
    return thinking.opening + text


def closed_thoughts(tokenizer, ids: Sequence[int], thinking: Thinking, most: int) -> list[int]:
    """The tokens between a prompt and the answer: the thoughts with which a reply begins, closed as the template closes
    them.

    ids: of the reply, without the token that ends the turn; most: tokens that may stand there. Thoughts that do not end
    within them are cut and closed (budget forcing: Muennighoff et al. 2025, arXiv 2501.19393); where there are none,
    the block is empty.
    """
    said, gap = thinking.opening + tokenizer.decode(ids), thinking.closing[_end_of_thoughts(thinking.closing) :]
    if not has_thoughts(said):
        return _ids(tokenizer, thinking.closing)
    if not opened(said):
        n = len(ENDS.findall(said))
        kept = bisect_left(range(len(ids)), n, key=lambda k: len(ENDS.findall(tokenizer.decode(ids[:k]))))
        written = tokenizer.decode(ids[:kept])  # the mark's last token may hold the gap as well
        found = [*ids[:kept], *(_ids(tokenizer, gap) if written[_end_of_thoughts(written) :] == "" else [])]
        if len(found) <= most:
            return found
    closing = _ids(tokenizer, thinking.closing if thinking.opening else f"\n{_block(said).end}{gap}")
    return [*ids[: max(most - len(closing), 0)], *closing]


def _end_of_thoughts(text: str) -> int:
    """Where the last mark that closes thoughts ends; 0 without one."""
    return max((mark.end() for mark in ENDS.finditer(text)), default=0)


def _ids(tokenizer, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def _closing(tokenizer, now: str, off: str) -> str:
    """What the template itself writes when it is told not to think, else an empty block in the family's marks."""
    if off.startswith(now):
        return off[len(now) :]
    if opening := opened(now):
        return f"\n{_block(opening).end}\n\n"
    return _block(tokenizer.chat_template).empty


def _block(text: str) -> Block:
    return block_of(text) or BLOCKS[0]


def _may_think(tokenizer, now: str) -> bool:
    """Whether the template knows of thoughts in earlier replies, and the prompt does not end with a closed block."""
    return any(block.end in tokenizer.chat_template and block.end not in now for block in BLOCKS)


def _switch(tokenizer, now: str) -> tuple[str, str]:
    """The variable that would turn thinking off, and the prompt if it did; "" where none does or it is off already."""
    for name in SWITCHES:
        if name not in tokenizer.chat_template or options_of(tokenizer).args.get(name) is False:
            continue
        off = apply_template(tokenizer, _as_taken(tokenizer), **{name: False})
        if off != now and (opened(now) or len(ENDS.findall(off)) > len(ENDS.findall(now))):
            return name, off
    return "", ""


def _as_taken(tokenizer) -> list[dict]:
    """A short message in the form that the template takes."""
    return list(HELLO) if takes_text(tokenizer) else in_parts(HELLO)
