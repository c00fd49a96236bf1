"""Intervals of width zero: the limit is Clopper and Pearson's, and only where a score is at the end of its range."""

import numpy as np
import pytest
from scipy.stats import binomtest

from tacit.probes.pieces import difference, make_folds, score
from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.statistics.unseen_errors import lead_with_unseen, score_with_unseen, unseen_share


def flat(value: float) -> Estimate:
    return Estimate(value, value, value, 40, 40)


@pytest.mark.parametrize("n", [10, 59, 200])
def test_the_unseen_share_is_the_exact_limit_for_no_event(n):
    assert unseen_share(n) == pytest.approx(binomtest(0, n).proportion_ci(method="exact").high)


def test_a_perfect_score_has_a_lower_limit_and_the_worst_an_upper_one():
    found = score_with_unseen(flat(1.0), "auroc", n_groups=10)
    assert (found.lower, found.upper) == (pytest.approx(1 - unseen_share(10)), 1.0)
    found = score_with_unseen(flat(0.0), "auroc", n_groups=10)
    assert (found.lower, found.upper) == (0.0, pytest.approx(unseen_share(10)))


def test_a_constant_answer_scores_exactly_at_chance():
    assert score_with_unseen(flat(0.5), "auroc", n_groups=10) == flat(0.5)
    assert lead_with_unseen(flat(0.0), 0.5, 0.5, "auroc", n_groups=10) == flat(0.0)


def test_a_lead_is_widened_on_the_side_of_the_score_that_may_hide_errors():
    share = unseen_share(20)
    found = lead_with_unseen(flat(0.5), 1.0, 0.5, "auroc", n_groups=20)
    assert (found.lower, found.upper) == (pytest.approx(0.5 - share), 0.5)
    found = lead_with_unseen(flat(0.0), 1.0, 1.0, "auroc", n_groups=20)
    assert (found.lower, found.upper) == (pytest.approx(-share), pytest.approx(share))


def test_an_interval_with_width_is_left_as_it_is():
    wide = Estimate(1.0, 0.9, 1.0, 40, 40)
    assert score_with_unseen(wide, "auroc", n_groups=10) == wide


def test_the_pieces_give_no_perfect_score_without_a_limit():
    y = np.arange(40) % 2
    folds = make_folds(y, np.arange(40), seed=0)
    found = score(y - 0.5, y, folds, seed=0)
    assert found.value == 1 and found.lower == pytest.approx(1 - unseen_share(20))
    lead = difference(y - 0.5, np.zeros(40), y, folds, seed=0)
    assert lead.value == 0.5 and lead.lower == pytest.approx(0.5 - unseen_share(20)) and lead.upper == 0.5
