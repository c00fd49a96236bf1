"""The type of answer that a question asks for: a person, a place, a number, a date, or something else.

In: a question and an accepted answer. Out: one word. A model may know people better than dates, and a probe that only
distinguishes these types has learned from the question alone. The rules are heuristics for English; anything that they
do not recognise is "other".
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
    """person, place, number, date or other; the question's words decide, and otherwise the answer's digits."""
    asked = question.strip()
    for name, pattern in (("person", PERSON), ("date", DATE), ("number", NUMBER), ("place", PLACE)):
        if pattern.search(asked):
            return name
    return "number" if DIGITS.fullmatch(answer.strip()) else "other"
