"""Measures response properties: pure functions from a reply to a character, a word, a number, yes or no.

In: the raw reply, and `ended`, whether the model ended it itself. Out: the value, or None if the reply does not comply
(it is empty, or declines in its first sentence) or the value is censored: the last word and the length of a reply that
was cut off are unknown, and it may end within a word. Case, markdown and reasoning blocks are ignored.
"""

import re

import regex

from tacit.errors import TargetError
from tacit.targets.readers.clean_text import declines, plain, refuses, sentences
from tacit.targets.readers.counts import read_count

WORD = re.compile(r"\w+(?:['-]\w+)*")
VOWELS = "aeiou"
SPACE = "space"
MOST_SECONDS = 2
"""Time that the user's regular expression may take on one reply."""
BINS = (("short", 10), ("medium", 40), ("long", float("inf")))
"""(name, maximum number of words) of each length bin."""


def compliant(reply: str) -> str:
    """The visible text of a reply that complies; "" for one that is empty or declines at once."""
    text = plain(reply)
    first = (sentences(text) or [""])[0]
    return "" if declines(first) else text


def nth_character(reply: str, n: int, *, ended: bool) -> str | None:
    """Character `n` (1 the first, -1 the last) in lower case, `space` for white space."""
    text = compliant(reply)
    if len(text) < abs(n) or (n < 0 and not ended):
        return None
    character = text[n - 1 if n > 0 else n].lower()
    return SPACE if character.isspace() else character


def nth_word(reply: str, n: int, *, ended: bool) -> str | None:
    """Word `n` (1 the first, -1 the last) in lower case, without the punctuation around it."""
    found = WORD.findall(compliant(reply).lower())
    whole = found if ended else found[:-1]
    return None if len(whole) < abs(n) or (n < 0 and not ended) else whole[n - 1 if n > 0 else n]


def starts_with_vowel(reply: str) -> str | None:
    """Whether the first letter or digit is a, e, i, o or u."""
    found = WORD.search(compliant(reply))
    return yes_no(found.group()[0].lower() in VOWELS) if found else None


def ends_with(reply: str, end: str, *, ended: bool) -> str | None:
    """Whether the last word ends in `end`; punctuation after it does not count."""
    last = nth_word(reply, -1, ended=ended)
    return None if last is None else yes_no(compliant(reply).rstrip(".!?\"') \n").lower().endswith(end.lower()))


def n_words(reply: str, *, ended: bool) -> float | None:
    """Number of words, split at white space; None for a reply that was cut off."""
    count = len(plain(reply).split())
    return float(count) if ended and count else None


def length_bin(reply: str, *, ended: bool) -> str | None:
    """The bin of the length; for a reply that was cut off, only if it is already in the last bin."""
    count = len(plain(reply).split())
    name = next(name for name, most in BINS if count <= most)
    return name if count and (ended or name == BINS[-1][0]) else None


def is_even(reply: str, *, ended: bool) -> str | None:
    """Whether the one number that the reply gives is even."""
    value = read_count(reply, unit="number", ended=ended).value
    return None if value is None else yes_no(value % 2 == 0)


def refusal(reply: str) -> str | None:
    """Whether the reply declines in its first two sentences; later ones may quote or hedge."""
    text = plain(reply)
    return yes_no(refuses(" ".join(sentences(text)[:2]))) if text else None


def matches(reply: str, pattern: regex.Pattern, *, ended: bool) -> str | None:
    """Whether `pattern` occurs in the visible text; None for a reply that was cut off.

    Raises TargetError for a pattern that takes longer than `MOST_SECONDS`: `(a+)+$` backtracks for hours.
    """
    text = plain(reply)
    if not ended or not text:
        return None
    try:
        return yes_no(pattern.search(text, timeout=MOST_SECONDS) is not None)
    except TimeoutError as error:
        raise TargetError(
            f"the regular expression {pattern.pattern!r} took longer than {MOST_SECONDS} s on a reply of {len(text)} "
            f"characters, {text[:40]!r}…: it backtracks. Write it without a repetition inside a repetition."
        ) from error


def yes_no(fact: bool) -> str:
    """A truth value as a class name."""
    return "yes" if fact else "no"
