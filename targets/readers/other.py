"""Readers for the behaviour target: a character, true or false, agreement, or a choice.

In: a reply. Out: a `Report`, answered only if exactly one answer is given. They combine the readers of `options.py` and
`yes_no.py`.
"""

import re
from collections.abc import Sequence

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
