"""Knowing as a ranking of candidate answers, and the candidates."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from tacit.targets import Knowledge
from tacit.targets.base import Item
from tacit.targets.knowledge.candidate_answers import answer_ranking, candidates, ranking, share_right


def item(name, answers, **fields):
    return Item(name, "", "", "yes", answers=answers, surface=f"What is the capital of {name}?", **fields)


PARIS = item("France", ("Paris",), source="capital", answer_type="place")
LIKES = [item(name, (city,), source="capital", answer_type="place")
         for name, city in [("Peru", "Lima"), ("Mali", "Bamako"), ("Cuba", "Havana"), ("Gaul", "Paris")]]  # fmt: skip


def test_the_ranking_is_the_share_of_pairs_in_order_as_counted_by_hand():
    assert ranking([-1.0, -4.0], [-2.0, -3.0]) == 0.5
    assert ranking([-1.0], [-2.0, -3.0, -0.5, -9.0]) == 0.75
    assert ranking([-1.0], [-1.0, -2.0]) == 0.75


def test_the_ranking_is_mann_whitneys_u_over_the_number_of_pairs():
    rng = np.random.default_rng(0)
    right, wrong = rng.normal(size=9).round(1), rng.normal(size=14).round(1)
    assert ranking(right, wrong) == pytest.approx(mannwhitneyu(right, wrong).statistic / (9 * 14))


def test_the_ranking_is_whole_only_where_every_right_answer_beats_every_wrong_one():
    assert ranking([-1.0, -2.0], [-2.1, -5.0]) == 1.0
    assert ranking([-1.0, -2.0], [-1.9, -5.0]) < 1.0


@pytest.mark.parametrize(("right", "wrong"), [([], [-1.0]), ([-1.0], []), ([float("nan")], [-1.0])])
def test_without_both_kinds_the_ranking_is_undefined(right, wrong):
    assert np.isnan(ranking(right, wrong))


def test_swapping_right_and_wrong_mirrors_the_ranking():
    right, wrong = [-1.0, -3.0, -2.0], [-2.0, -2.5]
    assert ranking(right, wrong) == pytest.approx(1 - ranking(wrong, right))


def test_the_share_right_counts_usable_samples_alone():
    assert share_right(PARIS, ["Paris", "Paris.", "Lyon", "", "I don't know."]) == 0.5
    assert np.isnan(share_right(PARIS, ["", " "]))


def test_candidates_are_accepted_sampled_and_likely_answers_each_once():
    sampled = ["The capital is Paris.", "Lyon.", "lyon", "paris", "I don't know.", ""]
    right, wrong = candidates(PARIS, [PARIS, *LIKES], sampled)
    assert right == ("Paris", "The capital is Paris")
    assert wrong[0] == "Lyon" and set(wrong[1:]) == {"Lima", "Bamako", "Havana"}


def test_rivals_are_of_the_same_relation_and_type_and_exist():
    other = item("Italy", ("Verdi",), source="composer", answer_type="person")
    made_up = item("Zzub", ("Quax",), source="capital", answer_type="place", popularity="invented")
    assert set(candidates(PARIS, [PARIS, *LIKES, other, made_up], [])[1]) == {"Lima", "Bamako", "Havana"}


def test_rivals_are_the_same_whatever_the_order_of_the_items():
    items = Knowledge().items(200, 0)
    one = next(each for each in items if each.source == "capital")
    assert candidates(one, items, []) == candidates(one, items[::-1], [])
    assert len(candidates(one, items, [])[1]) == 6


def test_scores_of_candidates_are_judged_and_ranked():
    logp = {"Paris": -3.0, "The capital is Paris": -9.0, "Lyon": -5.0, "Lima": -12.0}
    assert answer_ranking(PARIS, logp) == 0.75
    assert np.isnan(answer_ranking(PARIS, {"Lyon": -1.0}))
