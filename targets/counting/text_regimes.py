"""Kinds of text whose tokens and characters part ways in different manners.

In: a generator and a style between 0 and 1, drawn once per text. Out: pieces of text, to be joined until a budget of
tokens is reached (`fitting.py`). The style sets the mix of short and long pieces, so that tokens per character vary
from text to text within a regime as well (a tokenizer that spells digits one by one is the exception: there the digits
regime keeps one ratio). No piece contains the delimiters `[[` and `]]`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tacit.targets.counting.languages import LANGUAGES, WORDS
from tacit.targets.invented_words import invented_word

Draw = Callable[[np.random.Generator, float], str]

COMMON = {
    "noun": "cat dog man house boat tree bird girl boy road hill shop bed hat cup door farm garden river box".split(),
    "adjective": "old big red small new good sad long warm green dark soft quick kind".split(),
    "verb": "saw found took liked made left held met lost gave heard pulled".split(),
    "adverb": "then there soon again today well fast".split(),
    "preposition": "in on by with near under over behind".split(),
}
RARE = {
    "noun": "lighthouse chrysanthemum accountant thermometer cathedral apprentice marmalade saxophone "
    "orthopaedist wheelbarrow "
    "kaleidoscope photographer locksmith parliament rhododendron veterinarian".split(),
    "adjective": "extraordinary melancholic translucent absent-minded weather-beaten hospitable "
    "incomprehensible mahogany "
    "provincial cantankerous".split(),
    "verb": "photographed misunderstood congratulated overheard refurbished anticipated interrogated memorised "
    "underestimated rediscovered".split(),
    "adverb": "inadvertently meticulously nevertheless apologetically conspicuously half-heartedly".split(),
    "preposition": "underneath alongside throughout notwithstanding".split(),
}
KINDS = tuple(COMMON)
PHRASES = (
    ("the", "noun", "verb", "the", "noun"),
    ("the", "adjective", "noun", "verb", "the", "noun"),
    ("the", "noun", "verb", "the", "adjective", "noun"),
    ("preposition", "the", "noun"),
    ("preposition", "the", "adjective", "noun"),
    ("adverb",),
)
SHORT_NAMES = "x y i n k a b s t row out".split()
LONG_NAMES = (
    "total_count user_name max_length file_handle previousValue requestTimeout parse_header isValidToken".split()
)
STATEMENTS = (
    "{a} = {b}",
    "{a} = {b} + {n}",
    "{a} += {n}",
    "return {a}",
    "print({a})",
    "if {a} > {n}:",
    "for {a} in {b}:",
    "{a} = {b}[{n}]",
    "{a}.append({b})",
    "def {a}({b}):",
    "{a}++;",
    "while ({a} < {n})",
    "assert {a} != {b}",
)
# Neutral text around the span: short, common words without digits and brackets, clauses first and single words to fill
# the last gap.
NEUTRAL_CLAUSES = (
    "the day was calm,", "it was late,", "we sat by the sea,", "and the rain came down,", "she had some "
    "tea,", "the sun was out,",
    "they went home,", "and all was still,", "he had a rest,", "so we said no more,",
)  # fmt: skip
NEUTRAL_WORDS = "and so then now still too well oh yes".split()


@dataclass(frozen=True)
class Regime:
    """A kind of text."""

    name: str
    """The `source` of its items."""
    draw: Draw
    """(generator, style) → one piece."""
    joiner: str
    """What stands between two pieces."""


def _natural(rng: np.random.Generator, style: float) -> str:
    """A clause or an adverbial; `style` is the share of long, rare words."""
    phrase = PHRASES[rng.integers(len(PHRASES))]
    return " ".join(_word(rng, style, kind) if kind in COMMON else kind for kind in phrase)


def _word(rng: np.random.Generator, style: float, kind: str) -> str:
    return str(rng.choice((RARE if rng.random() < style else COMMON)[kind]))


def _random_words(rng: np.random.Generator, style: float) -> str:
    """One word of any kind, so that no grammar joins it to the next; `style` is the share of long, rare words."""
    return _word(rng, style, KINDS[rng.integers(len(KINDS))])


def _foreign(rng: np.random.Generator, style: float) -> str:
    """A word; `style` picks the language, so that a text keeps to one."""
    words = WORDS[LANGUAGES[min(int(style * len(LANGUAGES)), len(LANGUAGES) - 1)]].split()
    return words[rng.integers(len(words))]


def _invented(rng: np.random.Generator, style: float) -> str:
    """An invented word; `style` 0 gives one syllable, 1 four."""
    return invented_word(rng, 1 + int(rng.binomial(3, style)))


def _digits(rng: np.random.Generator, style: float) -> str:
    """A group of digits; `style` 0 gives one, 1 nine."""
    return "".join(str(digit) for digit in rng.integers(0, 10, size=1 + int(rng.binomial(8, style))))


def _code(rng: np.random.Generator, style: float) -> str:
    """One statement on one line; `style` is the share of long names and numbers."""
    names = [str(rng.choice(LONG_NAMES if rng.random() < style else SHORT_NAMES)) for _ in range(2)]
    number = int(rng.integers(10 ** (1 + 4 * (rng.random() < style))))
    return STATEMENTS[rng.integers(len(STATEMENTS))].format(a=names[0], b=names[1], n=number)


def _neutral(rng: np.random.Generator, style: float) -> str:
    """A clause, or with probability `style` one word."""
    return str(rng.choice(NEUTRAL_WORDS if rng.random() < style else NEUTRAL_CLAUSES))


NATURAL = Regime("natural", _natural, ", ")
RANDOM_WORDS = Regime("random_words", _random_words, " ")
INVENTED = Regime("invented", _invented, " ")
DIGITS = Regime("digits", _digits, " ")
CODE = Regime("code", _code, "\n")
FOREIGN = Regime("languages", _foreign, " ")
NEUTRAL = Regime("neutral", _neutral, " ")
REGIMES = (NATURAL, RANDOM_WORDS, INVENTED, DIGITS, CODE, FOREIGN)
