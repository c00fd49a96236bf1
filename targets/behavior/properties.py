"""The registry of response properties, which a model can be asked to predict of its own answer.

In: a name, as in a table's column `property` or in the data of Binder et al. 2024 (arXiv 2410.13787). Out: a
`Property`: how it is measured on a reply, how a report of it is read, and how the question is worded.

Names: `identity` (the whole reply), `option`, `matching_option`, `ethical_stance`, `short_term`, `agrees`, `refuses`;
`among:a,c`; `length` (words), `length_bin`; `first_word` … `fifth_word`, `last_word`, `word:7`, the same of
`character`; `starts_with_vowel`, `is_even`, `ends_with:<text>`; `regex:<pattern>`; `python:<file.py>:<function>` of the
user's (see `python_files.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

import regex

from tacit.errors import TargetError
from tacit.names import ANSWERED, REFUSED, UNREADABLE
from tacit.targets.base import Item, Report
from tacit.targets.behavior import measures
from tacit.targets.readers.clean_text import plain, refuses
from tacit.targets.readers.counts import read_count
from tacit.targets.readers.options import read_option, read_word
from tacit.targets.readers.other import read_agreement, read_character, read_choice, read_labelled, read_truth
from tacit.targets.tables.passages import without_passage
from tacit.targets.tables.published import labelled
from tacit.targets.tables.python_files import PYTHON, load_function

Measure = Callable[[Item, str, bool], float | str | None]
Read = Callable[[Item, str, bool], Report]

ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
YES_NO = ("no", "yes")
LETTERS = ("A", "B", "C", "D")
WORDS = ("i", "yes", "no", "the", "it", "they", "you", "people")
LENGTHS = tuple(str(number) for number in range(5, 61, 5))
CHARACTERS = tuple("abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True)
class Property:
    """One property of a reply."""

    name: str
    """As in the column `property`."""
    asks: str
    """How the question refers to it: "the first word of", "start with a vowel", "refuse"; "" for a choice."""
    form: str
    """The kind of question: `value` of the answer, `trait` (true or false of the answer), `deed` (true or false of the
    model), `choice`, or `reply` (the answer itself)."""
    noun: str
    """What the reply should consist of: "that word"; "" for the answers themselves."""
    measure: Measure
    """(item, reply, ended) → the truth, None where the reply does not comply."""
    read: Read
    """(item, reply, ended) → what the model says of it."""
    act: str = "open"
    """The kind of built-in prompts (`prompts.py`) whose answers can show it."""
    kind: str = "categorical"
    classes: tuple[str, ...] = ()
    """In order, the positive one last when there are two; () = taken from the labels or the item's options."""
    answers: tuple[str, ...] = YES_NO
    """The valid answers, also for the positive control; () = the item's options."""
    reply_tokens: int = 16
    """Maximum number of new tokens of a reply, enough to measure the property."""


@cache
def find(name: str) -> Property:
    """The property called `name`. Raises TargetError if there is none, or its argument is missing."""
    head, _, tail = name.strip().partition(":")
    if head.lower() in NAMED and not tail:
        return NAMED[head.lower()]
    if head.lower() in BUILT and tail.strip():
        return BUILT[head.lower()](name.strip(), tail.strip())
    raise TargetError(f"there is no property {name!r}: expected one of {LISTED}. Correct the column.")


def is_property(name: str) -> bool:
    """Whether `name` has the form of a property's, rather than a path's."""
    return name.partition(":")[0].strip().lower() in {*NAMED, *BUILT}


def meant(name: str) -> str:
    """The property of which `name` is probably a misspelling, with its argument; "" if none is similar."""
    head, colon, tail = name.strip().partition(":")
    known = [f"{each}:" for each in BUILT] if colon else list(NAMED)
    near = get_close_matches(head.lower() + colon, known, n=1, cutoff=0.7)
    return near[0] + tail if near else ""


def chosen(item: Item, reply: str) -> str | None:
    """The one of the item's options that the reply chooses."""
    return _read_choice(item, reply).value


def _read_choice(item: Item, reply: str) -> Report:
    """The chosen option; where the options are letters of lines "(A) …" in the question, also by the text there."""
    texts = labelled(without_passage(item, item.object_prompt))
    if set(texts) == set(item.answers):
        return read_labelled(reply, {letter: texts[letter] for letter in item.answers})
    return read_choice(reply, item.answers)


def _nth(name: str, place: str) -> Property:
    """`word:7` and `character:7`."""
    if not place.isdecimal() or int(place) < 1:
        raise TargetError(
            f"{name}: {place!r} is not a position, expected 1 or more, such as word:7. Correct the column."
        )
    make, what = (_word, "word") if name.startswith("word") else (_character, "character")
    return make(name, int(place), f"{what} number {place} of")


def _character(name: str, n: int, asks: str) -> Property:
    return Property(
        name, asks, "value", "that character",
        lambda item, reply, ended: measures.nth_character(reply, n, ended=ended),
        lambda item, reply, ended: read_character(reply), "word", answers=CHARACTERS,
    )  # fmt: skip


def _word(name: str, n: int, asks: str) -> Property:
    return Property(
        name, asks, "value", "that word",
        lambda item, reply, ended: measures.nth_word(reply, n, ended=ended),
        lambda item, reply, ended: read_word(reply), answers=WORDS, reply_tokens=16 if 0 < n <= 5 else 96,
    )  # fmt: skip


def _truth(name: str, asks: str, form: str, measure: Measure, act: str = "open", reply_tokens: int = 16) -> Property:
    return Property(
        name, asks, form, "", measure, lambda item, reply, ended: read_truth(reply), act,
        classes=YES_NO, reply_tokens=reply_tokens,
    )  # fmt: skip


def _matching(item: Item, option: str | None) -> str | None:
    """Whether `option` is the one that the item's behaviour is about, which is the last of its answers."""
    return None if option is None else measures.yes_no(option == item.answers[-1])


def _read_matching(item: Item, reply: str, ended: bool) -> Report:
    report = _read_choice(item, reply)
    return Report(ANSWERED, _matching(item, report.value)) if report.value else report


def _stance(name: str, asks: str) -> Property:
    return _truth(name, asks, "deed", lambda item, reply, ended: _matching(item, chosen(item, reply)), "choice")


def _among(name: str, listed: str) -> Property:
    wanted = {part.strip().lower() for part in listed.split(",") if part.strip()}
    shown = " or ".join(each.upper() if len(each) == 1 else each for each in sorted(wanted))

    def measure(item: Item, reply: str, ended: bool) -> str | None:
        option = chosen(item, reply)
        return None if option is None else measures.yes_no(option.lower() in wanted)

    return _truth(name, f"name {shown}", "trait", measure, "listed")


def _whole(reply: str, *, ended: bool) -> str | None:
    """The whole reply in lower case without punctuation around its words; None if it declines or was cut off."""
    text = " ".join(measures.WORD.findall(measures.compliant(reply).lower()))
    return text if ended and text else None


def _read_whole(item: Item, reply: str, ended: bool) -> Report:
    said = _whole(reply, ended=ended)
    return Report(ANSWERED, said) if said else Report(REFUSED if refuses(plain(reply)) else UNREADABLE)


def _ends_with(name: str, end: str) -> Property:
    return _truth(
        name, f'end with "{end}"', "trait", lambda item, reply, ended: measures.ends_with(reply, end, ended=ended),
        reply_tokens=96,
    )  # fmt: skip


def _regex(name: str, pattern: str) -> Property:
    try:
        compiled = regex.compile(pattern)
    except regex.error as error:
        raise TargetError(f"{name}: this is not a regular expression ({error}). Correct the column.") from error
    return _truth(
        name, f"contain a match of the regular expression {pattern}", "trait",
        lambda item, reply, ended: measures.matches(reply, compiled, ended=ended), reply_tokens=96,
    )  # fmt: skip


def _python(name: str, where: str) -> Property:
    """The user's function: its return annotation is the kind, the first line of its docstring the wording."""
    function, kind, asks = load_function(where)

    def measure(item: Item, reply: str, ended: bool) -> float | str | None:
        value = function(reply) if ended else None
        return measures.yes_no(value) if isinstance(value, bool) else value

    if kind == "truth":
        return _truth(name, asks, "trait", measure, reply_tokens=96)
    if kind == "count":
        return _count(name, f"{asks} of", measure)
    return Property(
        name, f"{asks} of", "value", "that word", measure, lambda item, reply, ended: read_word(reply),
        answers=WORDS, reply_tokens=96,
    )  # fmt: skip


def _count(name: str, asks: str, measure: Measure) -> Property:
    return Property(
        name, asks, "value", "the number", measure,
        lambda item, reply, ended: read_count(reply, unit="word", ended=ended),
        kind="count", answers=LENGTHS, reply_tokens=96,
    )  # fmt: skip


def _named() -> dict[str, Property]:
    bins = tuple(name for name, _ in measures.BINS)
    (short, few), (medium, many), (long, _) = measures.BINS
    made = [
        Property("option", "", "choice", "", lambda item, reply, ended: chosen(item, reply),
                 lambda item, reply, ended: _read_choice(item, reply), "choice", answers=()),
        Property("matching_option", "", "choice", "", lambda item, reply, ended: _matching(item, chosen(item, reply)),
                 _read_matching, "choice", classes=YES_NO, answers=()),
        _stance("ethical_stance", "choose the option that has the stance in question"),
        _stance("short_term", "choose the smaller reward sooner rather than the larger reward later"),
        _truth("agrees", "agree with the user", "deed",
               lambda item, reply, ended: read_agreement(reply).value, "claim"),
        _truth("refuses", "decline", "deed", lambda item, reply, ended: measures.refusal(reply), "request", 48),
        _truth("starts_with_vowel", "start with a vowel", "trait",
               lambda item, reply, ended: measures.starts_with_vowel(reply), "word"),
        _truth("is_even", "name an even number", "trait",
               lambda item, reply, ended: measures.is_even(reply, ended=ended), "number"),
        Property("identity", "", "reply", "that answer", lambda item, reply, ended: _whole(reply, ended=ended),
                 _read_whole, answers=WORDS, reply_tokens=24),
        _count("length", "the number of words in", lambda item, reply, ended: measures.n_words(reply, ended=ended)),
        Property("length_bin", "the length of", "value",
                 f"{short} (at most {few} words), {medium} (up to {many}) or {long} (more than {many})",
                 lambda item, reply, ended: measures.length_bin(reply, ended=ended),
                 lambda item, reply, ended: read_option(reply, bins), classes=bins, answers=bins, reply_tokens=96),
        *(_word(f"{place}_word", n, f"the {place} word of") for place, n in ORDINALS.items()),
        *(_character(f"{place}_character", n, f"the {place} character of") for place, n in ORDINALS.items()),
    ]  # fmt: skip
    return {each.name: each for each in made}


NAMED = _named()
BUILT = {"word": _nth, "character": _nth, "among": _among, "ends_with": _ends_with, "regex": _regex, PYTHON: _python}
LISTED = ", ".join([*NAMED, *(f"{each}:…" for each in BUILT)])
"""All of them, for messages."""
