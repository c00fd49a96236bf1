"""Judge whether a free-text reply is the right answer.

In: the reply and the accepted answers. Out: right or wrong. Replies and answers are normalised as in SQuAD (Rajpurkar
et al. 2016: lower case, no punctuation, no articles, single spaces), except that punctuation becomes a space, as in
TriviaQA (Joshi et al. 2017). In addition, accents are removed ("São" = "Sao"), initials are joined ("J. R. R." =
"J.R.R.", "U.S." = "US"; an initial A is not an article), "1,000" equals 1000 and "twenty-six" equals 26. Every pair
that is an exact match in TriviaQA's script is one here. The same holds for SQuAD's script, unless the match relies on
joining words at a hyphen or apostrophe ("Saint-Exupéry" = "SaintExupéry").

A reply need not match exactly, but the rules are stricter than token F1 or a search for the answer in the text:

1. Only the first sentence of the visible reply counts; whatever the model adds is ignored.
2. The sentence is right if it equals an accepted answer after normalisation, or asserts one as a phrase of whole words:
   not negated ("not Paris"), not one of several alternatives ("Paris or Lyon"), not in a question.
3. An answer of one or two letters (a chemical symbol) must be at the end of a clause and have the same capitals;
   otherwise "As far as I know" would name arsenic. A number must be the only number in the sentence; for a number of
   three digits or more, such as a year, shorter ones are ignored. An answer that occurs in the question ("Mexico" in
   "the capital of Mexico") must be the whole reply.
4. An answer that is yes, no, true or false is read as a reply to a yes/no question: "I have no idea" is not a no.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from tacit.targets.readers.clean_text import is_question, plain, sentences
from tacit.targets.readers.numerals import spelled
from tacit.targets.readers.yes_no import read_true

NEGATION = re.compile(
    r"\b(?:not|never|isn t|wasn t|aren t|don t|doesn t|rather than|instead of|other than|neither|nor"
    r"|no longer|except)\b"
)
INITIALS = re.compile(r"\b(?:[A-Za-z]\.[ ]?){2,}|\b(?:[A-Z][ ])+[A-Z]\b(?!')")
TRUTHS = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


@lru_cache(maxsize=2**16)
def normalise(text: str) -> str:
    """Lower case, without accents, punctuation, articles and extra spaces; a text of articles alone keeps them."""
    text = INITIALS.sub(lambda match: match.group().replace(".", "").replace(" ", "") + " ", text)
    text = THOUSANDS.sub("", text)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not "\u0300" <= c <= "\u036f").lower()
    text = "".join(" " if unicodedata.category(c)[0] in "PS" else c for c in text)
    words = text.split()
    return " ".join([word for word in words if word not in ("a", "an", "the")] or words)


def is_right(reply: str, answers: Sequence[str], *, question: str = "") -> bool:
    """True if the first sentence of `reply` gives one of `answers` to `question` under the rules above."""
    clean, answers = plain(reply), [*answers, *map(_in_words, answers)]
    first_line = clean.splitlines()[0] if clean else ""
    if any(normalise(first_line) == normalise(answer) != "" for answer in answers):
        return True
    first, asked = _first_sentence(clean), f" {normalise(question)} "
    told = [answer for answer in answers if normalise(answer) and f" {normalise(answer)} " not in asked]
    return not is_question(first) and any(_asserted(first, answer) for answer in told)


def _in_words(answer: str) -> str:
    """A number from 2 to 999 spelled out; "" for anything else, also for 1, since "one" is often a pronoun."""
    return spelled(int(answer)) if answer.isdecimal() and 1 < int(answer) < 1000 else ""


def _first_sentence(clean: str) -> str:
    """The first sentence; it does not end at an initial or an abbreviated title ("J. R. R. Tolkien", "Dr. No")."""
    parts = sentences(clean.splitlines()[0]) if clean else []
    sentence = ""
    for part in parts:
        sentence = f"{sentence} {part}".strip()
        if not re.search(r"(?:\b[A-Z]|\b(?:Dr|Mr|Mrs|Ms|St|Jr|Sr))\.$", part):
            break
    return sentence


def _asserted(sentence: str, answer: str) -> bool:
    """True if `sentence` asserts `answer`, as a phrase of whole words."""
    if normalise(answer) in TRUTHS:
        return read_true(sentence).value == TRUTHS[normalise(answer)]
    if re.fullmatch(r"[^\W\d]{1,2}", answer):
        return _ends_clause(sentence, answer)
    said, wanted = normalise(sentence), normalise(answer)
    if wanted.isdecimal():
        rivals = re.findall(r"\d{3,}" if len(wanted) > 2 else r"\d+", said)
        return rivals == [wanted] and not NEGATION.search(said)
    return any(
        _affirmed(said[: match.start()], said[match.end() :])
        for match in re.finditer(rf"(?<!\w){re.escape(wanted)}(?!\w)", said)
    )


def _affirmed(before: str, after: str) -> bool:
    """True if the phrase between `before` and `after` (both normalised) is neither negated nor an alternative."""
    if NEGATION.search(" ".join(before.split()[-6:])):
        return False
    if re.match(r" (?:is|was|are|were) (?:not|never)\b| (?:isn|wasn) t\b", after):
        return False
    return not (before.endswith(" or ") or after.startswith(" or ") or before.startswith("either "))


def _ends_clause(sentence: str, answer: str) -> bool:
    """True if a clause of `sentence` ends in exactly `answer`, and the sentence has no negation and no "or"."""
    if NEGATION.search(normalise(sentence)) or re.search(r"\bor\b", sentence):
        return False
    clauses = re.split(r"[,;:()]|\s[-–—]\s", sentence)
    return any(
        re.search(rf"(?<!\w){re.escape(answer)}[\"'.!\s]*$", clause) for clause in clauses if not _opening(clause)
    )


def _opening(clause: str) -> bool:
    """True for a clause that is only "I" or "A" ("I, …"), which is a pronoun or an article and not a symbol."""
    return clause.strip() in ("I", "A")
