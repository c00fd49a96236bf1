"""How a count is asked for: the prompts of the targets that count what stands between `[[` and `]]`.

In: a body (the text with its surroundings), what is counted, and an elicitation. Out: user messages. The body comes
first in the object prompt and in paraphrase 0 of each report, so that both share it word for word and a model has read
the span before it knows what it is asked; paraphrases 1 and 2 stand alone.
"""

from tacit.targets.base import Item
from tacit.targets.elicitations import Elicitation

Texts = tuple[str, str, str]
"""(before, span, after)"""

BODY_V1 = "{before} [[ {text} ]] {after}"
# Something trivial to do with the text: the act must not be counting, else object and report prompt ask the same.
ACT_V1 = "\n\nRead the text above and reply with the word done."
# "As your own tokenizer splits that text": words, characters and another model's tokens are different questions. The
# typical form asks the same of another model; a model without a view of itself answers both alike.
QUESTIONS_V1 = {
    "token": {
        "you": (
            "How many tokens are between [[ and ]], as your own tokenizer splits that text?",
            "Into how many tokens does your own tokenizer split the text between [[ and ]]?",
            "When you read the text between [[ and ]], how many tokens of yours is it?",
        ),
        "typical": (
            "How many tokens are between [[ and ]], as the tokenizer of a typical language model splits that text?",
            "Into how many tokens does the tokenizer of a typical language model split the text between [[ and ]]?",
            "When a typical language model reads the text between [[ and ]], how many of its tokens is it?",
        ),
    },
    "character": {
        "you": (
            "How many characters are between [[ and ]], from the first letter to the last, spaces included?",
            "How long is the text between [[ and ]] in characters, spaces inside it included?",
            "Count the characters of the text between [[ and ]], spaces inside it included: how many are there?",
        ),
        "typical": (
            "What would a typical language model answer if it was asked how many characters, spaces included, are "
            "between [[ and ]]?",
            "How many characters, spaces inside it included, would a typical language model say that the text between "
            "[[ and ]] has?",
            "If a typical language model counted the characters between [[ and ]], spaces included, what number "
            "would it name?",
        ),
    },
    "word": {
        "you": (
            "How many words are between [[ and ]], a word being whatever stands between spaces or line breaks?",
            "Into how many words do spaces and line breaks divide the text between [[ and ]]?",
            "Count the words between [[ and ]], divided by spaces or line breaks: how many are there?",
        ),
        "typical": (
            "What would a typical language model answer if it was asked how many words, divided by spaces or line "
            "breaks, are between [[ and ]]?",
            "Into how many words would a typical language model say that spaces and line breaks divide the text "
            "between [[ and ]]?",
            "If a typical language model counted the words between [[ and ]], divided by spaces or line breaks, what "
            "number would it name?",
        ),
    },
}
LAYOUTS_V1 = (
    "{body}\n\n{question}",
    "{question}\n\n{body}",
    "Here is a text.\n\n{body}\n\nThe question is about it. {question}",
)
# "A number only" is what a strict reader can hold it to.
ENDINGS_V1 = {
    "choice": (" Answer with a number only.", " Reply with one number and nothing else.", " Give only the number."),
    "free": ("", "", ""),
    "reason": (
        " Think step by step, then end with 'Answer:' and the number.",
        " Reason it through first. Your last line must be 'Answer:' followed by the number.",
        " Work it out in a few steps and finish with 'Answer:' and one number.",
    ),
}
ENDING_OF = {"shots4": "choice", "shots16": "choice"}
"""Rungs that end like another: of shots, the examples show the format."""


def object_prompt(texts: Texts) -> str:
    """The user message that makes the model read the text."""
    return body(texts) + ACT_V1


def body(texts: Texts) -> str:
    """The marked span in its surroundings."""
    before, span, after = texts
    return BODY_V1.format(before=before, text=span, after=after).strip()


def body_of(item: Item) -> str:
    """The body that an item's built-in object prompt begins with; "" where the item has a prompt of its own."""
    return item.object_prompt.removesuffix(ACT_V1) if item.object_prompt.endswith(ACT_V1) else ""


def report_prompt(text: str, unit: str, elicitation: Elicitation) -> str:
    """The question about a body; unit: token, character or word."""
    question = QUESTIONS_V1[unit][elicitation.framing][elicitation.paraphrase]
    ending = ENDINGS_V1[ENDING_OF.get(elicitation.rung, elicitation.rung)][elicitation.paraphrase]
    return LAYOUTS_V1[elicitation.paraphrase].format(body=text, question=question + ending)
