"""Token counts: spans that neither their place nor the prompt's length gives away."""

import numpy as np
import pandas as pd
import pytest

from tacit.errors import TargetError
from tacit.targets import Report, SpanCount, position_correlations
from tacit.targets.counting.fit_length import correlation, decouple
from tacit.targets.counting.padding import CHECKED_FROM, MAX_SPAN, MIN_SPAN, OTHER
from tacit.targets.counting.target import UNITS, number_range
from tacit.targets.counting.text_regimes import REGIMES
from tacit.targets.elicitations import PRIMARY, Elicitation, parse

TARGET = SpanCount()
SIBLINGS = [SpanCount(name) for name in ("char_count", "word_count")]
N = 84


@pytest.fixture(scope="module")
def made(count_tokens):
    return TARGET.items(N, 0, count_tokens=count_tokens)


def second_texts(items):
    return [OTHER.search(item.object_prompt.replace(item.span, "")).group(1) for item in items]


def worst(items, count_tokens):
    return max(map(abs, position_correlations(items, count_tokens).values()))


def test_no_size_of_a_span_tells_its_start_the_prompts_length_or_the_second_texts_size(made, count_tokens):
    found = position_correlations(made, count_tokens)
    assert set(found) == {
        f"{size}, {place}"
        for size in ("tokens", "characters", "words")
        for place in ("start", "prompt length", "second text")
    }
    assert max(map(abs, found.values())) < 0.05


def test_what_stands_in_brackets_altogether_is_not_the_count(made, count_tokens):
    sizes = np.array([count_tokens(item.span) for item in made])
    others = np.array([count_tokens(text) for text in second_texts(made)])
    assert np.ptp(others) >= 25
    assert correlation(sizes, sizes + others) < 0.85


def test_the_second_text_stands_before_the_span_in_half_the_items(made):
    before = [item.object_prompt.index(text) < item.object_prompt.index(item.span)
              for item, text in zip(made, second_texts(made), strict=True)]  # fmt: skip
    assert sum(before) == N // 2


@pytest.mark.parametrize("n", [CHECKED_FROM, 33])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_small_samples_are_decoupled_as_well(n, seed, toy):
    items = TARGET.items(n, seed, count_tokens=toy)
    assert worst(items, toy) < 0.05


def test_a_single_item_can_be_made(toy):
    assert len(TARGET.items(1, 0, count_tokens=toy)) == 1


def test_a_span_occurs_exactly_once_in_each_prompt(made):
    assert all(prompt.count(item.span) == 1 for item in made for prompt in (item.object_prompt, item.report_prompt))


def test_spans_stand_between_the_delimiters_and_hold_none(made):
    for item in made:
        assert f"[[ {item.span} ]]" in item.object_prompt
        assert "[[" not in item.span and "]]" not in item.span


def test_spans_cover_small_and_large_counts(made, count_tokens):
    sizes = [count_tokens(item.span) for item in made]
    assert MIN_SPAN <= min(sizes) <= 8
    assert 30 <= max(sizes) <= MAX_SPAN


def test_prompts_fit_a_context_of_256(made, count_tokens):
    assert max(count_tokens(item.object_prompt) for item in made) <= 170
    assert max(count_tokens(item.report_prompt) for item in made) <= 200


def test_tokens_per_character_vary_within_a_regime(count_tokens):
    items = TARGET.items(240, 5, count_tokens=count_tokens)
    for regime in REGIMES:
        ratios = [count_tokens(item.span) / len(item.span) for item in items if item.source == regime.name]
        assert max(ratios) / min(ratios) > 1.15, regime.name


def test_the_regimes_are_equally_frequent_and_no_span_comes_twice(made):
    assert len(REGIMES) == 6
    assert {sum(item.source == regime.name for item in made) for regime in REGIMES} == {N // 6}
    assert len({item.span for item in made}) == len({item.item_id for item in made}) == N


def test_the_start_of_a_span_varies(made, count_tokens):
    assert np.ptp([count_tokens(item.object_prompt.split("[[")[0]) for item in made]) >= 10


def test_the_control_answer_is_the_true_count(made, count_tokens):
    assert all(item.control_answer == str(count_tokens(item.span)) for item in made)


def test_the_same_seed_gives_the_same_items_and_another_seed_others(toy):
    first, again, other = (TARGET.items(24, seed, count_tokens=toy) for seed in (4, 4, 5))
    assert first == again
    assert not {item.item_id for item in first} & {item.item_id for item in other}


def test_the_label_is_the_number_of_tokens_unless_the_table_gives_one(made):
    assert TARGET.label(made[0], reply=None, n_tokens=9) == 9.0
    assert TARGET.label(made[0], reply=None, n_tokens=-1) is None
    table = pd.DataFrame({"text": ["one two", "three"], "label": ["7", "8"]})
    items = TARGET.from_table(table, n=None, seed=0, count_tokens=len)
    assert TARGET.label(items[0], reply=None, n_tokens=9) == 7.0


def test_a_table_of_texts_alone_is_padded_and_decoupled(count_tokens):
    table = pd.DataFrame(
        {"text": [" ".join(["quick", "brown", "foxes"] * (1 + i % 5)) + f" jump {i}" for i in range(40)]}
    )
    items = TARGET.from_table(table, n=None, seed=0, count_tokens=count_tokens)
    assert worst(items, count_tokens) < 0.05
    assert [item.span for item in items] == list(table["text"])


def test_a_tables_own_surroundings_and_prompts_are_kept():
    table = pd.DataFrame({"text": ["b c"], "before": ["a"], "after": ["d"], "report_prompt": ["How many in [ b c ]?"]})
    item = TARGET.from_table(table, n=None, seed=0, count_tokens=len)[0]
    assert item.object_prompt.startswith("a [[ b c ]] d\n")
    assert item.report_prompt == "How many in [ b c ]?"


def test_a_text_that_is_missing_from_its_own_prompt_is_an_error():
    table = pd.DataFrame({"text": ["b c"], "object_prompt": ["nothing"], "report_prompt": ["b c"], "item_id": ["x1"]})
    with pytest.raises(TargetError, match="item 'x1': its text 'b c' occurs 0 times in the object_prompt"):
        TARGET.from_table(table, n=None, seed=0, count_tokens=len)


def test_a_label_that_is_no_number_is_an_error(toy):
    table = pd.DataFrame({"text": ["a b", "c d"], "label": ["5", "many"]})
    with pytest.raises(TargetError, match="'many' in row 2, expected a whole number"):
        TARGET.from_table(table, n=None, seed=0, count_tokens=toy)


def test_a_reply_is_read_as_a_number_of_tokens(made):
    assert TARGET.read(made[0], "17 tokens (80 characters)") == Report("answered", 17.0)


def test_valid_answers_are_the_numbers_in_use_and_never_too_many(made):
    answers = TARGET.valid_answers(made)
    assert {item.control_answer for item in made} <= set(answers)
    assert number_range(["3", "6", "4"]) == ("3", "4", "5", "6")
    assert len(number_range(["1", "1000"])) == 64
    assert number_range([]) == ()


def test_correlation_agrees_with_a_case_worked_by_hand_and_is_zero_for_a_constant():
    assert correlation([1, 2, 3], [1, 3, 2]) == pytest.approx(0.5)
    assert correlation([1, 2, 3], [5, 5, 5]) == 0.0


def test_decoupling_only_reorders_and_frees_every_size_from_every_place():
    rng = np.random.default_rng(0)
    sizes = np.column_stack([np.arange(50), np.arange(50) ** 2])
    places = np.column_stack([np.arange(50) % 9, np.arange(50), np.full(50, 3)])
    order = decouple(sizes, places, rng=rng)
    assert sorted(order) == list(range(50))
    assert max(abs(correlation(x, z)) for x in sizes.T for z in places[order].T) < 0.01


@pytest.mark.parametrize("sibling", SIBLINGS, ids=lambda target: target.name)
def test_a_sibling_asks_something_else_of_the_very_same_items(sibling, toy):
    ours, theirs = TARGET.items(30, 0, count_tokens=toy), sibling.items(30, 0, count_tokens=toy)
    assert [(item.item_id, item.object_prompt) for item in ours] == [
        (item.item_id, item.object_prompt) for item in theirs
    ]
    assert not {item.report_prompt for item in ours} & {item.report_prompt for item in theirs}


def test_characters_and_words_are_counted_in_the_text_whatever_the_table_says_of_tokens(toy):
    table = pd.DataFrame(
        {"text": ["one two", "three"], "label": ["7", "8"], "report_prompt": ["tokens of one two?", ""]}
    )
    characters, words = (sibling.from_table(table, n=None, seed=0, count_tokens=toy) for sibling in SIBLINGS)
    assert [SIBLINGS[0].label(item) for item in characters] == [7.0, 5.0]
    assert [SIBLINGS[1].label(item) for item in words] == [2.0, 1.0]
    assert "How many words" in words[0].report_prompt


def test_a_coupled_span_stands_alone_so_that_its_end_is_its_count(toy):
    items = SpanCount("coupled_count").items(40, 0, count_tokens=toy)
    assert {item.span for item in items} == {item.span for item in TARGET.items(40, 0, count_tokens=toy)}
    assert all(item.object_prompt.startswith(f"[[ {item.span} ]]\n") for item in items)
    assert position_correlations(items, toy)["tokens, prompt length"] > 0.95


@pytest.mark.parametrize("name", UNITS)
def test_every_form_asks_about_the_marked_text_in_words_of_its_own(name, toy):
    target = SpanCount(name)
    items = target.items(12, 0, count_tokens=toy)
    elicitations = target.forms(items)
    asked = [target.report_prompt(items[0], elicitation) for elicitation in elicitations]
    as_choice = sum(elicitation.rung in ("shots4", "shots16", "prefill") for elicitation in elicitations)
    assert (elicitations[0], len(elicitations), as_choice) == (PRIMARY, 30, 12)
    assert len(set(asked)) == len(elicitations) - as_choice
    assert all(prompt.count(f"[[ {items[0].span} ]]") == 1 for prompt in asked)


def test_the_primary_report_begins_as_the_object_prompt_does(made):
    for item in made:
        shared = item.object_prompt.index("\n\nRead the text above")
        assert item.report_prompt[:shared] == item.object_prompt[:shared]


def test_items_with_words_of_their_own_are_asked_in_these_alone(toy):
    table = pd.DataFrame({
        "text": ["b c", "d e"], "before": ["a", "a"], "report_prompt": ["How many in [ b c ]?", "How many in [ d e ]?"],
        "report_prompt:free/you/0": ["Count b c!", "Count d e!"], "report_prompt:free/you/1": ["b c?", ""],
    })  # fmt: skip
    items = TARGET.from_table(table, n=None, seed=0, count_tokens=toy)
    shots = [parse("shots4/you/0"), parse("shots16/you/0")]
    assert TARGET.forms(items) == (PRIMARY, parse("free/you/0"), *shots)
    assert TARGET.report_prompt(items[1], parse("free/you/0")) == "Count d e!"
    assert TARGET.report_prompt(items[1], PRIMARY) == "How many in [ d e ]?"


def test_a_reasoned_reply_is_read_from_its_answer_on_and_not_at_all_before_it_came_to_one(made):
    elicitation = Elicitation("reason")
    steps = "The first part has 9 tokens, the second 8 tokens.\n\n"
    assert TARGET.read(made[0], steps + "Answer: 17", elicitation=elicitation) == Report("answered", 17.0)
    assert TARGET.read(made[0], "The first part has 9 tokens and", ended=False, elicitation=elicitation) == Report(
        "unreadable"
    )


def test_only_forms_that_name_a_format_have_valid_answers(made):
    read_out = {elicitation.rung for elicitation in TARGET.forms(made) if TARGET.valid_answers(made, elicitation)}
    assert read_out == {"choice", "shots4", "shots16", "prefill"}
    assert TARGET.reply_cap(Elicitation("reason")) > TARGET.reply_cap(Elicitation("free")) > TARGET.reply_cap(PRIMARY)


def test_control_and_examples_say_a_count_as_a_number(made):
    assert TARGET.control_answer(made[0], PRIMARY) == made[0].control_answer
    assert TARGET.shot_answer(made[0], 17.0) == "17"
