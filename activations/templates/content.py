"""Whether a template takes the content of a message as a text, or as a list of parts as multimodal models do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tacit.activations.templates.chat_template import apply_template
from tacit.errors import ActivationError

PLACE = "tacit-message-goes-here"
"""Placeholder for the user message, to find the template's text before and after it."""


def takes_text(tokenizer) -> bool:
    """Whether the template writes a message whose content is a text; False where it has to be a list of parts.

    Raises ActivationError where it writes neither, with its reason if it has one.
    """
    message = [{"role": "user", "content": PLACE}]
    try:
        if PLACE in apply_template(tokenizer, message):
            return True
        error = None
    except ActivationError as failure:
        error = failure
    try:
        if PLACE in apply_template(tokenizer, in_parts(message)):
            return False
    except ActivationError as failure:
        error = error or failure
    if error is not None:
        raise error
    raise ActivationError(
        "the chat template leaves the user's message out of the prompt, as text and as a list of parts. Choose another:"
        " --template NAME"
    )


def in_parts(messages: Sequence[Mapping[str, str]]) -> list[dict]:
    """Messages whose contents are lists of parts, as templates of multimodal models take them."""
    return [{**turn, "content": [{"type": "text", "text": turn["content"]}]} for turn in messages]
