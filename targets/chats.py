"""A prompt is a user message, or a whole chat as JSON text: `[{"role": "user", "content": "…"}, …]`.

In: either. Out: the last message, and the same prompt with its last message reworded. Published data sets contain chats
(with a system prompt or earlier turns); every rewording goes through this file, so that those turns are kept.
"""

import json
from collections.abc import Callable

START = '[{"role"'


def is_chat(prompt: str) -> bool:
    """Whether `prompt` is a chat rather than a plain user message."""
    return prompt.startswith(START)


def last_message(prompt: str) -> str:
    """The message that the model is to answer: the text itself, or the content of the chat's last message."""
    return json.loads(prompt)[-1]["content"] if is_chat(prompt) else prompt


def reworded(prompt: str, word: Callable[[str], str]) -> str:
    """The prompt with `word` applied to its last message; earlier turns are kept."""
    if not is_chat(prompt):
        return word(prompt)
    chat = json.loads(prompt)
    chat[-1] = chat[-1] | {"content": word(chat[-1]["content"])}
    return json.dumps(chat, ensure_ascii=False)
