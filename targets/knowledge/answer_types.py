"""What kind of thing a question asks for: a person, a place, a number, a date, or something else.

In: a question and an accepted answer. Out: one word, for grouping: a model may know people and not dates, and a probe
that only tells one kind from the other has read the question. A rule of thumb in English; whatever it does not
recognise is "other".
"""

import re

PERSON = re.compile(
    r"^(?:by )?who(?:m|se)?\b|\b(?:name of the|which) (?:person|man|woman|author|artist|president)\b", re.I
)
PLACE = re.compile(
    r"^(?:in |from |to )?where\b|\b(?:capital|birthplace|headquarters)\b"
    r"|\b(?:what|which) (?:city|country|state|town|place|continent|river|island|county|region)\b",
    re.IGNORECASE,
)
DATE = re.compile(r"^(?:since )?when\b|\b(?:what|which) (?:year|date|day|month|century|decade)\b", re.IGNORECASE)
NUMBER = re.compile(r"^how (?:many|much|old|tall|long|far|high)\b|\b(?:what|which) (?:is the )?\w* ?number\b", re.I)
DIGITS = re.compile(r"[\d.,\s]+")


def answer_type(question: str, answer: str) -> str:
    """person, place, number, date or other; the question's words decide, and the answer's digits where they do not."""
    asked = question.strip()
    for name, pattern in (("person", PERSON), ("date", DATE), ("number", NUMBER), ("place", PLACE)):
        if pattern.search(asked):
            return name
    return "number" if DIGITS.fullmatch(answer.strip()) else "other"
