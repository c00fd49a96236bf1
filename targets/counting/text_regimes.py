"""Text regimes: kinds of text that differ in their number of tokens per character.

In: a random generator and a style between 0 and 1, drawn once per text. Out: pieces of text, to be joined until a token
budget is reached (`fit_length.py`). The style sets the mix of short and long pieces, so that tokens per character vary
within a regime as well (except for digits under a tokenizer that splits numbers into single digits: there the ratio is
constant). No piece contains the delimiters `[[` and `]]`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

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
# Common words, short and long, of several languages and scripts. Tokenizers are trained mostly on English, so such a
# word takes between one token and a dozen; in scripts without spaces, each entry is one of the short words that running
# text consists of.
FOREIGN_WORDS = {
    "German": "und der die das ist ein Haus Wasser Freundschaft Straße schön Kindergarten Geschwindigkeit morgen",
    "French": "le la et est une maison eau aujourd'hui forêt garçon bibliothèque heureusement très déjà",
    "Spanish": "el la y es una casa agua mañana niño biblioteca felicidad después también corazón",
    "Turkish": "ve bir ev su güneş çocuk kütüphane arkadaşlık yarın şimdi teşekkürler geliyorum",
    "Finnish": "ja on talo vesi aurinko lapsi kirjasto ystävyys huomenna kiitos rautatieasema",
    "Russian": "и в не дом вода друг солнце ребёнок библиотека завтра здравствуйте спасибо",
    "Greek": "και το δεν σπίτι νερό ήλιος παιδί βιβλιοθήκη αύριο ευχαριστώ θάλασσα",
    "Arabic": "في من على بيت ماء شمس طفل مكتبة غدا شكرا صداقة",
    "Hindi": "और है में घर पानी सूरज बच्चा पुस्तकालय कल धन्यवाद दोस्ती",
    "Chinese": "我 你 是 的 水 家 太阳 孩子 图书馆 明天 谢谢 朋友",
    "Japanese": "は の 水 家 わたし です 太陽 子ども 図書館 あした ありがとう トモダチ",
    "Korean": "나는 물 집 해 아이 도서관 내일 고맙습니다 친구 그리고",
}
# Neutral text around the span: short, common words without digits or brackets; clauses first, then single words to fill
# the remaining gap.
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
    """The text between two pieces."""


def _natural(rng: np.random.Generator, style: float) -> str:
    """A clause or an adverbial; `style` is the share of long, rare words."""
    phrase = PHRASES[rng.integers(len(PHRASES))]
    return " ".join(_word(rng, style, kind) if kind in COMMON else kind for kind in phrase)


def _word(rng: np.random.Generator, style: float, kind: str) -> str:
    return str(rng.choice((RARE if rng.random() < style else COMMON)[kind]))


def _random_words(rng: np.random.Generator, style: float) -> str:
    """One word of any part of speech, unrelated to the next; `style` is the share of long, rare words."""
    return _word(rng, style, KINDS[rng.integers(len(KINDS))])


def _foreign(rng: np.random.Generator, style: float) -> str:
    """A word; `style` selects the language, so that each text is in a single language."""
    languages = list(FOREIGN_WORDS.values())
    words = languages[min(int(style * len(languages)), len(languages) - 1)].split()
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
