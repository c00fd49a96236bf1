"""Render user messages: with the chat template, or as plain questions and answers where there is none.

In: a tokenizer, a system prompt and user messages. Out: the text of each prompt, ready for the model's answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tacit.activations.templates.chat_template import apply_template, apply_to_each
from tacit.activations.templates.content import PLACE, in_parts, takes_text
from tacit.errors import ActivationError


def has_chat_template(tokenizer) -> bool:
    """Whether the tokenizer has a chat template."""
    return bool(getattr(tokenizer, "chat_template", None))


@dataclass(frozen=True)
class Renderer:
    """User messages, or whole chats as JSON, as rendered prompts."""

    tokenizer: object
    system: str
    """The condition's system prompt; a chat's own system message is kept, after it."""
    shape: Callable[[Sequence[Mapping[str, str]]], Sequence[Mapping]] | None
    """Puts messages into the form that the template takes; None without a template."""
    apart: bool
    """Whether the template takes system messages; otherwise the first user message starts with it."""

    def __call__(self, text: str) -> str:
        """One prompt. Raises ActivationError for a text that cannot be rendered, or that the template changes."""
        return self.all([text])[0]

    def all(self, texts: Sequence[str]) -> list[str]:
        """Many prompts, in order: several are rendered at a time, which is several times as fast. Raises as for one."""
        chats = [_with_system(self.system, messages_of(text)) for text in texts]
        if self.shape is None:
            return [_plain(chat) for chat in chats]
        chats = [chat if self.apart or chat[0]["role"] != "system" else _merged(chat) for chat in chats]
        found = apply_to_each(self.tokenizer, [self.shape(chat) for chat in chats])
        for chat, rendered in zip(chats, found, strict=True):
            _check_kept(chat, rendered)
        return found


def messages_of(text: str) -> list[dict[str, str]]:
    """A user message, or a whole chat written as a JSON list of `{"role": …, "content": …}`, as messages.

    Raises ActivationError for a chat that does not end with the user's turn.
    """
    chat = _chat(text)
    if chat is None:
        return [{"role": "user", "content": text}]
    if chat[-1]["role"] != "user":
        raise ActivationError(f"a chat ends with the turn of {chat[-1]['role']!r}, expected the user's: {text[:80]!r}…")
    return chat


def _chat(text: str) -> list[dict[str, str]] | None:
    """The turns of a chat; None for a text that is no chat, even one that looks like JSON."""
    if not text.lstrip().startswith("[{"):
        return None
    try:
        turns = json.loads(text)
    except json.JSONDecodeError:
        return None
    fits = turns and all(isinstance(turn, dict) and {"role", "content"} <= set(turn) for turn in turns)
    return [{"role": str(turn["role"]), "content": str(turn["content"])} for turn in turns] if fits else None


def renderer(tokenizer, system: str) -> Renderer:
    """A function from a user message, or a whole chat as JSON, to the rendered prompt, ready for the model's answer.

    If a template refuses or drops system messages (Gemma 2, Mistral 7B), the user message starts with it instead. A
    chat's own system message is kept, after the condition's. A template that drops a text gets it as a list of parts.

    Raises ActivationError where the template drops the user's text in either form; the function does so for a message.
    """
    if not has_chat_template(tokenizer):
        return Renderer(tokenizer, system, None, apart=True)
    shape = _unchanged if takes_text(tokenizer) else in_parts
    render = Renderer(tokenizer, system, shape, _takes_system(tokenizer, system or "Be brief.", shape))
    if render(PLACE) != render(PLACE):
        raise ActivationError("the chat template writes something else each time, so no prompt could be asked again")
    return render


def _check_kept(chat: Sequence[Mapping[str, str]], rendered: str) -> None:
    lost = next((t for t in chat if t["role"] == "user" and t["content"].strip() not in rendered), None)
    if lost:
        raise ActivationError(f"the chat template drops or changes the user's message {lost['content'][:80]!r}")


def _unchanged(messages: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return list(messages)


def _with_system(system: str, messages: list[dict[str, str]]) -> list[dict[str, str]]:
    own = [turn["content"] for turn in messages if turn["role"] == "system"]
    texts = [text for text in (system, *own) if text]
    rest = [turn for turn in messages if turn["role"] != "system"]
    return [{"role": "system", "content": "\n\n".join(texts)}, *rest] if texts else rest


def _merged(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """The system message at the head of the first user message."""
    system, first, *rest = messages
    return [{"role": "user", "content": f"{system['content']}\n\n{first['content']}"}, *rest]


def _plain(messages: list[dict[str, str]]) -> str:
    """For base models: the question-and-answer format of EleutherAI/lm-evaluation-harness, the last answer open."""
    forms = {"system": "{}\n\n", "user": "Question: {}\nAnswer:", "assistant": " {}\n\n"}
    return "".join(forms.get(turn["role"], "{}\n\n").format(turn["content"]) for turn in messages)


def _takes_system(tokenizer, system: str, shape: Callable) -> bool:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": PLACE}]
    try:
        text = apply_template(tokenizer, shape(messages))
    except ActivationError:
        return False
    return system.strip() in text and PLACE in text
