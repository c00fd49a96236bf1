"""The thoughts that a model writes before its answer, in the marks by which families open and close them.

In: a reply, or a rendered prompt. Out: the text without thoughts, or whether it ends inside them. Pure functions.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """How one family opens and closes its thoughts."""

    start: str
    end: str

    @property
    def empty(self) -> str:
        """A block without thoughts, after which the answer follows."""
        return self.end if self.start.startswith("<|channel|>") else f"{self.start}\n\n{self.end}\n\n"


BLOCKS = (
    *(Block(f"<{name}>", f"</{name}>") for name in ("think", "thinking", "thought", "reasoning", "reflection")),
    Block("[THINK]", "[/THINK]"), Block("<seed:think>", "</seed:think>"), Block("◁think▷", "◁/think▷"),
    Block("<|START_THINKING|>", "<|END_THINKING|>"), Block("<|channel>thought", "<channel|>"),
    Block("<|channel|>analysis", "<|channel|>final<|message|>"),
)  # fmt: skip
"""DeepSeek-R1 and Qwen3, their relatives, Magistral, Seed-OSS, Kimi, Command A, Gemma 4, gpt-oss."""
STARTS = re.compile("|".join(re.escape(block.start) for block in BLOCKS), re.IGNORECASE)
ENDS = re.compile("|".join(re.escape(block.end) for block in BLOCKS), re.IGNORECASE)
PAIRS = tuple(
    re.compile(f"{re.escape(block.start)}.*?{re.escape(block.end)}", re.IGNORECASE | re.DOTALL) for block in BLOCKS
)


def without_thoughts(text: str) -> str:
    """The text without blocks of thoughts; any other text unchanged.

    A block that is opened and not closed hides everything after it; one that is closed and not opened hides everything
    before it.

    >>> without_thoughts("<think>Let me see.</think>Paris"), without_thoughts("<think>Paris? Or")
    (' Paris', '')
    """
    for pair in PAIRS:
        text = pair.sub(" ", text)
    if ends := list(ENDS.finditer(text)):
        text = text[ends[-1].end() :]
    start = STARTS.search(text)
    return text[: start.start()] if start else text


def thoughts_in(text: str) -> str:
    """The beginning of a text up to the end of its thoughts: all of it where they do not end, "" without any.

    >>> thoughts_in("<think>Let me see.</think>Paris"), thoughts_in("Paris")
    ('<think>Let me see.</think>', '')
    """
    if opened(text):
        return text
    return text[: max((mark.end() for mark in ENDS.finditer(text)), default=0)]


def has_thoughts(text: str) -> bool:
    """Whether the text has a mark that opens or closes thoughts."""
    return bool(STARTS.search(text) or ENDS.search(text))


def opened(text: str) -> str:
    """The end of a text from the mark on that opens thoughts which it does not close; "" if there is none.

    >>> opened("User: Hi<think>\\n"), opened("<think>Hm.</think>Hi")
    ('<think>\\n', '')
    """
    starts, ends = list(STARTS.finditer(text)), list(ENDS.finditer(text))
    if not starts or (ends and ends[-1].end() > starts[-1].start()):
        return ""
    first = next(start for start in starts if not ends or start.start() >= ends[-1].end())
    return text[first.start() :]


def block_of(text: str) -> Block | None:
    """The first kind of block of which a text, such as a template, has a mark; None if it has none."""
    return next((block for block in BLOCKS if block.end in text or block.start in text), None)
