"""Transfer: a direction that two regimes share carries over, another does not, and no group is on both sides."""

from dataclasses import replace

import numpy as np
import pytest

from tacit.probes.analysis.transfer import (
    TRANSFER_COLUMNS,
    Stack,
    by_condition,
    by_site,
    by_source,
    transfer,
    transfer_rows,
)
from tacit.probes.data.examples import make_examples
from tacit.probes.data.folds import Folds, make_folds
from tacit.probes.data.items_table import estimate
from tacit.probes.estimators.families import Dense, Family, families
from tacit.probes.estimators.nested_cv import cross_fit
from tacit.probes.statistics.bootstrap import resample
from tacit.probes.statistics.jackknife import left_out
from tacit.probes.statistics.metrics import Scoring, value
from tacit.seeds import stream
from tests.probes.settings import setting
from tests.probes.worlds import along, coin, make_world


def _stack(n=240, seed=0, same=True, groups=None):
    """Two regimes; the label stands in dimension 0 of both, or in dimension 0 of one and 1 of the other."""
    rng = np.random.default_rng(seed)
    regimes = np.repeat(["a", "b"], n // 2)
    groups = np.arange(n) if groups is None else groups
    y = rng.permutation(np.arange(n) % 2).astype(float)
    x = rng.normal(size=(n, 8))
    x[np.arange(n), np.where(same | (regimes == "a"), 0, 1)] += 3 * y
    folds = make_folds(y, groups, kind="binary", seed=0)
    return Stack(x, Scoring("binary", y, folds.fold, 2), folds, regimes)


def _scores(stack):
    found = transfer(stack)
    return {
        pair: value("auroc", stack.scoring.rows(stack.regimes == pair[1]), pred[stack.regimes == pair[1]])
        for pair, pred in found.items()
    }


def test_a_shared_direction_carries_over_and_another_does_not():
    same, other = _scores(_stack()), _scores(_stack(same=False))
    assert min(same.values()) > 0.93
    assert min(other["a", "a"], other["b", "b"]) > 0.93
    assert max(other["a", "b"], other["b", "a"]) < 0.65


def test_the_diagonal_is_the_regimes_own_cross_fitting():
    stack = _stack()
    rows = np.flatnonzero(stack.regimes == "a")
    folds = Folds(stack.folds.fold[rows], stack.folds.groups[rows], stack.folds.n_folds)
    alone = cross_fit(Dense(stack.x[rows]), stack.scoring.rows(rows), folds, families("binary"))
    # The path runs in float32, whose rounding grows along it: the same direction, not the same last digits.
    assert np.corrcoef(transfer(stack)["a", "a"][rows], alone.pred)[0, 1] > 0.9999


def test_no_row_is_predicted_by_a_probe_that_saw_its_group():
    groups = np.tile(np.arange(60), 4)  # every group lies in both regimes
    stack = _stack(groups=groups)
    # The rows are marked by their group, and the probe answers how many of the test rows' groups it was trained on.
    marked = replace(stack, x=groups[:, None].astype(float))
    seen = []

    def spy(x_train, y_train, x_test, *, n_classes, only=None):
        if only is not None:
            seen.append(np.intersect1d(np.round(x_train, 9), np.round(x_test, 9)).size)
        return np.zeros((1, len(x_test)))

    transfer(marked, probes=[Family("spy", ("",), spy)])
    assert len(seen) > 10 and set(seen) == {0}


def test_small_regimes_are_left_out_and_rows_have_the_columns_of_the_file():
    stack = _stack()
    regimes = stack.regimes.copy()
    regimes[:10] = "tiny"
    rows = transfer_rows(
        replace(stack, regimes=regimes), target="t", condition="c", by="source", n_resamples=100, seed=0
    )
    assert {(row["train"], row["test"]) for row in rows} == {(a, b) for a in "ab" for b in "ab"}
    assert all(tuple(row) == TRANSFER_COLUMNS for row in rows)
    assert all(row["lower"] <= row["value"] <= row["upper"] for row in rows)
    assert {row["n_train"] for row in rows} == {110, 120}


def test_regimes_with_other_sizes_of_count_earn_no_skill_by_size_alone():
    rng = np.random.default_rng(0)
    regimes = np.repeat(["small", "large"], 120)
    y = rng.integers(0, 6, 240) + np.where(regimes == "large", 50, 0).astype(float)
    folds = make_folds(y, np.arange(240), kind="count", seed=0)
    x = np.where(regimes == "large", 50.0, 0.0)[:, None] + 0.01 * rng.normal(size=(240, 4))
    stack = Stack(x, Scoring("count", y, folds.fold, 0, np.full(240, np.median(y))), folds, regimes)
    rows = transfer_rows(stack, target="t", condition="c", by="source", n_resamples=50, seed=0)
    skill = {(row["train"], row["test"]): row["value"] for row in rows if row["metric"] == "skill"}
    assert abs(skill["small", "small"]) < 0.15
    assert {row["metric"] for row in rows} == {"skill", "spearman"}


def test_sites_share_their_folds_and_a_signal_at_one_of_them_does_not_carry_over():
    y = coin(160)
    column = np.array([3.0 * (v == "yes") for v in y])[:, None]
    s = setting(y, layers=(2,), signal=lambda site, layer: column if site == "object" else None)
    stack = by_site(s.examples, s.scoring, s.folds, sites=("object", "report"), layer=2)
    np.testing.assert_array_equal(stack.folds.groups[:160], stack.folds.groups[160:])
    found = _scores(stack)
    assert found["object", "object"] > 0.9
    assert found["object", "report"] == pytest.approx(0.5, abs=0.12)


def test_sources_are_regimes():
    y = coin(120)
    s = setting(y, layers=(2,), signal=along(y, 4.0))
    s.examples.frame["source"] = np.repeat(["x", "y"], 60)
    found = _scores(by_source(s.examples, s.scoring, s.folds, site="object", layer=2))
    assert set(found) == {(a, b) for a in "xy" for b in "xy"} and min(found.values()) > 0.9


def test_conditions_are_stacked_with_their_own_labels_and_an_item_stays_in_one_fold():
    y = coin(120)
    turned = [{"yes": "no", "no": "yes"}[v] for v in y]
    plain = setting(y, layers=(2,), signal=along(y, 4.0)).examples
    world, target = make_world(turned, said=turned, condition="locked", seed=3, signal=along(turned, 4.0))
    locked = make_examples(world, target, "locked")
    stack = by_condition([plain, locked], site="object", layer=2, seed=0)
    np.testing.assert_array_equal(stack.folds.fold[:120], stack.folds.fold[120:])
    assert min(_scores(stack).values()) > 0.9
    assert by_condition([plain], site="object", layer=2, seed=0) is None


def test_intervals_of_few_groups_are_those_of_the_items_table():
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(24), 10)
    stack = _stack(groups=groups)
    stack.x[:] += 2 * rng.normal(size=(24, 8))[groups]  # scores shift by group
    rows = transfer_rows(stack, target="t", condition="c", by="source", n_resamples=400, seed=0)
    pred, here = transfer(stack), np.flatnonzero(stack.regimes == "b")
    own, fold = stack.scoring.rows(here), stack.folds.fold[here]
    weights = resample(groups[here], fold=fold, n_resamples=400, rng=stream(0, "transfer bootstrap"))
    for row in rows:
        if row["test"] == "b":
            found = estimate("auroc", own, pred[row["train"], "b"][here], weights, groups[here])
            assert (row["lower"], row["value"], row["upper"]) == (found.lower, found.value, found.upper)
    assert left_out(groups[here], fold) is not None, "the jackknife is used here"
