"""Finds the numbers in running text.

In: one plain sentence (`clean_text.py`). Out: its numbers in order, each with its position and its value, which is None
unless it is a plain whole number: None for 17.5, 17 %, 17th, -17, $17; "1.2k" is 1200. Which of them answers a question
is decided in `counts.py`.
"""

import re
from dataclasses import dataclass

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


@dataclass(frozen=True)
class Numeral:
    """A number in a sentence."""

    value: float | None
    """None for a number that is not a plain whole number."""
    start: int
    """Index of its first character."""
    end: int
    """Index after its last character."""


def spelled(number: int) -> str:
    """A number from 0 to 999 in words.

    >>> spelled(105)
    'one hundred five'
    """
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f" {ONES[number % 10]}" if number % 10 else "")
    return f"{ONES[number // 100]} hundred" + (f" {spelled(number % 100)}" if number % 100 else "")


SPELLED = {spelled(number): number for number in range(1000)} | {
    "a hundred": 100,
    "one thousand": 1000,
    "a thousand": 1000,
}
_WORD = rf"(?:{'|'.join([*ONES, *TENS])}|hundred|thousand)"
WORDS = re.compile(rf"\b(?<!half )(?:a (?=hundred|thousand))?{_WORD}(?:(?:\s+and)?[\s-]+{_WORD})*\b", re.IGNORECASE)
DIGITS = re.compile(r"(?<![\d\w])\d+(?:[.,]\d+)*(?:\s*[%°‰]|[kK](?![\w%]))?")
PLAIN = re.compile(r"\d+|\d{1,3}(?:,\d{3})+|\d+\.0+")
THOUSANDS = re.compile(r"(\d+)(?:\.(\d{1,3}))?[kK]")
DECIMAL = re.compile(r"\d+\.\d+")


def numerals(sentence: str, *, whole: bool = True) -> list[Numeral]:
    """All numbers of a sentence, from left to right; parts of names such as GPT-4 are left out.

    whole: if True, a decimal fraction gets the value None.

    >>> [numeral.value for numeral in numerals("GPT-4 sees twenty-six or 1,000 tokens, not 17.5.")]
    [26, 1000, None]
    """
    found = [_from_digits(sentence, match, whole=whole) for match in DIGITS.finditer(sentence)]
    found += [Numeral(_spelled_value(match.group()), *match.span()) for match in WORDS.finditer(sentence)]
    return sorted((numeral for numeral in found if numeral), key=lambda numeral: numeral.start)


def _from_digits(sentence: str, match: re.Match, *, whole: bool) -> Numeral | None:
    """The number of a match of `DIGITS`, None for a part of a name."""
    before, after = sentence[: match.start()], sentence[match.end() :]
    if re.search(r"[A-Za-z_]-$", before) or re.search(r"[A-Za-z_]\.$", before):
        return None
    value = _digits_value(match.group(), whole=whole)
    negative = re.search(r"(?:^|[\s(=:])-$", before)
    attached = re.match(r"(?!tokens?\b|words?\b)[A-Za-z_]|[²³^*×]|\s*/\s*\d", after) or re.search(
        r"[$€£#^*×]$|\d[kK]?\s*/\s*$", before
    )
    return Numeral(None if negative or attached else value, *match.span())


def _digits_value(digits: str, *, whole: bool) -> float | None:
    """The value of a run of digits with its marks, None if it is not a plain number."""
    if PLAIN.fullmatch(digits):
        return int(re.sub(r",|\.0+$", "", digits))
    thousands = THOUSANDS.fullmatch(digits)
    if thousands:
        return int(thousands.group(1) + (thousands.group(2) or "").ljust(3, "0"))
    return float(digits) if not whole and DECIMAL.fullmatch(digits) else None


def _spelled_value(words: str) -> int | None:
    """The value of number words, None if they do not form one number ("two three")."""
    name = re.sub(r"[\s-]+", " ", words.lower())
    return SPELLED.get(name, SPELLED.get(re.sub(r"(?<=hundred) and ", " ", name)))
