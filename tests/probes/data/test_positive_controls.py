import math
from dataclasses import asdict

import pytest

from tacit.probes.data.positive_controls import ReadOut, ToldApart, natural_control


def test_a_model_that_always_says_yes_fails_and_its_chance_is_told():
    found = natural_control({"yes": [36, 36], "no": [0, 4]}, "yes")
    assert found.accuracy == 0.9 and found.balanced == 0.5 and not found.passed
    assert "50% averaged over 2 answers; always giving the same one would reach 50%" in found.told


def test_it_passes_at_the_bound_of_the_planted_control_and_not_below():
    assert natural_control({"yes": [16, 20], "no": [16, 20]}).passed
    assert not natural_control({"yes": [16, 20], "no": [15, 20]}).passed


def test_one_answer_or_few_replies_show_nothing():
    assert not natural_control({"yes": [20, 20]}).enough
    assert not natural_control({"yes": [2, 2], "no": [2, 2]}).enough
    assert natural_control({}) is None and natural_control(None) is None


def test_other_answers_than_the_commonest_report_are_judged_alone():
    assert natural_control({"yes": [20, 20], "no": [15, 20]}, "yes").other == 0.75
    assert math.isnan(natural_control({"yes": [20, 20], "no": [3, 3]}, "yes").other)


@pytest.mark.parametrize(
    ("score", "least", "covered", "shown"),
    [
        (0.8, 5, 1.0, True),
        (0.79, 20, 1.0, False),
        (0.99, 4, 1.0, False),
        (math.nan, 20, 1.0, False),
        (0.9, 20, 0.4, False),
    ],
)
def test_log_probabilities_are_a_report_where_they_tell_stated_answers_apart(score, least, covered, shown):
    told = ToldApart(score, 40, least)
    assert ReadOut("logits", covered, "auroc", told, None).shown == shown
    assert ReadOut("logits", covered, "auroc", ToldApart(0.2, 40, 20), told).shown == shown


def test_the_controls_of_log_probabilities_come_back_from_json_as_they_were():
    one = ReadOut("logits", 1.0, "auroc", ToldApart(0.9, 40, 20), None)
    assert ReadOut.read(asdict(one)) == one and one.n == 40
    assert "logits separates the stated answers with AUROC 0.90 in 40 prompts" in one.told
    lone = ReadOut.read(asdict(one) | {"planted": {"score": None, "n": 12, "least": 0}})
    assert not lone.shown and lone.n == 0 and lone.told == ""
