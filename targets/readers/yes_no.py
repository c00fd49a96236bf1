"""Readers of yes and no: a reply → `Report` with "yes" or "no".

In: the text of a reply. Out: answered only if one of the two is given and not the other; a reply that gives neither and
declines is refused; everything else, and everything in doubt, is unreadable. `read_yes_no` reads replies to "do you
know…?", `read_true` replies to "is the answer that you gave right?" (P(True), Kadavath et al. 2022, arXiv 2207.05221),
where "I don't know" is not an answer.
"""

import re

from tacit.names import ANSWERED, REFUSED, UNREADABLE
from tacit.targets.base import Report
from tacit.targets.readers.clean_text import AS_A_MODEL, IGNORANT, is_question, plain, refuses, sentences

YES_NO = {"yes": "yes", "yeah": "yes", "yep": "yes", "yup": "yes", "no": "no", "nope": "no"}
_LEAD = (
    r"(?:(?:well|so|oh|hmm|okay|ok|sure|honestly|unfortunately|sorry|actually|certainly|definitely"
    r"|absolutely|but)[,.:]?\s+)?"
)
# A reply that is nothing but this: one letter, or the two words of other languages.
WHOLE = dict.fromkeys("y oui sí ja да はい 是 是的 हाँ نعم".split(), "yes")
WHOLE |= dict.fromkeys("n non nein nee нет いいえ 不是 नहीं لا".split(), "no")
FIRST_WORD = re.compile(
    rf"^[\"'(\[]*{_LEAD}[\"'(\[]*(yes|yeah|yep|yup|no|nope)\b(?!\s+(?:problem|worries|doubt|matter|one|way"
    r"|longer|need|thanks|thank|more|other|such|wonder|comment))",
    re.IGNORECASE,
)
MARKED = re.compile(
    r"(?:\b(?:answer|reply|response)\b[^.:=]{0,30}?(?:\bis|\bwould be|:|=)+|,? but (?=(?:yes|no)\b,)"
    r"|\b(?:i'd|i would|i will|i'll|i have to|i must) (?:say|answer))\s*:?\s*[\"'(]*(yes|no)\b",
    re.IGNORECASE,
)
# Whole answers without either word. What comes after them may explain, but not take back.
_ENDS = r"(?=\s*(?:[.!,;]|-|–|—|$))(?!.*\b(?:but|though|although|however|unless|if|or|yet|except)\b)"
SHORT_YES = re.compile(
    rf"^[\"'(]*{_LEAD}(?:i (?:do |would |really |certainly )?(?:think|believe) so|(?:i'd|i would) say so"
    rf"|(?:i'm|i am) afraid so){_ENDS}",
    re.IGNORECASE,
)
SHORT_NO = re.compile(
    rf"^[\"'(]*{_LEAD}(?:i (?:do not|don't|dont|wouldn't|would not) (?:really )?(?:think|believe|say) so"
    r"|i (?:think|believe) not|(?:i'm|i am) afraid not|not really|not at all"
    rf"|(?:of course|certainly|definitely|absolutely|unfortunately|sadly) not){_ENDS}",
    re.IGNORECASE,
)
KNOWS = re.compile(
    r"\bi (?:(?:do|certainly|definitely|indeed|already|think i|believe i|actually) )*know(?: (?:it|that"
    r"|this|the answer|who|what|where|when|which|how)\b|\s*[.!]?$)"
    r"|\bi (?:certainly |definitely |sure |indeed )?do\s*[.!]?$",
    re.IGNORECASE,
)
KNOWS_NOT = re.compile(r"\bi (?:don't|do not)\s*[.!]?$", re.IGNORECASE)
_IS = r"(?:\b(?:is|was)|\b(?:it|that)'s)\s+(?:\w+ly\s+|indeed\s+)?"
RIGHT = re.compile(
    r"^[\"'(]*(?:right|correct|true|accurate)\b[\"')]*\s*(?:[.,!]|$)"
    rf"|{_IS}(?:right|correct|true|accurate)\b(?! answer)",
    re.IGNORECASE,
)
WRONG = re.compile(
    rf"^[\"'(]*(?:wrong|incorrect|false|untrue|not (?:right|correct|true))\b|{_IS}(?:wrong|incorrect|false|mistaken)\b"
    r"|(?:\b(?:is|was) not|\b(?:is|was)n't|'s not)\s+(?:\w+ly\s+)?(?:right|correct|true|accurate)\b"
    r"|\bi (?:made an? (?:mistake|error)|was (?:wrong|mistaken|incorrect))\b"
    r"|\bapologi[sz]e for (?:the|my|any) (?:\w+ )?(?:mistake|error|confusion)\b",
    re.IGNORECASE,
)
UNREAL = re.compile(
    r"\b(?:not|(?:do|would|did)n't|possible|might|may|maybe|perhaps|if|whether|wish|want|like|need|should|could|would"
    r"|let) ",
    re.IGNORECASE,
)
ASKED_FIRST = re.compile(r"^\W*yes\s*(?:/|or)\s*no\s*:\s*", re.IGNORECASE)
BOTH = re.compile(r"\byes\b\W*(?:or|and|/)\W*\bno\b|\bno\b\W*(?:or|and|/)\W*\byes\b", re.IGNORECASE)


def read_yes_no(text: str, *, about_knowing: bool = False) -> Report:
    """Yes or no, if the reply gives one of them and not the other.

    A yes or no counts at the beginning of a statement, or after "the answer is"; "I think so", "I'm afraid not" and
    "not really" count as whole clauses. With `about_knowing` (the question was
    "do you know…?") also "I do", "I know it" → yes and "I don't", "I don't know", "no idea" → no: there they are
    answers, not refusals. "As an AI I don't have knowledge…" without a no stays refused. "I'm not certain", "maybe" and
    "I guess so" stay unreadable: to "would your answer be right?", which is read here as well, they say neither.

    >>> read_yes_no("Yes, I do.")
    Report(outcome='answered', value='yes')
    >>> read_yes_no("I don't know.").outcome, read_yes_no("I don't know.", about_knowing=True).value
    ('refused', 'no')
    """
    clean = ASKED_FIRST.sub("", plain(text))
    votes = _whole(clean)
    for sentence in sentences(clean):
        if not is_question(sentence) and not BOTH.search(sentence):
            votes |= _votes(sentence, about_knowing)
    if len(votes) == 1:
        return Report(ANSWERED, votes.pop())
    return Report(REFUSED if not votes and refuses(clean) else UNREADABLE)


def _whole(clean: str) -> set[str]:
    """The answer of a reply that is one word of `WHOLE`."""
    word = clean.strip(" .!,\"'").lower()
    return {WHOLE[word]} if word in WHOLE else set()


def _votes(sentence: str, about_knowing: bool) -> set[str]:
    """The answers that one statement gives."""
    votes = {
        YES_NO[match.group(1).lower()] for match in (FIRST_WORD.search(sentence), MARKED.search(sentence)) if match
    }
    votes |= {answer for answer, short in (("yes", SHORT_YES), ("no", SHORT_NO)) if short.search(sentence)}
    if not about_knowing:
        return votes
    if KNOWS_NOT.search(sentence) or (IGNORANT.search(sentence) and not AS_A_MODEL.search(sentence)):
        return votes | {"no"}
    if KNOWS.search(sentence) and not UNREAL.search(sentence) and not IGNORANT.search(sentence):
        return votes | {"yes"}
    return votes


def read_true(text: str) -> Report:
    """Whether a reply to "is the answer that you gave right?" calls the answer right ("yes") or wrong ("no").

    A yes or no counts as in `read_yes_no`; so do "correct", "that is wrong" and "I made a mistake". "I'm not sure" and
    "probably" stay unreadable, and "I don't know" is a refusal.

    >>> read_true("That was wrong.").value, read_true("Correct!").value
    ('no', 'yes')
    >>> read_true("I don't know.").outcome
    'refused'
    """
    clean = ASKED_FIRST.sub("", plain(text))
    votes = _whole(clean)
    for sentence in sentences(clean):
        if not is_question(sentence) and not BOTH.search(sentence):
            votes |= _votes(sentence, about_knowing=False) or _judged(sentence)
    if len(votes) == 1:
        return Report(ANSWERED, votes.pop())
    return Report(REFUSED if not votes and refuses(clean) else UNREADABLE)


def _judged(sentence: str) -> set[str]:
    """Whether one statement calls the answer right (yes) or wrong (no)."""
    if WRONG.search(sentence):
        return {"no"}
    return {"yes"} if RIGHT.search(sentence) else set()
