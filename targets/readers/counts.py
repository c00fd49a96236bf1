"""Reader of numbers: a reply to "how many …?" → `Report`.

In: the text and the unit that was asked for. Out: answered only if the reply claims exactly one number. A number is
claimed when it has the unit ("17 tokens", "number of tokens: 17"), is the whole reply, or follows an answering phrase
("there are 17", "my guess is 17", "Answer: 17"). A final-answer mark outranks the rest. Bounds ("at least 17"), two
different claims, and numbers of another unit are never an answer. Neither are ranges and vague amounts ("200 to 300",
"17 or 18", "a few hundred"): they are unreadable, because a midpoint would be our number and not the model's. "About
200" and "1.2k" are rounded by the model itself and read as they stand, 200 and 1200.
"""

import re
from dataclasses import dataclass

from tacit.names import ANSWERED, REFUSED, UNREADABLE
from tacit.targets.base import Report
from tacit.targets.readers.clean_text import plain, refuses, statements
from tacit.targets.readers.numerals import Numeral, numerals

ABOUT = (
    r"(?:(?:about|around|approximately|approx\.?|roughly|circa|exactly|precisely|only|just|probably|maybe"
    r"|perhaps|likely|a total of)\s+|[~≈]\s*)*"
)
BOUND_BEFORE = re.compile(
    r"(?:\b(?:more|less|fewer|greater|other|rather|higher|lower|larger|smaller) than|\bat least|\bat most"
    r"|\bup to|\bover|\bunder|\bbelow|\babove|\bnearly|\balmost"
    r"|\bwithin|\bevery|[<>≤≥])\s*$",
    re.IGNORECASE,
)
BOUND_AFTER = re.compile(
    r"\s*(?:\+|plus\b|or (?:more|so|fewer|less|higher|lower)\b|\bat (?:most|least)\b)", re.IGNORECASE
)
NOT_BEFORE = re.compile(r"(?:\bnot|n't|\bnever|\bwithout)\s+(?!\w+,?\s+but\b)(?:\w+\s+){0,2}$", re.IGNORECASE)
# "off by one or two", "give or take 5": a margin, not the answer.
MARGIN_BEFORE = re.compile(r"\b(?:off by|give or take|plus or minus)\s+(?:\w+\s+or\s+)?(?:about\s+)?$", re.IGNORECASE)
EXPLAINED = re.compile(r"(?<=\S)\s*\n\s*(?:explanation|note|reasoning|breakdown)\s*:(?!.*\banswer).*", re.I | re.S)
CLAIM_BEFORE = re.compile(
    r"(?:^|[\s,:;(])(?:not \w+,? but|there (?:are|is|were|would be|should be|must be)|there're|it(?:'s| is| has"
    r"| contains| would be| should be| must be)"
    r"|that(?:'s| is)|(?:i|we)(?:'d|'ll| would| will| can| do)? (?:count|counted|get|got|see|find|found"
    r"|say|guess|estimate|answer|make it)"
    r"|(?:i|we) (?:think|believe|guess)(?: it's| it is| there are| that there are)?"
    r"|(?:answer|guess|estimate|count|number|total|result|sum)(?: (?:of|in|for"
    r"|between) [\w\s\[\]']{1,60}?)?\s*(?:is|was|are|would be|should be|equals|:|=|-)+)"
    rf"\s*:?\s*{ABOUT}[\"'(]*$",
    re.IGNORECASE,
)
FINAL_BEFORE = re.compile(rf"\b(?:final answer|answer)\s*(?:is|:|=|would be)+\s*:?\s*{ABOUT}[\"'(]*$", re.IGNORECASE)
CLAIM_AFTER = re.compile(
    r"[\"')\]]*\s*(?:in total|in all|altogether|total|of them|in it|i think|i believe|i guess"
    r"|in (?:the|this|that) (?:text|span|passage|bracketed text))?\s*(?:$|[.!,;:()\]}-])",
    re.IGNORECASE,
)
CALLED_AFTER = re.compile(
    r"\s*(?:is|would be|seems) (?:my|the|a) (?:\w+ )?(?:guess|answer|estimate|count|number|total)\b", re.IGNORECASE
)
ALONE_BEFORE = re.compile(rf"[\"'(\[]*\s*(?:[=:]\s*)?{ABOUT}[\"'(\[]*", re.IGNORECASE)
ALONE_AFTER = re.compile(
    r"[\"')\]]*\s*(?:in total|total|altogether)?\s*(?:\([^()]*\))?\s*(?:[.!]|$)[\"')\]]*\s*", re.IGNORECASE
)


@dataclass(frozen=True)
class Claim:
    """A number that a reply gives as its answer."""

    value: float | None
    """None: a claim that is not one number (a bound, a range, cut off)."""
    final: bool
    """It follows a final-answer mark."""


def read_count(text: str, *, unit: str = "token", ended: bool = True, whole: bool = True) -> Report:
    """The one number of `unit` (singular) that `text` claims, as a float; with `whole`, only whole numbers are read.

    ended: False if the reply was cut off by its length cap, so that a number at its very end may be incomplete.
    Without a claim the outcome is "refused" if the reply declines ("I can't count tokens", "I don't know", "As an
    AI…"), else "unreadable".

    >>> read_count("There are about 17 tokens in 80 characters.")
    Report(outcome='answered', value=17.0)
    >>> read_count("17 or 18 tokens.").outcome, read_count("I can't count tokens.").outcome
    ('unreadable', 'refused')
    """
    clean = EXPLAINED.sub("", plain(text))
    found = [
        claim
        for sentence in statements(clean)
        for claim in _claims(numerals(sentence, whole=whole), sentence, unit, cut=_cut(sentence, clean, ended))
    ]
    finals = [claim for claim in found if claim.final]
    values = {claim.value for claim in finals or found}
    if len(values) == 1 and None not in values:
        return Report(ANSWERED, float(values.pop()))
    return Report(REFUSED if not values and refuses(clean) else UNREADABLE)


def _cut(sentence: str, text: str, ended: bool) -> bool:
    """True for the last sentence of a text that was cut off."""
    return not ended and text.endswith(sentence)


def _claims(found: list[Numeral], sentence: str, unit: str, *, cut: bool) -> list[Claim]:
    """The claims of one statement; a claim without unit is unclear if the statement has another number."""
    other = [bool(_other_unit(sentence, numeral, unit)) for numeral in found]
    claims, loose = [], set()
    for i, numeral in enumerate(found):
        before, after = sentence[: numeral.start], sentence[numeral.end :]
        carries = _carries_unit(before, after, unit)
        final = bool(FINAL_BEFORE.search(before))
        alone = bool(ALONE_BEFORE.fullmatch(before) and ALONE_AFTER.fullmatch(after))
        said = (CLAIM_BEFORE.search(before) and CLAIM_AFTER.match(after)) or CALLED_AFTER.match(after)
        linked = not other[i] and any(
            _linked(sentence, found, j, unit) for j in (i - 1, i) if not any(other[j : j + 2])
        )
        if NOT_BEFORE.search(before) or MARGIN_BEFORE.search(before):
            continue
        if not (carries or (final and not other[i]) or alone or said or linked):
            loose |= set() if other[i] else {numeral.value}
            continue
        whole = not (linked or BOUND_BEFORE.search(before) or BOUND_AFTER.match(after) or (cut and not after.strip()))
        claims.append((Claim(numeral.value if whole else None, final), carries))
    return [claim if carries or loose <= {claim.value} else Claim(None, claim.final) for claim, carries in claims]


def _carries_unit(before: str, after: str, unit: str) -> bool:
    """True for "17 tokens", "17-token", "number of tokens is 17", "tokens: 17"; not for "17 tokens per line"."""
    follows = re.match(
        rf"[\"')]*[\s-]*[个個]?\s*(?:(?:total|individual|separate|bpe|subword|text|input) ){{0,2}}{unit}s?\b"
        r"(?!\s*(?:per|each|/))",
        after,
        re.IGNORECASE,
    )
    leads = re.search(
        rf"\b(?:number of {unit}s|{unit} count|{unit}s)\b[\w\s\[\]'\",-]{{0,60}}?(?:\bis|\bare|\bequals|:"
        rf"|=)+\s*{ABOUT}[\"'(]*$",
        before,
        re.IGNORECASE,
    )
    ends = leads and CLAIM_AFTER.match(after)
    return bool(follows or ends or (_counts_the_marked(before, unit) and ALONE_AFTER.fullmatch(after)))


def _counts_the_marked(before: str, unit: str) -> bool:
    """True for "the token between [[ and ]] is", a clumsy "number of tokens"; a number in quotes is content.

    Not for "the character between [[ and ]] is 7", which may name the character.
    """
    marked = r"(?:\[\[ and \]\]|the (?:\w+ ){0,2}brackets|the (?:marked |bracketed |given )?(?:text|span|passage))"
    said = rf"(?:^|[.,;:]\s*|\bso )the {unit} (?:between|inside|within|in) {marked} is\s+{ABOUT}$"
    return unit != "character" and bool(re.search(said, before, re.IGNORECASE))


def _other_unit(sentence: str, numeral: Numeral, unit: str) -> bool:
    """True if the number is followed by a noun that is not the unit: "80 characters"."""
    after = sentence[numeral.end :]
    word = re.match(r"[\s-]*([A-Za-z]+)", after)
    linking = (
        "or and to is in of i tokens through total altogether would maybe perhaps possibly even so but plus".split()
    )
    return (
        bool(word) and not _carries_unit("", after, unit) and word.group(1).lower() not in [*linking, unit, f"{unit}s"]
    )


def _linked(sentence: str, found: list[Numeral], i: int, unit: str) -> bool:
    """True if numbers i and i+1 form a range or a choice: "10-20", "between 10 and 20", "17 or maybe 18", "1 024"."""
    if not 0 <= i < len(found) - 1:
        return False
    gap = sentence[found[i].end : found[i + 1].start]
    link = (
        rf"\s*(?:{unit}s?)?\s*[,;(]*\s*(?:or|to|and|through|[-–—/~±]|\.\.+)\s*(?:maybe|perhaps|possibly|even"
        r"|about|around)?\s*"
    )
    return gap.isspace() or bool(re.fullmatch(link, gap, re.IGNORECASE))
