"""Is a free-text reply the right answer?

In: the reply and the accepted answers. Out: right or wrong. Normalisation follows SQuAD (Rajpurkar et al. 2016: lower
case, no punctuation, no articles, single spaces) with TriviaQA's punctuation → space (Joshi et al. 2017), and also
folds accents ("São" = "Sao"), joins initials ("J. R. R." = "J.R.R.", "U.S." = "US"; their A is no article) and reads
"1,000" as 1000 and "twenty-six" as 26. What TriviaQA's script calls equal is equal here, and what SQuAD's does but for
its joining of words at a hyphen or apostrophe ("Saint-Exupéry" = "SaintExupéry").
Stricter than either field's F1, and stricter than "the alias occurs somewhere":

1. Only the first sentence of the visible reply is read; what a model adds afterwards neither helps nor hurts.
2. It is right if it equals an accepted answer after normalisation, or holds one as a whole-word phrase that is
   asserted: not negated ("not Paris"), not one of several offered ("Paris or Lyon"), not in a question.
3. Answers of one or two letters (chemical symbols) must end a clause and agree in capitals, else "As far as I know"
   would be arsenic; a number must be the only one of the sentence (a year the only one of three digits or more); an
   answer that already stands in the question ("Mexico" in "the capital of Mexico") must be the whole reply.
"""

import re
import unicodedata
from collections.abc import Sequence

from tacit.targets.readers.clean_text import is_question, plain, sentences
from tacit.targets.readers.numerals import spelled

NEGATION = re.compile(
    r"\b(?:not|never|isn t|wasn t|aren t|don t|doesn t|rather than|instead of|other than|neither|nor"
    r"|no longer|except)\b"
)
INITIALS = re.compile(r"\b(?:[A-Za-z]\.[ ]?){2,}|\b(?:[A-Z][ ])+[A-Z]\b(?!')")
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def normalise(text: str) -> str:
    """Lower case, without accents, punctuation, articles and extra spaces; articles stay where nothing else is left."""
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
    """A number from 2 to 999 spelled out ("one" is more often a pronoun); "" for anything else."""
    return spelled(int(answer)) if answer.isdecimal() and 1 < int(answer) < 1000 else ""


def _first_sentence(clean: str) -> str:
    """The first sentence; an initial or an abbreviated title does not end it ("J. R. R. Tolkien", "Dr. No")."""
    parts = sentences(clean.splitlines()[0]) if clean else []
    sentence = ""
    for part in parts:
        sentence = f"{sentence} {part}".strip()
        if not re.search(r"(?:\b[A-Z]|\b(?:Dr|Mr|Mrs|Ms|St|Jr|Sr))\.$", part):
            break
    return sentence


def _asserted(sentence: str, answer: str) -> bool:
    """True if `answer` stands in `sentence` as a whole-word phrase, asserted."""
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
    """True for a phrase, between normalised texts, that is neither negated nor one of several."""
    if NEGATION.search(" ".join(before.split()[-6:])):
        return False
    if re.match(r" (?:is|was|are|were) (?:not|never)\b| (?:isn|wasn) t\b", after):
        return False
    return not (before.endswith(" or ") or after.startswith(" or ") or before.startswith("either "))


def _ends_clause(sentence: str, answer: str) -> bool:
    """True if a clause of `sentence` ends in exactly `answer`, and nothing in it is negated."""
    if NEGATION.search(normalise(sentence)) or re.search(r"\bor\b", sentence):
        return False
    clauses = re.split(r"[,;:()]|\s[-–—]\s", sentence)
    return any(
        re.search(rf"(?<!\w){re.escape(answer)}[\"'.!\s]*$", clause) for clause in clauses if not _opening(clause)
    )


def _opening(clause: str) -> bool:
    """True for a lone pronoun or article that opens a sentence ("I, …"): never a symbol."""
    return clause.strip() in ("I", "A")
