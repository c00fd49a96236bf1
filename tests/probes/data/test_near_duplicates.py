"""Near-duplicates: the pairs that comparing all texts would find, found without comparing all."""

from itertools import combinations

import numpy as np
import pytest

from tacit.probes.data.near_duplicates import THRESHOLD, _grams, candidates, jaccard, near_duplicates
from tacit.targets.groups import components

RNG = np.random.default_rng(0)
WORDS = ["".join(RNG.choice(list("abcdefgh"), size=RNG.integers(2, 7))) for _ in range(60)]


def sentence(n=25):
    return " ".join(RNG.choice(WORDS, size=n))


def edited(text, n):
    letters = list(text)
    for k in RNG.integers(len(letters), size=n):
        letters[k] = "z"
    return "".join(letters)


def by_hand(a, b):
    """The definition, longhand: every gram is matched as often as it stands in both."""
    grams = [[t[k : k + 5] for k in range(len(t) - 4)] for t in (a, b)]
    both = sum(min(grams[0].count(g), grams[1].count(g)) for g in set(grams[0]))
    return both / (len(grams[0]) + len(grams[1]) - both)


TEXTS = [t for _ in range(25) for base in [sentence()] for t in (base, edited(base, 1), edited(base, 3), sentence())]


def test_the_candidates_hold_every_pair_above_the_threshold_and_are_few():
    found = {tuple(pair) for pair in candidates(_grams(TEXTS)).tolist()}
    above = {(a, b) for a, b in combinations(range(len(TEXTS)), 2) if by_hand(TEXTS[a], TEXTS[b]) > THRESHOLD}
    assert len(above) > 20
    assert above <= found
    assert len(found) < 0.1 * len(TEXTS) * (len(TEXTS) - 1) / 2


def test_the_overlap_is_the_definition_written_longhand():
    pairs = RNG.integers(len(TEXTS), size=(50, 2))
    expected = [by_hand(TEXTS[a], TEXTS[b]) for a, b in pairs]
    assert jaccard(_grams(TEXTS), pairs) == pytest.approx(expected)


def test_near_copies_become_one_group_and_other_texts_do_not():
    groups = components([()] * len(TEXTS), near_duplicates(TEXTS))
    for k in range(0, len(TEXTS), 4):
        assert groups[k] == groups[k + 1]
        assert groups[k + 3] not in (groups[k], groups[k + 1])


def test_case_and_white_space_do_not_make_another_text():
    assert near_duplicates(["How  long is it?", "how long is it? ", "Who is it?"]) == [(0, 1)]


def test_many_copies_of_one_text_need_few_edges():
    assert len(near_duplicates(["the same text again"] * 500)) == 499


def test_a_template_that_a_source_shares_joins_nobody():
    names = [f"{a}{b}" for a in "Bruno Clara Dieter Elke Fritz".split() for b in "mann bach feld".split()]
    long = "According to the register of the old town hall, in which of the nine cities of the plain was {} born?"
    assert near_duplicates([long.format(n) for n in names]) == []
    assert near_duplicates([long.format(n) for n in names], ["birth"] * len(names)) == []


def test_repetition_is_not_sameness_and_empty_texts_are_alone():
    assert near_duplicates(["x" * 5, "x" * 9, "", ""]) == []


def test_two_texts_shorter_than_a_gram_are_the_same_only_if_equal():
    assert near_duplicates(["ab", "ac", "ab"]) == [(0, 2)]
