"""Token counts: spans that neither their place nor the prompt's length gives away."""

import numpy as np
import pandas as pd
import pytest

from probes.targets import Report, TargetError, TokenCount, position_correlations
from probes.targets.fitting import correlation, decouple
from probes.targets.regimes import REGIMES
from probes.targets.token_count import CHECKED_FROM, MAX_SPAN, MIN_SPAN, number_range

TARGET = TokenCount()


@pytest.fixture(scope="module")
def made(count_tokens):
    return TARGET.items(80, 0, count_tokens=count_tokens)


def test_a_spans_size_tells_neither_its_start_nor_the_prompts_length(made, count_tokens):
    assert max(map(abs, position_correlations(made, count_tokens))) < 0.05


@pytest.mark.parametrize("n", [CHECKED_FROM, 33])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_small_samples_are_decoupled_as_well(n, seed, toy):
    items = TARGET.items(n, seed, count_tokens=toy)
    assert max(map(abs, position_correlations(items, toy))) < 0.05


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
    assert max(count_tokens(item.object_prompt) for item in made) <= 110
    assert max(count_tokens(item.report_prompt) for item in made) <= 140


def test_tokens_per_character_vary_within_a_regime(count_tokens):
    items = TARGET.items(160, 5, count_tokens=count_tokens)
    for regime in REGIMES:
        ratios = [count_tokens(item.span) / len(item.span) for item in items if item.source == regime.name]
        assert max(ratios) / min(ratios) > 1.15, regime.name


def test_the_regimes_are_equally_frequent_and_no_span_comes_twice(made):
    assert {sum(item.source == regime.name for item in made) for regime in REGIMES} == {20}
    assert len({item.span for item in made}) == len({item.item_id for item in made}) == 80


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
    assert max(map(abs, position_correlations(items, count_tokens))) < 0.05
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


def test_decoupling_only_reorders():
    rng = np.random.default_rng(0)
    sizes, starts = list(range(50)), [i % 9 for i in range(50)]
    order = decouple(sizes, starts, rng=rng)
    assert sorted(order) == sorted(starts)
    assert abs(correlation(sizes, order)) < 0.01
