"""What is cut away from a reply before it is read."""

import pytest

from tacit.targets.readers.clean_text import plain, sentences, statements, visible


@pytest.mark.parametrize(
    "text", ["<think>16</think>17", "it is 16</think>17", "17<think>16", "17<|im_end|>18", "17\nUser: 18"]
)
def test_reasoning_end_marks_and_invented_turns_are_not_part_of_the_answer(text):
    assert visible(text) == "17"


def test_an_unclosed_reasoning_block_leaves_nothing():
    assert visible("<think>\nThe text has") == ""


@pytest.mark.parametrize("text", ["**17**", "__17__", "`17`", "***17***", "# 17", "> 17", "- 17", "१७", "１７", "$17$"])
def test_markup_and_other_scripts_digits_become_plain(text):
    assert plain(text) == "17"


def test_arithmetic_stars_and_superscripts_are_left_alone():
    assert plain("2*3*4 and 17²") == "2*3*4 and 17²"


def test_a_new_line_ends_a_sentence():
    assert sentences("One here. Two here!\nThree") == ["One here.", "Two here!", "Three"]


def test_questions_and_declining_clauses_state_nothing():
    assert statements("Is it 5? I can't count tokens, but it may be 6.") == ["it may be 6."]


def test_two_prices_are_no_formula():
    assert plain("$5 now or $6 later") == "$5 now or $6 later"
    assert plain("It is $2 + 3$ tokens.").split() == "It is 2 + 3 tokens.".split()
