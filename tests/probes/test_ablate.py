"""Level U: what an ablation takes out, what it is set against, and that a direction in use is told from another."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tacit.probes import ProbeError, compare_run, probe_run
from tacit.probes.ablate import (
    FILE,
    States,
    ablated_layer,
    enough_random,
    measure_usage,
    n_ablated,
    read_usage,
    readings_of,
)
from tacit.probes.compare import Compared, _adjusted
from tacit.probes.data.results import read_results
from tacit.probes.estimators.directions import fit_direction, fit_weights
from tacit.probes.estimators.families import PATH
from tacit.probes.verdicts.decide import decide
from tacit.thresholds import ALPHA
from tests.probes.verdicts.test_decide import TESTED, peer
from tests.probes.worlds import along, coin, flipped, make_world

N, D = 120, 6


def states(seed=0, n=400, d=10):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + 3, rng


def test_an_ablation_leaves_nothing_that_varies_with_the_score():
    x, rng = states()
    weight = rng.normal(size=(1, 10))
    after = x + States.of(x).ablation(np.arange(len(x)), weight)
    score = x @ weight[0]
    assert np.abs(np.cov(np.column_stack([after, score]).T)[-1, :-1]).max() < 1e-3
    assert after.mean(axis=0) == pytest.approx(x.mean(axis=0), abs=1e-3)


def test_several_directions_are_ablated_together():
    x, rng = states(1)
    weight = rng.normal(size=(3, 10)).astype(np.float32)
    weight -= weight.mean(axis=0)  # softmax weights share a degree of freedom
    x[:, 3] *= 100
    after = x + States.of(x).ablation(np.arange(len(x)), weight)
    scores = (x @ weight.T) - (x @ weight.T).mean(0)
    assert np.abs(np.corrcoef(np.column_stack([after, scores]).T)[:10, 10:]).max() < 1e-3


@pytest.mark.parametrize("wide", [False, True])
def test_another_direction_moves_as_far_lies_where_states_vary_and_is_unrelated_to_the_score(wide):
    x, rng = states(2, n=400)
    x = np.hstack([x, rng.normal(size=(400, 600))]) if wide else x
    x[:, 4] = 7.0  # no state ever moves here
    weight, rows = rng.normal(size=(1, x.shape[1])), np.arange(len(x))
    held = States.of(x)
    own = held.ablation(rows, weight)
    other = held.as_far(own, rows, weight, rng)
    assert np.linalg.norm(other) == pytest.approx(np.linalg.norm(own))
    assert np.abs(other[:, 4]).max() < 1e-6
    coordinate = other @ other[0] / np.linalg.norm(other[0])
    assert abs(np.corrcoef(coordinate, x @ weight[0])[0, 1]) < 1e-6


def test_weights_of_many_labellings_are_those_of_each_alone():
    x, rng = states(3)
    y = rng.integers(3, size=(len(x), 2)).astype(float)
    many = fit_weights(x, y, n_classes=3, family=PATH, k=2)
    assert many.shape == (2, 3, 10)
    for labels, found in zip(y.T, many, strict=True):
        weight, _ = fit_direction(x, labels, n_classes=3, family=PATH, k=2)
        assert np.corrcoef(found.ravel(), weight.ravel())[0, 1] > 0.9999


def test_the_output_of_the_last_block_is_ablated_a_block_earlier():
    store = SimpleNamespace(layers=(0, 2, 4, 6), n_layers=7)
    assert [ablated_layer(layer, store) for layer in (2, 4, 6)] == [2, 4, 4]
    assert ablated_layer(1, SimpleNamespace(layers=(1,), n_layers=2)) == 1


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    """A run whose states know, with its store."""
    y, run = coin(N), tmp_path_factory.mktemp("used")
    surface = [f"text {k}" for k in range(N)]
    store, target = make_world(
        y, said=flipped(y, 0.4), signal=along(y, 5, layers=(1,)), surface=surface, n_layers=3, d_model=D
    )
    probe_run(store, run, targets={target.name: target}, n_jobs=1, n_resamples=100)
    return run, store


def model(sensitive):
    """A stand-in for the model: what comes next depends on some dimensions of the state alone."""

    def move(target, condition, site, layer, rows, shifts):
        return (shifts[..., sensitive] ** 2).sum(axis=-1)

    return move


def test_a_direction_that_the_model_reads_is_told_from_one_that_it_does_not(probed):
    run, store = probed
    results = read_results(run)
    used = measure_usage(results, store, model([0]), n_items=40, n_random=39)
    assert {(u.site, u.reading) for u in used} == set(readings_of(results.entries[0]))
    assert all(u.p_shuffled == u.p_other == 1 / 40 and u.effect > u.other_q95 for u in used)
    unused = measure_usage(results, store, model([1, 2, 3, 4, 5]), n_items=40, n_random=39)
    assert all(max(u.p_shuffled, u.p_other) > 0.05 for u in unused)
    assert n_ablated(results, 40) == 40 * len(used)


def test_the_verdict_shows_the_ablation_at_its_own_reading_until_the_probes_change(probed):
    run, store = probed

    def condition():
        (verdict,) = compare_run(run, n_resamples=100)
        return next(c for c in verdict["conditions"] if c["level"] == "U")

    measure_usage(read_results(run), store, model([0]), n_items=40, n_random=99)
    assert condition()["held"] is True
    assert "99 label-shuffled probes" in condition()["evidence"]
    measure_usage(read_results(run), store, model([0]), n_items=40, n_random=39)
    assert condition()["held"] is None
    path = run / "probes" / FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {"probes": "of others"}))
    assert read_usage(run) == ()
    assert condition()["held"] is None
    path.write_text("{half")
    with pytest.raises(ProbeError, match=r"used.json cannot be read.*Run: tacit ablate"):
        compare_run(run, n_resamples=100)
    path.unlink()


def test_only_what_is_privileged_can_be_called_used(probed):
    run, store = probed
    (used, *_) = measure_usage(read_results(run), store, model([0]), n_items=40, n_random=99)
    (run / "probes" / FILE).unlink()
    peers = (peer("base", 0.2),)
    found = decide(replace(TESTED, peers=peers, used=used))
    assert found.level == "U, provisional"  # no tuned report
    assert "Ablating the probe direction" in found.sentence
    assert decide(replace(TESTED, used=used)).level == "A, provisional"
    assert decide(replace(TESTED, peers=peers, used=replace(used, p_other=0.3))).level == "P, provisional"
    assert decide(replace(TESTED, peers=peers, used=replace(used, effect=0.001))).level == "P, provisional"


def test_one_of_several_ablations_must_hold_after_adjusting_over_all_of_them(probed):
    run, store = probed
    (used, *_) = measure_usage(read_results(run), store, model([0]), n_items=40, n_random=99)
    (run / "probes" / FILE).unlink()
    e = replace(TESTED, peers=(peer("base", 0.2),), used=replace(used, p_shuffled=0.02, p_other=0.01))
    assert decide(replace(e, used_p=0.04, n_used=2)).level == "U, provisional"
    many = decide(replace(e, used_p=0.12, n_used=6))
    assert many.level == "P, provisional"
    told = next(c.evidence for c in many.conditions if c.level == "U")
    assert "adjusted over 6 ablations (Holm): p = 0.12, which can fall to 0.05 only with 119 or more" in told


def test_ablations_are_adjusted_apart_from_gaps_and_over_those_that_were_tried(probed):
    run, store = probed
    (used, *_) = measure_usage(read_results(run), store, model([0]), n_items=40, n_random=99)
    (run / "probes" / FILE).unlink()
    p = (0.01, 0.04, None, 0.02)
    tried = [None if one is None else replace(used, p_shuffled=one, p_other=0.01) for one in p]
    found = [Compared({}, replace(TESTED, used=one), 0.001) for one in tried] + [Compared({}, None, float("nan"))]
    (adjusted,) = _adjusted([found])
    assert [one.evidence.used_p for one in adjusted[:4]] == [pytest.approx(0.03), pytest.approx(0.04), None,
                                                             pytest.approx(0.04)]  # fmt: skip
    assert {one.evidence.n_used for one in adjusted[:4]} == {3}
    assert {one.evidence.gap.holm_p for one in adjusted[:4]} == {0.004} and adjusted[4].evidence is None


@pytest.mark.parametrize(("verdicts", "directions"), [(1, 99), (2, 99), (3, 119), (6, 239)])
def test_so_many_directions_are_ablated_that_an_adjusted_p_can_fall_to_the_bound(verdicts, directions):
    assert enough_random(verdicts) == directions
    assert verdicts / (directions + 1) <= ALPHA / 2
