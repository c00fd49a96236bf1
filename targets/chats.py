"""A prompt is a user message, or a whole chat as JSON text: `[{"role": "user", "content": "…"}, …]`.

In: either. Out: what was last asked, and the same prompt with its last message worded otherwise. Published data sets
bring chats (a system prompt, earlier turns); everything that words a question anew goes through here, so that it keeps
them.
"""

import json
from collections.abc import Callable

START = '[{"role"'


def is_chat(prompt: str) -> bool:
    """Whether `prompt` is a chat rather than a plain user message."""
    return prompt.startswith(START)


def last_message(prompt: str) -> str:
    """What the prompt asks: the text itself, or the content of the chat's last message."""
    return json.loads(prompt)[-1]["content"] if is_chat(prompt) else prompt


def reworded(prompt: str, word: Callable[[str], str]) -> str:
    """The prompt with its last message put through `word`; earlier turns stay."""
    if not is_chat(prompt):
        return word(prompt)
    chat = json.loads(prompt)
    chat[-1] = chat[-1] | {"content": word(chat[-1]["content"])}
    return json.dumps(chat, ensure_ascii=False)
