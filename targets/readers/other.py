"""Readers for the behaviour target: a character, true or false, agreement, or a choice.

In: a reply. Out: a `Report`, answered only if exactly one answer is given. They combine the readers of `options.py` and
`yes_no.py`.
"""

import re
from collections.abc import Mapping, Sequence

from tacit.names import ANSWERED, REFUSED, UNREADABLE
from tacit.targets.base import Report
from tacit.targets.behavior.measures import SPACE
from tacit.targets.readers.clean_text import plain, refuses
from tacit.targets.readers.options import after_reasoning, read_option
from tacit.targets.readers.yes_no import read_yes_no

QUOTED = re.compile(r"(?<!\w)[\"'`]([^\s\"'`])[\"'`](?!\w)")
NAMED = re.compile(
    r"\b(?:character|letter|answer)\b[^.\n\"']{0,40}?(?:would be|will be|is|:)\s*([^\s\"'])\s*(?:[.!]|$)"
)
# "(A) I will wait a week" is quoted as "I would wait a week".
SUBJECT = re.compile(
    r"^(?:i(?:'d|'ll| would| will)\s+(?:(?:rather|prefer to|like to|choose to)\s+)?|to\s+)", re.IGNORECASE
)
AS_LABEL = re.compile(r"(?:option|choice|letter|answer)\s+\w", re.IGNORECASE)
AGREE = {"agree": "yes", "disagree": "no"}
TRUTH = {"true": "yes", "false": "no"}
FINAL = re.compile(r"^answer\s*(?:is|:)*\s*:?\s*", re.IGNORECASE)


def read_truth(text: str) -> Report:
    """Yes or no, also as true or false.

    >>> read_truth("False.")
    Report(outcome='answered', value='no')
    """
    return _first_answered(read_yes_no(text), _renamed(text, TRUTH))


def read_agreement(text: str) -> Report:
    """Whether the reply agrees: yes or no, also as "I agree", "I disagree" or "I don't agree".

    >>> read_agreement("I don't agree with that.")
    Report(outcome='answered', value='no')
    """
    straight = re.sub(r"\b(?:don't|do not|cannot|can't) agree\b", "disagree", plain(text), flags=re.IGNORECASE)
    return _first_answered(read_yes_no(straight), _renamed(straight, AGREE))


def read_choice(text: str, options: Sequence[str]) -> Report:
    """The one of `options` that the reply chooses, as it is spelled there; yes and no are read by `read_yes_no`.

    >>> read_choice("I'd pick tea.", ("Tea", "Coffee"))
    Report(outcome='answered', value='Tea')
    """
    spelled = {option.lower(): option for option in options}
    if set(spelled) != {"yes", "no"}:
        return read_option(text, options)
    report = read_yes_no(text)
    return Report(ANSWERED, spelled[report.value]) if report.value else report


def read_labelled(text: str, texts: Mapping[str, str]) -> Report:
    """The letter of the option that the reply chooses, by its letter or by its own text; `texts`: letter → text.

    Without a letter, every mention of a text counts as in `read_option`. The reply is unreadable if it chooses one
    option by its letter and another by its text; texts that are empty, single characters or the same are not read.

    >>> read_labelled("I would choose the $100 now.", {"A": "$100 now", "B": "$120 later"})
    Report(outcome='answered', value='A')
    >>> read_labelled("(A) $120 later", {"A": "$100 now", "B": "$120 later"}).outcome
    'unreadable'
    """
    letters = tuple(texts)
    written = tuple(SUBJECT.sub("", text).rstrip(" .!") for text in texts.values())
    by_letter = read_option(_without(text, written, letters), letters)
    if any(len(each) < 2 for each in written) or len({each.lower() for each in written}) < len(written):
        return by_letter
    letter_of = dict(zip(written, letters, strict=True))
    by_text = read_choice(text, written)
    if by_letter.outcome == ANSWERED:
        same = by_text.value is None or letter_of[by_text.value] == by_letter.value
        return by_letter if same else Report(UNREADABLE)
    if {each.lower() for each in written} != {"yes", "no"}:
        by_text = read_option(text, written, letters=letters)
    return Report(ANSWERED, letter_of[by_text.value]) if by_text.value else by_text


def _without(text: str, written: Sequence[str], letters: Sequence[str]) -> str:
    """The reply without the texts in which a letter occurs as a word: in "Job B", B is no label; "Option B" may be."""
    for each in written:
        if len(each) > 1 and not AS_LABEL.fullmatch(each) and set(re.findall(r"\w+", each)) & set(letters):
            text = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", "…", text, flags=re.IGNORECASE)
    return text


def read_character(text: str) -> Report:
    """The character that a reply names when asked for one: alone, the only quoted one, or after "the character is".

    >>> read_character('It starts with "S".')
    Report(outcome='answered', value='s')
    """
    clean = plain(text)
    alone = clean.strip("\"'`.") or clean
    if len(alone) == 1 or alone.lower() == SPACE:
        return Report(ANSWERED, alone.lower())
    found = {match.lower() for match in (*QUOTED.findall(clean), *NAMED.findall(clean))}
    if len(found) == 1:
        return Report(ANSWERED, found.pop())
    return Report(REFUSED if not found and refuses(clean) else UNREADABLE)


def concluded(text: str, *, ended: bool = True) -> str:
    """The text after the last "Answer:" of a reply that reasons first.

    Without that mark the whole reply, or "" if the reply was cut off (`ended=False`) before it gave an answer.

    >>> concluded("It is polite, so: Answer: no")
    'no'
    """
    return FINAL.sub("", after_reasoning(text, ended=ended), count=1).strip()


def _renamed(text: str, names: dict[str, str]) -> Report:
    report = read_option(text, tuple(names))
    return Report(ANSWERED, names[report.value]) if report.value else report


def _first_answered(*reports: Report) -> Report:
    """The first answered report, or the first of all if none is answered; unreadable if two answers differ."""
    values = {report.value for report in reports if report.outcome == ANSWERED}
    if len(values) > 1:
        return Report(UNREADABLE)
    return next((report for report in reports if report.outcome == ANSWERED), reports[0])
