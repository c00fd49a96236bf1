"""Pronounceable invented words and names.

In: a random generator. Out: words that do not exist. They are used as a text regime with many tokens per character, and
as names of invented entities, which look real but about which nothing can be known.
"""

import numpy as np

ONSETS = "b br c ch cl d dr f fl g gl gr h j k kl l m n p pl pr qu r s sk sl st t th tr v vl w x z zh".split()
VOWELS = "a e i o u ai ea ia io oa ou y".split()
CODAS = "b d ff g k l lm lt m n nd ng nt p r rk rn rt s sh st t th x z".split()


def syllable(rng: np.random.Generator, *, closed: bool) -> str:
    """Onset and vowel, with a coda when `closed`."""
    return str(rng.choice(ONSETS)) + str(rng.choice(VOWELS)) + (str(rng.choice(CODAS)) if closed else "")


def invented_word(rng: np.random.Generator, n_syllables: int) -> str:
    """An invented word in lower case; the last syllable is closed more often than not."""
    closed = [bool(rng.random() < 0.2) for _ in range(n_syllables - 1)] + [bool(rng.random() < 0.7)]
    return "".join(syllable(rng, closed=end) for end in closed)


def invented_name(rng: np.random.Generator, *, words: int = 1) -> str:
    """`words` capitalised invented words of two or three syllables."""
    return " ".join(invented_word(rng, int(rng.integers(2, 4))).capitalize() for _ in range(words))
