import math

from tacit.probes.data.positive_controls import natural_control


def test_a_model_that_always_says_yes_fails_and_its_chance_is_told():
    found = natural_control({"yes": [36, 36], "no": [0, 4]}, "yes")
    assert found.accuracy == 0.9 and found.balanced == 0.5 and not found.passed
    assert "50% averaged over 2 answers, of which always the same one would give 50%" in found.told


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
