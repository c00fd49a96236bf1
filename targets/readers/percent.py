"""Reader of confidences: a reply to "how sure are you, from 0 to 100?" → `Report` with a number from 0 to 100.

In: the text. Out: answered only if the reply claims exactly one number of that range, decimals allowed; "85", "85%",
"85 percent", "85/100" and "Confidence: 85" are the same answer. Unlike `counts.read_count`, whose rules for claims,
bounds and ranges it follows, a per cent sign is the unit here and not another quantity; a fraction (".7") is on another
scale, and unreadable.
"""

import re

from tacit.names import ANSWERED, UNREADABLE
from tacit.targets.base import Report
from tacit.targets.readers.clean_text import plain
from tacit.targets.readers.counts import read_count

_NUMBER = r"(\d+(?:\.\d+)?)"
SCALE = re.compile(
    r"(?:,\s*)?\b(?:on (?:a|the) scale )?(?:from|of|between)? ?\b0(?:\s*%)?\s*(?:to|and|-|–)\s*100\b(?:\s*%)?"
    r"(?: scale)?,?",
    re.IGNORECASE,
)
OF_HUNDRED = re.compile(rf"{_NUMBER}\s*(?:%(\s*\+)?|/\s*100\b|out of (?:a )?100\b|percent\b|per cent\b)", re.IGNORECASE)
EVEN_ODDS = re.compile(r"\b50\s*/\s*50\b")
SPELLED_UNIT = re.compile(r"(?<=[a-z])\s+(?:percent|per cent|out of (?:100|a hundred|one hundred))\b", re.IGNORECASE)
LEAD = re.compile(
    r"\b(?:confidence|certainty|probability|likelihood|sureness)(?: (?:level|score|rating|value))?"
    r"(?: (?:in|that) [^.:\n]{1,60}?)?\s*(?:is|:|=|as|at)\s*(?=[\d~a-z])",
    re.IGNORECASE,
)


def read_percent(text: str, *, ended: bool = True) -> Report:
    """The one number from 0 to 100 that `text` claims, as a float; a number outside that range is unreadable.

    ended: False if the reply was cut off by its length cap, so that a number at its very end may be incomplete.

    >>> read_percent("I am 85% sure.")
    Report(outcome='answered', value=85.0)
    >>> read_percent("Between 60 and 70.").outcome, read_percent(".7").outcome
    ('unreadable', 'unreadable')
    """
    clean = OF_HUNDRED.sub(r"\1\2 points", EVEN_ODDS.sub("50%", SCALE.sub(" ", plain(text))))
    clean = LEAD.sub("answer: ", clean)
    report = read_count(SPELLED_UNIT.sub(" points", clean), unit="point", ended=ended, whole=False)
    if report.outcome == ANSWERED and not _on_scale(report.value, text):
        return Report(UNREADABLE)
    return report


def _on_scale(value: float, text: str) -> bool:
    """True for 0 to 100; ".7" is a fraction, on another scale, unless it has a per cent sign."""
    return 0 <= value <= 100 and (value >= 1 or value == 0 or "%" in text)
