"""Cleans a reply before it is read: the first step of every reader.

In: the raw text that a model generated. Out: its visible part (no reasoning block, no invented next turn), in plain
characters, split into sentences and clauses; and whether a clause declines to answer. Pure functions of the text.
"""

import re
import unicodedata
from functools import lru_cache

from tacit.targets.readers.thoughts import without_thoughts

END_MARKS = re.compile(r"<\|[a-z_]*(?:end|eot|eos|eom)[a-z_]*\|>|</s>|<eos>|<end_of_turn>", re.IGNORECASE)
# Small models often continue with the other speaker's turn, which is not part of their answer.
NEXT_TURN = re.compile(r"\n\s*(?:user|human|question|q|bot|assistant|system)\s*:.*", re.IGNORECASE | re.DOTALL)
MARKDOWN = re.compile(r"(?<![\w*`])(\*{1,3}|_{1,3}|`{1,3}|~~)(?=\S)(.+?)(?<=\S)\1(?![\w*`])", re.DOTALL)
LINE_START = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]*|[-*+•][ \t]+)", re.MULTILINE)
# "1. the 2. man 3. saw": numbers that count the pieces of a list, written on one line.
INLINE_LIST = re.compile(r"(?<!\S)1[.)] \S.*?(?<!\S)2[.)] ")
INLINE_NUMBER = re.compile(r"(?<!\S)\d{1,2}[.)][ \t]+(?=\S)")
CJK_BORDER = re.compile(r"(?<=[\u3040-\u9fff])(?=\d)|(?<=\d)(?=[\u3040-\u9fff])")
# "$17$", by pandoc's rule: no space inside the dollar signs, no digit after them. "$5 or $6" are two prices.
FORMULA = re.compile(r"\$(?=\S)([^$\n]*\d[^$\n]*)(?<=\S)\$(?!\d)")
LIST_NUMBER = re.compile(r"^[ \t]*\d{1,2}[.)][ \t]+(?=[^\n]*\d)", re.MULTILINE)
CHARACTERS = str.maketrans(
    dict.fromkeys("’‘´ʻ", "'")
    | dict.fromkeys("“”„«»", '"')
    | dict.fromkeys("\u200b\ufeff", "")
    | dict(zip("：（）٬٫−％", ":(),.-%", strict=True))
    | {"。": ". ", "，": ", ", "！": "! ", "？": "? ", "…": "..."}
)

VERBS = (
    "count|answer|determine|tell|say|provide|help|assist|give|know|see|access|do "
    "(?:that|this|it)|predict|compute|calculate|reveal|verify|confirm|judge|"
    "share|discuss|comply|introspect|inspect|choose|decide|pick|make|state|report|reply|respond|estimate|observe"
)
CANNOT = re.compile(
    r"(?:\bcan'?t|\bcannot|\bcan not|\bcouldn'?t|\bcould not|\bwon't|\bwill not|\bwouldn't be able to"
    rf"|\bam not going to)\s+(?:\w+ly\s+|really\s+)?(?:{VERBS})\b"
    r"|\bunable to\b|\bnot able to\b|\bdecline\b|\brefuse to\b|\brather not\b|\bimpossible\b"
    r"|\bnot possible\b|\bno way (?:of|to)\b"
    r"|\b(?:don't|do not) have (?:\w+ ){0,2}(?:access|ability|capability|means|tools?|preferences?"
    r"|opinions?|feelings?|desires?|way)\b"
    r"|\bhave no (?:\w+ )?(?:access|ability|means|preferences?|opinions?|feelings?|way)\b",
    re.IGNORECASE,
)
IGNORANT = re.compile(
    r"\b(?:don't|do not|didn't|did not|dont) (?:\w+ly |really |even )?know\b|\bidk\b|\bno idea\b"
    r"|\bno clue\b|\b(?:not|never) (?:heard of|familiar with)"
    r"|\bnever heard\b|\b(?:don't|do not) have (?:\w+ ){0,2}(?:information|knowledge|idea|clue)\b"
    r"|\bhave no (?:\w+ )?(?:information|knowledge)\b"
    r"|\bnot aware of\b|\bunknown to me\b",
    re.IGNORECASE,
)
AS_A_MODEL = re.compile(
    r"\b(?:as an?|i am just an?|i'm just an?|i am an|i'm an) (?:\w+ )?"
    r"(?:ai|artificial intelligence|(?:large )?language model|assistant|chatbot|program)\b",
    re.IGNORECASE,
)


def visible(text: str) -> str:
    """The reply without thoughts (see `thoughts.py`), end marks and further turns.

    >>> visible("<think>Let me see.</think>Paris.\\nUser: And Spain?")
    'Paris.'
    """
    text = END_MARKS.split(without_thoughts(text))[0].strip()
    return NEXT_TURN.sub("", text).strip()


@lru_cache(maxsize=2**14)  # short replies are alike, and each is read by several readers
def plain(text: str) -> str:
    """Visible text in plain characters: no markdown or emoji, straight quotes, the digits of any script as 0–9.

    >>> plain("**Seventeen** tokens, I’d say: \\\\boxed{17}")
    "Seventeen tokens, I'd say: \\nFinal answer: 17."
    """
    text = visible(text).translate(CHARACTERS)
    text = CJK_BORDER.sub(" ", "".join(_digit(character) for character in text if not _is_emoji(character)))
    text = re.sub(
        r"(?<=\d)[\u00a0\u202f\u2009](?=\d{3}(?!\d))", "", text
    )  # a thin or fixed space inside a number groups thousands
    text = re.sub(r"\\boxed\s*\{([^{}]*)\}", r"\nFinal answer: \1.\n", text)
    text = re.sub(r"\\text\s*\{([^{}]*)\}", r"\1", text)
    text = FORMULA.sub(r" \1 ", re.sub(r"\\[()\[\]]", " ", text))
    text = re.sub(r"(?<=\d)\$", " ", text)
    for _ in range(2):
        text = MARKDOWN.sub(r"\2", text)
    text = INLINE_NUMBER.sub("", text) if INLINE_LIST.search(text) else text
    return LIST_NUMBER.sub("", LINE_START.sub("", text)).strip()


def sentences(text: str) -> list[str]:
    """Sentences of plain text, each with its end mark; a new line ends a sentence.

    >>> sentences("Yes. I know it!\\nWhy?")
    ['Yes.', 'I know it!', 'Why?']
    """
    return [
        part.strip() for line in text.splitlines() for part in re.split(r"(?<=[.!?])[\"')]*\s+", line) if part.strip()
    ]


def is_question(sentence: str) -> bool:
    """True for a question, which states nothing.

    >>> is_question('Is it "Paris?"'), is_question("It is Paris.")
    (True, False)
    """
    return sentence.rstrip("\"') ").endswith("?")


def statements(text: str, *, ignorance: bool = True) -> list[str]:
    """What plain text states: its sentences without questions and without the clauses that decline to answer.

    ignorance: whether "I don't know" declines as well (asked whether it knows, it is an answer).

    >>> statements("How many? I can't count tokens, but I guess 17.")
    ['I guess 17.']
    """
    kept = []
    for sentence in sentences(text):
        if is_question(sentence):
            continue
        if not declines(sentence, ignorance=ignorance):
            kept.append(sentence)
            continue
        clauses = re.split(r"[,;]?\s*\b(?:but|however|although|though|yet)\b,?\s*|;\s*", sentence)
        kept.extend(clause.strip() for clause in clauses if clause and not declines(clause, ignorance=ignorance))
    return kept


def declines(text: str, *, ignorance: bool = True) -> bool:
    """True if plain text says that it cannot or will not answer; with `ignorance`, also that it does not know.

    >>> declines("I cannot count tokens."), declines("I don't know."), declines("I don't know.", ignorance=False)
    (True, True, False)
    """
    return bool(CANNOT.search(text) or (ignorance and IGNORANT.search(text)))


def refuses(text: str, *, ignorance: bool = True) -> bool:
    """True if plain text declines, or speaks "as an AI": a reply with no readable answer then counts as a refusal.

    >>> refuses("As an AI, I have no favourite."), refuses("Hmm.")
    (True, False)
    """
    return declines(text, ignorance=ignorance) or bool(AS_A_MODEL.search(text))


def _is_emoji(character: str) -> bool:
    """True for a pictograph; a degree sign is kept, since it changes what the number before it means."""
    return character != "°" and unicodedata.category(character) == "So"


def _digit(character: str) -> str:
    """Decimal digits of any script as ASCII; superscripts and fractions are left unchanged."""
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)
