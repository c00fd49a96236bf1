"""Prompts of the counting targets, which count the text between `[[` and `]]`.

In: a body (the span with the text around it), the unit that is counted, and an elicitation. Out: user messages. Object
prompt and paraphrase 0 of each report begin with the same body, so that the model has read the span before it knows
what it is asked; in paraphrases 1 and 2 the question or an introduction comes first. `registry.ITEM_SET` is the version
of these wordings.
"""

from tacit.targets.base import Item
from tacit.targets.elicitations import Elicitation

Texts = tuple[str, str, str]
"""(before, span, after)"""

BODY_V1 = "{before} [[ {text} ]] {after}"
# A trivial task: if the act were counting as well, object and report prompt would ask the same thing.
ACT_V1 = "\n\nRead the text above and reply with the word done."
# "As your own tokenizer splits that text" excludes words, characters and another model's tokens. The framing "typical"
# asks the same of another model; a model without access to its own tokenization answers both alike.
QUESTIONS_V2 = {
    "token": {
        "you": (
            "How many tokens are between [[ and ]], as your own tokenizer splits that text?",
            "Into how many tokens does your own tokenizer split the text between [[ and ]]?",
            "When you read the text between [[ and ]], how many of your tokens does it take up?",
        ),
        "typical": (
            "How many tokens are between [[ and ]], as the tokenizer of a typical language model splits that text?",
            "Into how many tokens does the tokenizer of a typical language model split the text between [[ and ]]?",
            "When a typical language model reads the text between [[ and ]], how many of its tokens does that take up?",
        ),
    },
    "character": {
        "you": (
            "How many characters are between [[ and ]], from the first letter to the last, spaces included?",
            "How long is the text between [[ and ]] in characters, spaces inside it included?",
            "Count the characters in the text between [[ and ]], spaces inside it included: how many are there?",
        ),
        "typical": (
            "What would a typical language model answer if it were asked how many characters, spaces included, are "
            "between [[ and ]]?",
            "How many characters, including the spaces inside it, would a typical language model say there are "
            "between [[ and ]]?",
            "If a typical language model counted the characters between [[ and ]], spaces included, what number "
            "would it give?",
        ),
    },
    "word": {
        "you": (
            "How many words are between [[ and ]], a word being whatever stands between spaces or line breaks?",
            "Into how many words do spaces and line breaks divide the text between [[ and ]]?",
            "Count the words between [[ and ]], divided by spaces or line breaks: how many are there?",
        ),
        "typical": (
            "What would a typical language model answer if it were asked how many words, divided by spaces or line "
            "breaks, are between [[ and ]]?",
            "Into how many words would a typical language model say that spaces and line breaks divide the text "
            "between [[ and ]]?",
            "If a typical language model counted the words between [[ and ]], divided by spaces or line breaks, what "
            "number would it give?",
        ),
    },
}
FACT_V1 = "The text between [[ and ]] has {count} {unit}s."
"""What the natural control states."""
LAYOUTS_V2 = (
    "{body}\n\n{question}",
    "{question}\n\n{body}",
    "Here is a text.\n\n{body}\n\nHere is a question about it. {question}",
)
# "A number only" makes the reply easy to read strictly.
ENDINGS_V2 = {
    "choice": (" Answer with a number only.", " Reply with one number and nothing else.", " Give only the number."),
    "free": ("", "", ""),
    "reason": (
        " Think step by step, then end with 'Answer:' and the number.",
        " Think it through first. Your last line must be 'Answer:' followed by the number.",
        " Work it out in a few steps and finish with 'Answer:' and one number.",
    ),
}
ENDING_OF = {"shots4": "choice", "shots16": "choice", "prefill": "choice"}
"""Rung -> the rung whose ending it shares; few-shot examples show the format themselves."""


def object_prompt(texts: Texts) -> str:
    """The user message that makes the model read the text."""
    return body(texts) + ACT_V1


def body(texts: Texts) -> str:
    """The marked span with the text around it."""
    before, span, after = texts
    return BODY_V1.format(before=before, text=span, after=after).strip()


def body_of(item: Item) -> str:
    """The body that an item's built-in object prompt begins with; "" if the item has its own prompt."""
    return item.object_prompt.removesuffix(ACT_V1) if item.object_prompt.endswith(ACT_V1) else ""


def control_fact(count: str, unit: str) -> str:
    """What the natural control states about the marked text."""
    return FACT_V1.format(count=count, unit=unit)


def report_prompt(text: str, unit: str, elicitation: Elicitation) -> str:
    """The question about a body; unit: token, character or word."""
    question = QUESTIONS_V2[unit][elicitation.framing][elicitation.paraphrase]
    ending = ENDINGS_V2[ENDING_OF.get(elicitation.rung, elicitation.rung)][elicitation.paraphrase]
    return LAYOUTS_V2[elicitation.paraphrase].format(body=text, question=question + ending)
