"""How many items would decide: the half-width falls with the root of the groups, and nothing is promised in vain."""

import numpy as np
import pytest
from scipy import stats

from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.verdicts.decide import decide
from tacit.probes.verdicts.evidence import Rival
from tacit.probes.verdicts.how_many import times_as_many
from tests.probes.verdicts.evidence_made import changed
from tests.probes.verdicts.test_decide import CLEAR, NOISE, est


def rivals(lead, half, matches=False):
    return (Rival("embeddings", est(0.8), est(lead, half), matches),)


def test_it_is_the_sample_size_at_which_a_t_interval_excludes_the_bound():
    half = stats.norm.ppf(0.975) / np.sqrt(200)  # of a mean of 200 values with variance 1
    times = times_as_many(Estimate(0.1, 0.1 - half, 0.1 + half, 200, 200), 0.0)
    assert 200 * times == pytest.approx((stats.norm.ppf(0.975) / 0.1) ** 2)


def test_a_gap_that_touches_zero_says_how_many_items_would_decide():
    found = decide(changed(CLEAR, gap=est(0.10, 0.20)))
    assert found.name == "INCONCLUSIVE"
    assert "To decide whether there is a gap would take about 2,400 items in 2,400 groups (4.0 times" in found.sentence


def test_a_gap_near_zero_is_decided_by_equivalence():
    found = decide(changed(CLEAR, gap=est(0.0, 0.10)))
    assert "about 2,400 items" in found.sentence, "an interval of half the width is within the margin"


def test_of_a_gap_at_the_margin_no_number_is_promised():
    assert "more than 100 times as many items as these 600" in decide(changed(CLEAR, gap=est(0.0499, 0.06))).sentence


def test_a_baseline_that_is_not_beaten_says_how_many_items_would_decide():
    found = decide(changed(CLEAR, rivals=rivals(0.05, 0.1)))
    assert "To decide whether it is known would take about 2,400 items" in found.sentence


@pytest.mark.parametrize("lead", [0.0, -0.02])
def test_where_the_estimate_is_on_the_wrong_side_nothing_is_said(lead):
    assert "would take" not in decide(changed(CLEAR, rivals=rivals(lead, 0.1))).sentence
    assert "would take" not in decide(changed(CLEAR, rivals=rivals(lead, 0.01, matches=True))).sentence


def test_what_is_decided_needs_no_more_items():
    for e in (CLEAR, changed(NOISE, report=est(0.5), gap=est(0.0))):
        assert "would take" not in decide(e).sentence
