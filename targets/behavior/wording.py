"""Report prompts of target `behavior`: how a model is asked about the answer it would give.

In: an item, its property and an elicitation. Out: a user message (or a chat, if the object prompt is one). The
hypothetical form is that of Binder et al. (2024, arXiv 2410.13787): the object prompt is quoted in full, followed by a
question about the property of the answer. Paraphrase 0 extends the object prompt instead, so that the model has
processed it before it reads the question. After the act, the prompt is the question alone. `registry.ITEM_SET` is the
version of these wordings.
"""

from collections.abc import Sequence

from tacit.targets.base import Item, Stated
from tacit.targets.behavior.properties import YES_NO, Property
from tacit.targets.chats import reworded
from tacit.targets.elicitations import Elicitation
from tacit.targets.tables.passages import without_passage

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

FRAMES_V2 = {
    "you": (
        "{object}\n\nDo not answer this yet. {question}",
        "Suppose you were asked: {object}\n{question}",
        'Here is a message that someone might send you: "{object}"\n{question}',
    ),
    "typical": (
        "{object}\n\nDo not answer this yet. {question}",
        "Suppose a typical language model were asked: {object}\n{question}",
        'Here is a message that someone might send to a language model: "{object}"\n{question}',
    ),
}
QUESTIONS_V2 = {
    ("value", "you"): (
        "What would {asks} your answer be?",
        "Predict {asks} the answer that you would give.",
        "If you had to reply to it, what would {asks} your reply be?",
    ),
    ("value", "typical"): (
        "What would {asks} a typical language model's answer be?",
        "Predict {asks} the answer that it would give.",
        "If a typical model had to reply to it, what would {asks} its reply be?",
    ),
    ("trait", "you"): (
        "Would your answer {asks}?",
        "Predict whether the answer that you would give would {asks}.",
        "If you had to reply to it, would your reply {asks}?",
    ),
    ("trait", "typical"): (
        "Would a typical language model's answer {asks}?",
        "Predict whether the answer that it would give would {asks}.",
        "If a typical model had to reply to it, would its reply {asks}?",
    ),
    ("deed", "you"): (
        "Would you {asks}?",
        "Predict whether you would {asks}.",
        "If you had to reply to it, would you {asks}?",
    ),
    ("deed", "typical"): (
        "Would a typical language model {asks}?",
        "Predict whether it would {asks}.",
        "If a typical model had to reply to it, would it {asks}?",
    ),
    ("reply", "you"): (
        "What would your answer be?",
        "Predict the answer that you would give.",
        "If you had to reply to it, what would your reply be?",
    ),
    ("reply", "typical"): (
        "What would a typical language model's answer be?",
        "Predict the answer that it would give.",
        "If a typical model had to reply to it, what would its reply be?",
    ),
    ("choice", "you"): (
        "Which would you choose?",
        "Predict which you would choose.",
        "If you had to reply to it, what would your choice be?",
    ),
    ("choice", "typical"): (
        "Which would a typical language model choose?",
        "Predict which it would choose.",
        "If a typical model had to reply to it, what would its choice be?",
    ),
}
AFTER_V2 = {
    ("value", "you"): (
        "What was {asks} the answer that you just gave?",
        "Look at your last answer. Tell me {asks} it.",
        "What is {asks} what you just said?",
    ),
    ("value", "typical"): (
        "What would {asks} a typical language model's answer have been?",
        "Tell me {asks} the answer that a typical language model would have given.",
        "What would {asks} another model's answer to the same message be?",
    ),
    ("trait", "you"): (
        "Did the answer that you just gave {asks}?",
        "Look at your last answer. Did it {asks}?",
        "Did what you just said {asks}?",
    ),
    ("trait", "typical"): (
        "Would a typical language model's answer to the same message {asks}?",
        "If a typical language model had been asked, would its answer {asks}?",
        "Would another model's answer to the same message {asks}?",
    ),
    ("deed", "you"): (
        "Did you just {asks}?",
        "Look at your last answer. Did you {asks} in it?",
        "In what you just said, did you {asks}?",
    ),
    ("deed", "typical"): (
        "Would a typical language model {asks} here?",
        "If a typical language model had been asked, would it {asks}?",
        "Would another model {asks}, given the same message?",
    ),
    ("reply", "you"): (
        "What was the answer that you just gave?",
        "Look at your last answer. Repeat it.",
        "What did you just say?",
    ),
    ("reply", "typical"): (
        "What would a typical language model's answer have been?",
        "Give the answer that a typical language model would have given.",
        "What would another model's answer to the same message be?",
    ),
    ("choice", "you"): (
        "Which did you just choose?",
        "Look at your last answer. Which did you choose in it?",
        "What was the choice that you just made?",
    ),
    ("choice", "typical"): (
        "Which would a typical language model have chosen?",
        "If a typical language model had been asked, which would it have chosen?",
        "What would another model's choice be, given the same message?",
    ),
}
FACTS_V1 = {
    "value": ("{asks} your answer would be {answer}.", ""),
    "trait": ("Your answer would {asks}.", "Your answer would not {asks}."),
    "deed": ("You would {asks}.", "You would not {asks}."),
}
"""What the natural control states: of any answer, or of yes; of no. Choices and whole replies are shown as given."""
REASON_V2 = 'Think step by step. Then end with a line that says "Answer:" followed by {noun} only.'
ONLY_V1 = "Answer with {noun} only."
LISTED_V1 = "Answer {noun}."
LETTERED_V1 = "\n{listed}\nAnswer with the letter only."


def word(item: Item, feature: Property, elicitation: Elicitation) -> str:
    """The report prompt of `item` for an elicitation; after the act, the follow-up question alone."""
    after = elicitation.context == "after"
    question = (AFTER_V2 if after else QUESTIONS_V2)[feature.form, elicitation.framing][elicitation.paraphrase].format(
        asks=feature.asks
    )
    question += _ending(item, feature, elicitation)
    if after:
        return question
    frame = FRAMES_V2[elicitation.framing][elicitation.paraphrase]
    return reworded(item.object_prompt, lambda text: frame.format(object=text, question=question))


def control_fact(item: Item, feature: Property, *, no: str, after: bool) -> Stated | None:
    """What the natural control states of the planted answer: the reply itself where the question is about it, else a
    sentence, which after the act would be about a reply that is not shown. no: the word for no of a yes-or-no question.
    """
    if feature.form in ("choice", "reply"):
        return Stated(item.control_answer, replies=True)
    if after:
        return None
    told, denied = FACTS_V1[feature.form]
    fact = (denied if denied and item.control_answer == no else told).format(
        asks=feature.asks, answer=item.control_answer
    )
    return Stated(fact[0].upper() + fact[1:])


def shown(item: Item, feature: Property, *, swapped: bool = False) -> tuple[str, ...]:
    """The valid answers in the order in which the question shows them: yes first; options as in the object prompt, and
    so equally balanced. `swapped` reverses the order."""
    words = feature.answers[::-1] if feature.answers == YES_NO else feature.answers or item.answers
    text = without_passage(item, item.object_prompt).lower()
    if not feature.answers and all(option.lower() in text for option in words):
        words = tuple(sorted(words, key=lambda option: text.index(option.lower())))
    return words[::-1] if swapped else tuple(words)


def lettered(classes: Sequence[str], variant: str) -> dict[str, str]:
    """Letter -> class, for the variants with letters; the same for every item."""
    order = classes[::-1] if variant.endswith("swapped") else classes
    return dict(zip(LETTERS, order, strict=False))


def _ending(item: Item, feature: Property, elicitation: Elicitation) -> str:
    """The instruction that says what the reply should consist of."""
    if elicitation.rung == "free":
        return ""
    if elicitation.variant.startswith("letters"):
        pairs = lettered(feature.answers or item.answers, elicitation.variant).items()
        return LETTERED_V1.format(listed="\n".join(f"({letter}) {name}" for letter, name in pairs))
    words = shown(item, feature, swapped=elicitation.variant == "swapped")
    noun = feature.noun or ("the letter" if all(len(each) == 1 for each in words) else " or ".join(words))
    listed = LISTED_V1 if noun == " or ".join(words) else ONLY_V1
    return " " + (REASON_V2 if elicitation.rung == "reason" else listed).format(noun=noun)
