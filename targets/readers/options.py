"""Readers of words: a reply → `Report` with the option or the single word that it gives.

In: the text of a reply (and the options). Out: answered only if exactly one answer is given; a reply that gives none
and declines is refused; everything else, and everything in doubt, is unreadable. Numbers are read in `counts.py` and
`percent.py`, yes and no in `yes_no.py`.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from tacit.names import ANSWERED, REFUSED, UNREADABLE
from tacit.targets.base import Report
from tacit.targets.readers.clean_text import plain, refuses, statements

NEGATION = re.compile(
    r"(?:\bnot\b|n't\b|\bcannot\b|\bnever\b|\bneither\b|\bnor\b|\brather than\b|\binstead of\b|\bover\b"
    r"|\bthan\b|\bagainst\b|\bwithout\b)",
    re.IGNORECASE,
)
# "a week from now" and "for a while now" are times, not the option "now".
TIME_BEFORE = re.compile(
    r"\b(?:from|until|till|by|for|since|before|up to|as of|while|ages|time|(?:minute|hour|day|week|month|year)s?)\s+$",
    re.IGNORECASE,
)
IDIOM_AFTER = re.compile(r"\s+(?:a (?:minute|moment|second|sec|bit)\b|that\b|and (?:then|again)\b)", re.IGNORECASE)
# "Wait, I…", "Now, let me…": a new clause after the comma makes the word an exclamation.
EXCLAIMED_AFTER = re.compile(
    r"[,!.]*\s*,\s+(?:i|we|you|he|she|they|let|that|this|what|why|how|who|hold|actually|so|no|there|maybe"
    r"|hmm|do|is|are|can|if)\b",
    re.IGNORECASE,
)
BALANCED = re.compile(r"\bboth (?:options? |choices )?(?:have|has|are|sound|seem)\b", re.IGNORECASE)
ANSWER_MARK = re.compile(r"\banswer\s*(?::|is\b)", re.IGNORECASE)
# "The wrong answer is B", "the first letter is B": named, and not chosen.
REJECTED = re.compile(
    r"\b(?:wrong|incorrect|worse|worst|second|other) (?:answer|choice|option|letter|pick)\b"
    r"|\b(?:first|third|next|last) (?:letter|character)\b"
    r"|\b(?:starts?|starting|begins?|beginning|ends?|ending|contains?|grade|vitamin|plan)\s+(?:with\s+)?"
    r"(?:the letter\s+)?$",
    re.IGNORECASE,
)
CHOOSES = (
    r"\b(?:pick|choose|chose|select|say|go with|take|answer(?: with)?|reply(?: with)?)\s+(?:the\s+)?"
    r"(?:(?:letter|option|choice|answer)\s+)?"
)
NAMES = (
    r"\b(?:letter|option|choice|answer|pick|prediction|reply|response)(?:\s+\w+){0,3}?"
    r"(?:\s+(?:is|would be|will be)|\s*[:=])\s*:?\s*"
)
QUOTED_LETTER = (
    rf"({CHOOSES}|{NAMES}|\b(?:letter|option|choice)\s+)[\"'\[]+{{letter}}([.!]?)[\"'\]]+"
    r"(?=\s*(?:[.!;)]|$|,(?!\s*(?:or|and|maybe|perhaps|then)\b))|\s+(?:because|since|as|over)\b)"
)
# The colon in "I would not choose: wait" does not end the clause.
CLAUSE_END = re.compile(r"[,;]|\bbut\b|(?<!choose)(?<!pick)(?<!select)(?<!take)(?<!say):")
MONEY = re.compile(r"([$€£])\s?(\d(?:[\d,.]*\d)?)")
CURRENCIES = {"$": "dollars", "€": "euros", "£": "pounds"}
FINAL = re.compile(r"\b(?:final answer|answer|choice|my pick)\s*(?:is|:|=|would be)+\s*:?\s*[\"'(]*$", re.IGNORECASE)


def read_option(text: str, options: Sequence[str], *, letters: Sequence[str] = ()) -> Report:
    """The one of `options` that the reply chooses, as it is spelled there.

    An option counts if it occurs as a whole word (in any case) and is affirmed: not negated ("I would not wait"), not
    one of several on offer ("now or wait", any question), not an exclamation ("Wait, …"), not a time ("a week from
    now"), not the wrong or the second choice. Negating one option does not choose the other. "$100" and "100 dollars"
    are the same. A single letter counts only as a label: alone, "(B)", "option B", 'the letter is "B"'.
    letters: the labels of the options, if the prompt gave them any; a letter that contradicts the word makes the reply
    unreadable.

    >>> read_option("I would wait, not take it now.", ("now", "wait"))
    Report(outcome='answered', value='wait')
    >>> read_option("Now or wait?", ("now", "wait")).outcome
    'unreadable'
    """
    clean = _money_in_words(plain(text))
    final, chosen = set(), set()
    for sentence in statements(clean):
        for option, before, after in _mentions(_unquoted(sentence, (*options, *letters)), options, letters):
            if REJECTED.search(_clause(before)):
                continue
            if FINAL.search(before):
                final.add(option)
            elif _affirmed(before, after):
                chosen.add(option)
    chosen = final or (set() if BALANCED.search(clean) else chosen)
    if len(chosen) == 1:
        return Report(ANSWERED, chosen.pop())
    return Report(REFUSED if not chosen and refuses(clean) else UNREADABLE)


def _money_in_words(text: str) -> str:
    """The text with "$100" as "100 dollars", so that both spellings of an option match."""
    return MONEY.sub(lambda match: f"{match.group(2)} {CURRENCIES[match.group(1)]}", text)


def _unquoted(sentence: str, names: Sequence[str]) -> str:
    """The sentence without the quotes around a letter that it chooses: 'the letter is "B"' → "the letter is B"."""
    for name in names:
        if len(name) == 1:
            pattern = QUOTED_LETTER.replace("{letter}", re.escape(name))
            sentence = re.sub(pattern, rf"\g<1>{name}\g<2>", sentence, flags=re.IGNORECASE)
    return sentence


def _clause(before: str) -> str:
    """The part of a sentence that belongs to what follows `before`."""
    return CLAUSE_END.split(before)[-1]


def _mentions(sentence: str, options: Sequence[str], letters: Sequence[str]) -> list[tuple[str, str, str]]:
    """(option, text before, text after) of every mention: the longest of overlapping ones, no offers ("a or b")."""
    spans = []
    for name, option in sorted(
        [*zip(options, options, strict=True), *zip(letters, options, strict=False)], key=lambda pair: -len(pair[0])
    ):
        for match in _pattern(name).finditer(sentence):
            if not any(start < match.end() and match.start() < end for start, end, _ in spans):
                spans.append((*match.span(), option))
    spans.sort()
    offered = {
        span
        for left, right in pairwise(spans)
        if left[2] != right[2]
        and re.fullmatch(
            r"[\"')]*\s*(?:,\s*)?(?:or|and|/|vs\.?)\s*[\"'(]*(?:to\s+)?", sentence[left[1] : right[0]], re.IGNORECASE
        )
        for span in (left, right)
    }
    return [
        (option, sentence[:start], sentence[end:])
        for start, end, option in spans
        if (start, end, option) not in offered
    ]


def _pattern(name: str) -> re.Pattern:
    """A whole word or phrase in any case; a single letter only as a label: alone, "(B)", "B)", "B - …", "option B"."""
    if len(name) > 1:
        words = r"\s+".join(re.escape(word) for word in _money_in_words(plain(name) or name).split())
        return re.compile(rf"(?<![\w-])(?<!\d[.,]){words}(?![\w-])", re.IGNORECASE)
    letter = re.escape(name)
    return re.compile(
        rf"^(?i:[\"'\[]*{letter}[\"'\]]*)[.!]?[\"'\]]*$|^{letter}(?=,?\s+(?:because|since)\b|\s+[-–—]\s)"
        rf"|\({letter}\)|(?<![\w(])(?<!or )(?<!and ){letter}(?=\)|[.:](?:\s|$)|\s*$)"
        rf"|(?i:\b(?:option|choice|answer:?)\s+){letter}(?![\w'])"
        rf"|(?i:{CHOOSES}|{NAMES}){letter}(?=\s+(?:because|since|as|over)\b|\s*[;!]"
        r"|\s*,(?!\s*(?:or|and|maybe|perhaps)\b))"
    )


def _affirmed(before: str, after: str) -> bool:
    """True if a mention between `before` and `after` chooses what it names."""
    clause = _clause(before)
    exclaimed = not before.strip() and EXCLAIMED_AFTER.match(after)
    exclaimed = exclaimed or re.search(r"\b(?:no|oh|hey)[,!]?\s+$", before, re.IGNORECASE)
    return not (NEGATION.search(clause) or TIME_BEFORE.search(before) or IDIOM_AFTER.match(after) or exclaimed)


def read_word(text: str) -> Report:
    """The word that a reply names when asked for one: alone, the only quoted one, or after "the word would be".

    >>> read_word('The first word would be "Sure".')
    Report(outcome='answered', value='sure')
    """
    clean = re.sub(r",? (?:probably|maybe|perhaps|i think)\.?$", "", plain(text), flags=re.IGNORECASE)
    lines = [line for line in clean.splitlines() if line.strip()]
    if len(lines) == 1 and first_word(clean) and len(clean.split()) == 1:
        return Report(ANSWERED, first_word(clean))
    found = {first_word(word) for word in re.findall(r"(?<!\w)[\"']([^\s\"']+(?:'\w+)?)[\"']", clean)}
    found |= {
        first_word(word)
        for word in re.findall(
            r"\bword\b[^.\n\"']{0,40}?(?:would be|will be|is|:)\s*[\"']?([\w']+)[\"']?\s*(?:[.!]|$)", clean
        )
    }
    found.discard("")
    if len(found) == 1:
        return Report(ANSWERED, found.pop())
    return Report(REFUSED if not found and refuses(clean) else UNREADABLE)


def after_reasoning(text: str, *, ended: bool) -> str:
    """The part of a reply from its last "Answer:" on, for prompts that ask to reason first and end with "Answer: …".

    Without that mark the whole reply, or "" if the reply was cut off (`ended=False`) before it gave an answer.

    >>> after_reasoning("It has 3 words. Answer: 3", ended=True)
    'Answer: 3'
    >>> after_reasoning("It has 3", ended=False)
    ''
    """
    clean = plain(text)
    marks = [match.start() for match in ANSWER_MARK.finditer(clean)]
    if marks:
        return clean[marks[-1] :]
    return clean if ended else ""


def first_word(text: str) -> str:
    """The first word of a text in lower case without the punctuation around it; "" if there is none.

    >>> first_word('"Well-known," they said.')
    'well-known'
    """
    match = re.search(r"\w+(?:['-]\w+)*", plain(text).lower())
    return match.group() if match else ""
