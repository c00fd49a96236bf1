"""Labels that do not touch."""

import numpy as np
import pytest

from tacit.figures.drawing.margin_labels import spread


def test_labels_that_are_far_enough_apart_stay_where_they_are():
    wanted = np.array([10.0, 30.0, 60.0])
    np.testing.assert_allclose(spread(wanted, 9, 0, 100), wanted)


def test_two_labels_at_one_height_move_apart_evenly():
    np.testing.assert_allclose(spread(np.array([50.0, 50.0]), 10, 0, 100), [45, 55])


@pytest.mark.parametrize("seed", range(5))
def test_labels_keep_their_order_and_distance_and_stay_inside(seed):
    wanted = np.sort(np.random.default_rng(seed).uniform(-20, 120, 10))
    placed = spread(wanted, 9, 0, 100)
    assert np.diff(placed).min() >= 9 - 1e-9
    assert placed.min() >= -1e-9 and placed.max() <= 100 + 1e-9
