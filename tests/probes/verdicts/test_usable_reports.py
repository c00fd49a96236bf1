"""Every positive control is listed with what it came to: of words and of log-probabilities, planted and natural."""

from dataclasses import replace

import numpy as np
import pytest

from tacit.probes.data.positive_controls import Control, ReadOut, ToldApart
from tacit.probes.verdicts.usable_reports import controls_shown
from tests.probes.verdicts.test_decide import CLEAR

LEANING = Control(0.7, 40, float("nan"), 0.5, 2)
"""A natural control in which seven answers of ten are the same, and only that one comes back."""


def test_all_controls_are_listed_with_which_of_them_passed():
    words = replace(CLEAR.say.words, control=0.9, n_control=30, natural=LEANING)
    other = replace(words, name="free/you/0", control=0.1, n_control=4, natural=None)
    logits = ReadOut("logits", 1.0, "auroc", ToldApart(0.95, 30, 15), ToldApart(0.6, 40, 2))
    found = controls_shown(replace(CLEAR.say, words=words, asked=(other,), read_outs=(logits,)))
    assert [(row["form"], row["control"], row["read"], row["n"], row["passed"]) for row in found] == [
        ("said", "planted", "words", 30, True),
        ("said", "natural", "words", 40, False),
        ("free/you/0", "planted", "words", 4, None),
        ("logits", "planted", "log-probabilities", 30, True),
        ("logits", "natural", "log-probabilities", 40, None),
    ]
    assert [row["score"] for row in found] == pytest.approx([0.9, 0.7, 0.1, 0.95, 0.6])
    assert found[1]["balanced"] == 0.5 and np.isnan(found[0]["balanced"])
    assert found[3]["metric"] == "auroc"


def test_a_report_without_controls_has_none_listed():
    words = replace(CLEAR.say.words, n_control=0, natural=None)
    assert controls_shown(replace(CLEAR.say, words=words, asked=(), read_outs=())) == []
