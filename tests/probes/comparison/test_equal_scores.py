"""What equal scores may hide, on predictions whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from tacit.probes.comparison.equal_scores import classes_behind, likenesses, tail_share
from tacit.probes.comparison.paired_scores import Paired
from tacit.probes.comparison.rungs import finer_than_words, reversed_words

N = 300


def paired(kind, y, classes=(), **methods) -> Paired:
    """A run's items with these predictions; each is (n_items,) or (n_items, n_classes)."""
    frame = pd.DataFrame({"label": y, "group": np.arange(N), "fold": np.arange(N) % 5, "reference": np.median(y)})
    for name, pred in methods.items():
        name = name.replace("_", " ")
        columns = (
            {f"method:{name}": pred} if pred.ndim == 1 else {f"method:{name}:{k}": c for k, c in enumerate(pred.T)}
        )
        frame = frame.assign(**columns)
    return Paired({"kind": kind, "classes": classes, "seed": 0, "inner": {}, "searches": {}}, frame, 400)


def shown(found) -> dict[str, bool]:
    return {one.id: one.shown for one in found}


def test_equal_skill_with_other_ranks_is_not_alike():
    rng = np.random.default_rng(0)
    y = np.where(np.arange(N) % 5 == 0, 400.0, rng.integers(5, 16, N))
    y = rng.permutation(y)
    exact_tail = np.where(y == 400, y, 10.0)
    found = shown(likenesses(paired("count", y, nested=y, best_report=exact_tail)))
    assert found == {"report_above_chance": True, "same_ranks": False}
    assert shown(likenesses(paired("count", y, nested=y, best_report=y)))["same_ranks"]


def test_a_report_at_chance_is_told_although_the_probe_is_no_better():
    rng = np.random.default_rng(1)
    y = rng.integers(5, 60, N).astype(float)
    found = likenesses(paired("count", y, nested=np.full(N, 32.0) + 0.01 * y, best_report=np.full(N, 32.0)))
    assert not shown(found)["report_above_chance"]


def test_probe_and_report_that_know_different_items_do_better_together():
    rng = np.random.default_rng(2)
    y = (np.arange(N) // 5 % 2).astype(float)
    half = rng.random(N) < 0.5
    sign, noise = 2 * y - 1, rng.normal(size=(2, N))
    probe, report = np.where(half, 3 * sign, noise[0]), np.where(half, noise[1], 3 * sign)
    apart = paired("binary", y, nested=probe, best_report=report, nested_with_report=probe + report)
    assert not shown(likenesses(apart))["same_items"]
    alike = paired("binary", y, nested=probe, best_report=probe, nested_with_report=2 * probe)
    assert shown(likenesses(alike))["same_items"]


def test_a_class_that_is_always_called_another_is_named():
    y = (np.arange(N) // 5 % 6).astype(float)
    one_hot = np.eye(6)[y.astype(int)]
    said = np.eye(6)[np.where(y == 0, 1, y).astype(int)]
    found = paired("multiclass", y, classes=list("abcdef"), nested=one_hot, best_report=said)
    (behind,) = classes_behind(found, list("abcdef"))
    assert (behind.name, behind.probe, behind.report) == ("a", 1.0, 0.0)
    assert not shown(likenesses(found))["same_decisions"]
    assert (
        classes_behind(paired("multiclass", y, classes=list("abcdef"), nested=one_hot, best_report=one_hot), []) == ()
    )


def test_words_below_chance_that_a_map_makes_true_are_reversed():
    rng = np.random.default_rng(3)
    y = (np.arange(N) // 5 % 2).astype(float)
    sign = np.where(rng.random(N) < 0.95, 2 * y - 1, 1 - 2 * y)
    assert reversed_words(paired("binary", y, nested=sign, said=-sign, said_calibrated=sign)).value < 0.1
    assert reversed_words(paired("binary", y, nested=sign, said=sign, said_calibrated=sign)) is None
    unlucky = paired("binary", y, nested=sign, said=-sign, said_calibrated=np.zeros(N))
    assert reversed_words(unlucky) is None


@pytest.mark.parametrize(("noise", "finer"), [(0.6, True), (50.0, False)])
def test_log_probabilities_are_a_finer_scale_only_where_they_do_better_than_the_words(noise, finer):
    rng = np.random.default_rng(4)
    y = (np.arange(N) // 5 % 2).astype(float)
    odds = 2 * y - 1 + rng.normal(size=N)
    read = paired("binary", y, nested=odds, said=np.sign(odds), logits=odds + (noise - 0.6) * rng.normal(size=N))
    assert finer_than_words(read, "logits") is finer


def test_the_share_of_a_heavy_tail_is_that_of_the_tenth_furthest_from_the_guess():
    assert tail_share(np.r_[np.full(9, 1.0), 91.0], np.zeros(10)) == pytest.approx(0.91)
    assert np.isnan(tail_share(np.zeros(5), np.zeros(5)))
