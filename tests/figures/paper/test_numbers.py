"""A LaTeX macro for every figure."""

import re

from tacit.figures.paper.numbers import camel, macros, numbers_tex


def test_a_macro_is_named_after_target_condition_and_figure(a_run):
    found = macros(a_run(targets=("token_count",), conditions=("locked",)).verdicts)
    assert found["tacitTokenCountLockedKnow"] == "0.90"
    assert found["tacitTokenCountLockedKnowCI"] == "{[}0.87, 0.93{]}"
    assert found["tacitTokenCountLockedGap"] == "+0.88"
    assert (found["tacitTokenCountLockedN"], found["tacitTokenCountLockedAnswered"]) == ("400", r"95.0\%")


def test_digits_are_spelled_out_and_other_signs_left_out():
    assert camel("gpt2-xl_über 10%") == "GptTwoXlBerOneZero"


def test_macros_are_letters_only_and_no_two_alike_whatever_the_names(a_run):
    conditions = ("a-b", "a_b", "A B", "中", "", "1", "one", "\\input{x}")
    lines = numbers_tex(a_run(conditions=conditions).verdicts, origin="x\n\\evil").split("\n")
    assert lines[0] == "% x \\evil"
    names = [re.fullmatch(r"\\newcommand\{\\([A-Za-z]+)\}\{.*\}", line)[1] for line in lines[2:-1]]
    assert len(names) == len(set(names)) > 500


def test_every_rung_baseline_and_step_has_its_macro():
    score = {"score": 0.5, "score_lower": 0.4, "score_upper": 0.6}
    one = {
        "target": "t", "condition": "c", "rungs": [{"rung": "said calibrated"} | score],
        "baselines": [{"baseline": "TF-IDF"} | score],
        "decomposition": [{"step": "raw say", "value": 0.5, "lower": 0.4, "upper": 0.6}],
    }  # fmt: skip
    found = macros([one])
    for name in ("RungSaidCalibrated", "BaselineTFIDF", "StepRawSay"):
        assert (found[f"tacitTC{name}"], found[f"tacitTC{name}CI"]) == ("0.50", "{[}0.40, 0.60{]}")


def test_what_stands_beside_a_verdict_has_macros_too():
    site = {"value": 0.9, "lower": 0.8, "upper": 1.0}
    one = {
        "target": "t", "condition": "c", "crossing": 160, "null_p": 0.005,
        "localisation": {"step": "arrived and unsaid", "object_site": site},
        "framing": {"agreement": 0.97, "agreement_lower": 0.94, "agreement_upper": 0.99},
    }  # fmt: skip
    found = macros([one])
    told = {"Crossing": "160", "NullP": "0.005", "LosingStep": "arrived and unsaid", "ObjectSite": "0.90",
            "FramingAgreementCI": "{[}0.94, 0.99{]}", "FramingTypical": "--"}  # fmt: skip
    assert {name: found[f"tacitTC{name}"] for name in told} == told


def test_what_is_undefined_is_a_dash_and_what_is_tiny_an_inequality():
    found = macros([{"target": "t", "condition": "c", "gap": None, "holm_p": 1e-9, "mcnemar_midp": None}])
    assert (found["tacitTCGap"], found["tacitTCGapCI"], found["tacitTCMcNemarP"]) == ("--", "--", "--")
    assert found["tacitTCHolmP"] == r"$<$0.0001"
