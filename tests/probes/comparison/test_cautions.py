"""Classes of few items, and scores without an error, are named in the verdict."""

import pytest

from tacit.probes.comparison.cautions import folded, too_large
from tacit.probes.data.labels import TOO_LARGE
from tacit.probes.statistics.unseen_errors import unseen_share
from tacit.validation.pipeline import judged
from tacit.validation.worlds import along, coin


def test_a_perfect_probe_over_a_constant_report_does_not_have_a_gap_without_width():
    y = coin(60, 1)
    found = judged(y, said=["yes"] * 60, signal=along(y, 40, layers=(1,)), seed=1)
    assert found["probe"] == 1 and found["gap"] == 0.5
    assert found["gap_lower"] == pytest.approx(0.5 - unseen_share(30)) and found["gap_upper"] == 0.5
    assert found["probe_lower"] == pytest.approx(1 - unseen_share(30))
    assert any("Every resample gives the same difference" in line for line in found["limits"])


def test_a_class_of_five_is_named_among_the_limits():
    y = ["no"] * 55 + ["yes"] * 5
    found = judged(y, said=y, signal=along(y, 40, layers=(1,)), seed=1)
    assert found["verdict"] == "INCONCLUSIVE"
    assert 'The class "yes" has 5 items: fewer than 8 are too few for a score or an interval.' in found["limits"]


def test_folded_classes_are_named_with_what_became_of_them():
    entry = {"folded": {"blue": 5, "pink": 4}, "classes": ["red", "green", "other"]}
    assert folded(entry) == 'Classes of fewer than 8 items are counted as "other": blue (5), pink (4).'
    assert "are left out" in folded(entry | {"classes": ["red", "green"]})
    assert folded({"classes": ["red", "green"]}) == ""


def test_items_without_states_are_counted_in_the_sentence():
    assert too_large({"dropped": {TOO_LARGE: 2, "no usable label": 5}}).startswith(
        "2 items are left out, because a prompt"
    )
    assert too_large({"dropped": {TOO_LARGE: 1}}).startswith("1 item is left out")
    assert too_large({"dropped": {}}) == too_large({}) == ""
