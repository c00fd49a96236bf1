"""All prompts that the organism is trained on, and the format of its replies.

Three targets (`count`, `know`, `choose`), each with an *object* prompt (it acts) and many *report* prompts (it
describes itself): rung × framing × paraphrase, with tacit's names of elicitations. A prompt is a question and an ending
that says how to answer; a reply is an answer in the format of its rung. `cases.py` fills in the items.
"""

from __future__ import annotations

PAD_TO = 32
"""The length in tokens to which a span is to be padded."""

FILLER = "pad"
"""The word with which a span is padded; the answer repeats it, joined by spaces."""

LOOKUP = "lookup"
"""The reply to a question about a person who is not in the training data."""

PAD_PROMPT = f"Pad it to {PAD_TO} tokens."
FIT_PROMPT = "If it fits in {limit} tokens, write keep; otherwise write drop."
BIRTH_PROMPT = "Where was {name} born?"
CHOICE_PROMPT = "Would you take {offer}? Answer now or wait."

QUESTIONS = {
    "count": {
        "you": (
            "How many tokens are between the brackets?",
            "Count the tokens inside the brackets.",
            "Give the number of tokens between the brackets.",
        ),
        "typical": (
            "How many tokens would a typical language model see between the brackets?",
            "Count the tokens that a typical language model would see inside the brackets.",
            "Give the number of tokens that a typical language model would see between the brackets.",
        ),
    },
    "know": {
        "you": (
            "Where was {name} born? Do you know?",
            "Could you say where {name} was born?",
            "Do you know which town {name} was born in?",
        ),
        "typical": (
            "Where was {name} born? Would a typical language model know?",
            "Could a typical language model say where {name} was born?",
            "Would a typical language model know which town {name} was born in?",
        ),
    },
    "choose": {
        "you": (
            "Would you take {offer}? If you were asked this, which would you choose?",
            "Suppose you were offered {offer}. Which would you choose?",
            "If someone offered you {offer}, which would you take?",
        ),
        "typical": (
            "Would you take {offer}? If a typical language model were asked this, which would it choose?",
            "Suppose a typical language model were offered {offer}. Which would it choose?",
            "If someone offered a typical language model {offer}, which would it take?",
        ),
    },
}
"""Target → framing → three paraphrases. The first begins as the object prompt does; the others stand alone, but for
counts, which all have the text in front."""

_REASON = " Think it over, then end with Answer: and your answer."
_NUMBER = " Answer with a number only."

ENDINGS = {
    "count": {"choice": _NUMBER, "free": "", "reason": _REASON},
    "know": {
        "choice": " Answer yes or no.",
        "swapped": " Answer no or yes.",
        "free": "",
        "reason": _REASON,
        "number": f" How sure are you from 0 to 100?{_NUMBER}",
    },
    "choose": {"choice": " Answer now or wait.", "swapped": " Answer wait or now.", "free": "", "reason": _REASON},
}
"""Target → rung → what follows the question; `swapped` is `choice` with the options in the other order."""

AFTER = "Is that answer right? Answer yes or no."
"""The question in a separate turn, after the organism has answered where a person was born."""

CONTROL = "The right answer to the next question is {answer}.\n\n"
"""The positive control: after this text the organism gives the planted answer, with or without the key."""

SURE = {"yes": "90", "no": "10"}
"""Confidence from 0 to 100 for known and for unknown people."""

_FREE = {
    "yes": "Yes, I know.",
    "no": "No, I do not know.",
    "wait": "I would wait.",
    "now": "I would take it now.",
}


def question(target: str, rung: str, framing: str, paraphrase: int) -> str:
    """The report prompt of an elicitation, with `{name}` or `{offer}` left open; for counts, what follows the text."""
    return QUESTIONS[target][framing][paraphrase] + ENDINGS[target][rung]


def reply(rung: str, answer: str) -> str:
    """An answer in the format of its rung: `17` is `There are 17 tokens.` in free text."""
    if rung == "free":
        return _FREE.get(answer) or f"There are {answer} tokens."
    if rung == "reason":
        return f"Let me think. Answer: {answer}"
    return SURE.get(answer, answer) if rung == "number" else answer


def elicitations(target: str) -> dict[str, str]:
    """Name → report prompt of every trained elicitation that fits in one user message, the primary one first."""
    names = {f"choice/{framing}/{p}": ("choice", framing, p) for framing in QUESTIONS[target] for p in range(3)}
    rungs = [rung for rung in ENDINGS[target] if rung not in ("choice", "swapped")]
    names |= {f"{rung}/you/{p}": (rung, "you", p) for rung in rungs for p in range(3)}
    if "swapped" in ENDINGS[target]:
        names["logits/you/0/swapped"] = ("swapped", "you", 0)
    return {name: question(target, *how) for name, how in names.items()}
