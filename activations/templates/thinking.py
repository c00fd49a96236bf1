"""Whether a chat template leaves a model's thinking on, so that a reply begins with its thoughts.

In: a tokenizer with its template. Out: a line for the user. Known by what the template writes before the reply: an
opened block, or a closed one only where it is told not to think.
"""

from __future__ import annotations

from tacit.activations.templates.chat_template import apply_template, options_of
from tacit.activations.templates.content import in_parts, takes_text

BLOCKS = (
    ("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<thought>", "</thought>"), ("[THINK]", "[/THINK]"),
    ("<seed:think>", "</seed:think>"), ("<|START_THINKING|>", "<|END_THINKING|>"), ("◁think▷", "◁/think▷"),
    ("<reasoning>", "</reasoning>"), ("<|channel|>analysis", "<|channel|>final"),
)  # fmt: skip
"""How families open and close a thought."""
SWITCHES = ("enable_thinking", "thinking", "enable_reasoning", "think")
"""Variables by which templates turn thinking on or off."""
HELLO = ({"role": "user", "content": "Hello"},)


def thinking_line(tokenizer, model: str) -> str:
    """What the user has to know about the model's thinking before the run; empty where it does not think first."""
    if not tokenizer.chat_template:
        return ""
    now = apply_template(tokenizer, _as_taken(tokenizer))
    opened, switch = _inside(now), _switch(tokenizer, now)
    if not opened and not switch and not _may_think(tokenizer, now):
        return ""
    where = (
        f"{model} thinks before it answers ({'its template opens' if opened else 'it may open'} a block of thoughts)"
    )
    advice = f" To ask without thinking: --template-arg {switch}=false" if switch else ""
    return (
        f"{where}: states at the prompt's last token and log-probabilities of answers are read at the opening of its"
        f" thoughts, and a reply that is cut off within them is unreadable.{advice}"
    )


def _inside(text: str) -> bool:
    """Whether a prompt ends inside a block of thoughts."""
    return any(text.rfind(start) > text.rfind(end) for start, end in BLOCKS)


def _may_think(tokenizer, now: str) -> bool:
    """Whether the template knows of thoughts in earlier replies, and the prompt does not end with a closed block."""
    return any(end in tokenizer.chat_template and end not in now for _, end in BLOCKS)


def _switch(tokenizer, now: str) -> str:
    """The variable that would turn thinking off, "" where none does or it is off already."""
    for name in SWITCHES:
        if name not in tokenizer.chat_template or options_of(tokenizer).args.get(name) is False:
            continue
        off = apply_template(tokenizer, _as_taken(tokenizer), **{name: False})
        if off != now and (_inside(now) or any(off.count(end) > now.count(end) for _, end in BLOCKS)):
            return name
    return ""


def _as_taken(tokenizer) -> list[dict]:
    """A short message in the form that the template takes."""
    return list(HELLO) if takes_text(tokenizer) else in_parts(HELLO)
