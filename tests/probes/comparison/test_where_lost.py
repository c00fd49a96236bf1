"""Where the information is lost: each step named where it is shown, and none where it is not."""

import pytest

from tacit.probes.comparison.where_lost import (
    NEVER_ARRIVED,
    NOWHERE,
    ONLY_REPORT,
    PARTLY,
    SAID,
    UNDECIDED,
    UNSAID,
    losing_step,
    settled,
)
from tacit.probes.statistics.bootstrap import Estimate


def est(value, half=0.03):
    return Estimate(value, value - half, value + half, 400, 400)


@pytest.mark.parametrize(
    ("acted", "asked", "said", "step"),
    [
        (0.95, 0.51, 0.5, NEVER_ARRIVED),
        (0.95, 0.95, 0.5, UNSAID),
        (0.95, 0.75, 0.5, PARTLY),
        (0.95, 0.95, 0.94, SAID),
        (0.5, 0.9, 0.9, ONLY_REPORT),
        (0.5, 0.5, 0.5, NOWHERE),
    ],
)
def test_each_step_is_named_by_its_figures(acted, asked, said, step):
    found = losing_step(est(acted), est(asked), est(asked - acted), est(asked - said), chance=0.5)
    assert found == step


def test_a_wide_interval_leaves_it_open():
    wide = est(0.55, 0.2)
    assert losing_step(est(0.95), wide, est(-0.4, 0.2), est(0.05, 0.2), chance=0.5) == UNDECIDED
    assert losing_step(est(0.95), est(0.9), est(-0.05), est(0.1, 0.2), chance=0.5) == UNDECIDED


def test_a_loss_within_the_margin_has_no_name():
    """A thousandth, however surely shown, is not "arrived in part"."""
    assert losing_step(est(0.999), est(0.996), est(-0.003, 0.002), est(0.4), chance=0.5) == UNSAID
    assert losing_step(est(0.999), est(0.95), est(-0.049, 0.002), est(0.4), chance=0.5) == PARTLY


@pytest.mark.parametrize(
    ("step", "verdict", "equivalent", "told"),
    [
        (UNSAID, "GAP", False, UNSAID),
        (PARTLY, "GAP", False, PARTLY),
        (UNSAID, "NO_GAP", True, SAID),
        (UNSAID, "REPORT_INVALID", False, UNDECIDED),
        (PARTLY, "INCONCLUSIVE", False, UNDECIDED),
        (NEVER_ARRIVED, "INCONCLUSIVE", False, NEVER_ARRIVED),
    ],
)
def test_nothing_is_called_unsaid_that_the_verdict_does_not_call_a_gap(step, verdict, equivalent, told):
    assert settled(step, verdict, equivalent) == told


def test_two_sites_that_cannot_be_told_apart_lose_nothing_between_them():
    """One just above chance and the other just not: the difference of the two is what would have to be shown."""
    found = losing_step(est(0.54, 0.035), est(0.53, 0.035), est(-0.01, 0.04), est(0.0, 0.04), chance=0.5)
    assert found == UNDECIDED
