"""Judge replies: to questions with options by letter or text, to all others by the accepted answers.

In: an item of target `knowledge` and a reply. Out: right or wrong. A question has options if lines "(A) …" are in it
and one of them is the accepted answer; the reply must then choose that one, and no other.
"""

from tacit.names import ANSWERED
from tacit.targets.base import Item
from tacit.targets.knowledge.answer_matching import is_right, normalise
from tacit.targets.readers.clean_text import plain
from tacit.targets.readers.other import read_labelled
from tacit.targets.tables.published import labelled


def options_of(item: Item) -> dict[str, str]:
    """Letter -> option, if the item's question has options and one of them is its answer; else empty."""
    texts = labelled(item.surface)
    answers = {answer.strip().lower() for answer in item.answers}
    return texts if len(texts) > 1 and sum(text.lower() in answers for text in texts.values()) == 1 else {}


def right_letter(item: Item) -> str:
    """The letter of the accepted answer; "" for a question without options."""
    answers = {answer.strip().lower() for answer in item.answers}
    return next((letter for letter, text in options_of(item).items() if text.lower() in answers), "")


def gives_answer(item: Item, reply: str) -> bool:
    """Whether the reply gives the item's answer: the letter or text of the right option, or an accepted answer."""
    options = options_of(item)
    if not options:
        return is_right(reply, item.answers, question=item.surface)
    said = [letter for letter, text in options.items() if normalise(text) == normalise(plain(reply)) != ""]
    if len(said) == 1:
        return said[0] == right_letter(item)
    report = read_labelled(reply, options)
    return report.outcome == ANSWERED and report.value == right_letter(item)
