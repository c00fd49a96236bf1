"""Level U: what an ablation takes out, what it is set against, and that a direction in use is told from another."""

import json
from dataclasses import replace

import numpy as np
import pytest

from probes import ProbeError, compare_run, probe_run
from probes.evidence import Peer
from probes.further import Further
from probes.results import read_results
from probes.usage import FILE, ablations, measure_usage, n_ablated, read_usage, readings_of
from probes.verdict import decide
from tests.probes.test_verdict import TESTED, est
from tests.probes.worlds import along, coin, flipped, make_world

N, D = 120, 6


def states(seed=0, n=400, d=10):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + 3, rng


def test_an_ablation_leaves_nothing_that_varies_with_the_score():
    x, rng = states()
    weight = rng.normal(size=(1, 10))
    moves = ablations(x, np.arange(len(x)), weight, n_random=3, rng=rng)
    after = x + moves[0]
    score = x @ weight[0]
    assert np.abs(np.cov(np.column_stack([after, score]).T)[-1, :-1]).max() < 1e-3
    assert after.mean(axis=0) == pytest.approx(x.mean(axis=0), abs=1e-3)


def test_several_directions_are_ablated_together():
    x, rng = states(1)
    weight = rng.normal(size=(3, 10))
    weight -= weight.mean(axis=0)  # softmax weights share a degree of freedom
    after = x + ablations(x, np.arange(len(x)), weight, n_random=1, rng=rng)[0]
    scores = (x @ weight.T) - (x @ weight.T).mean(0)
    assert np.abs((after - after.mean(0)).T @ scores / len(x)).max() < 1e-3


def test_every_other_move_is_as_long_and_lies_where_states_vary():
    x, rng = states(2)
    x[:, 4] = 7.0  # no state ever moves here
    moves = ablations(x, np.arange(50), rng.normal(size=(1, 10)), n_random=5, rng=rng)
    lengths = np.linalg.norm(moves, axis=2)
    assert lengths == pytest.approx(np.broadcast_to(lengths[0], lengths.shape), rel=1e-3)
    assert np.abs(moves[:, :, 4]).max() < 1e-5
    assert len({tuple(np.round(m[0], 6)) for m in moves}) == 6


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    """A run whose states know, with its store."""
    y, run = coin(N), tmp_path_factory.mktemp("used")
    surface = [f"text {k}" for k in range(N)]
    store, target = make_world(
        y, said=flipped(y, 0.4), signal=along(y, 5, layers=(1,)), surface=surface, n_layers=2, d_model=D
    )
    probe_run(store, run, targets={target.name: target}, n_jobs=1, n_resamples=100, further=Further())
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
    assert {(u.site, u.layer) for u in used} == set(readings_of(results.entries[0]))
    assert all(u.p == 1 / 40 and u.effect > u.other_q95 for u in used)
    unused = measure_usage(results, store, model([1, 2, 3, 4, 5]), n_items=40, n_random=39)
    assert all(u.p > 0.05 for u in unused)
    assert n_ablated(results, 40) == 40 * len(used)


def test_the_verdict_shows_the_ablation_at_its_own_reading_until_the_probes_change(probed):
    run, store = probed

    def condition():
        (verdict,) = compare_run(run, n_resamples=100)
        return next(c for c in verdict["conditions"] if c["level"] == "U")

    measure_usage(read_results(run), store, model([0]), n_items=40, n_random=39)
    assert condition()["held"] is True
    assert "39 other directions" in condition()["evidence"]
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
    (used, *_) = measure_usage(read_results(run), store, model([0]), n_items=40, n_random=39)
    (run / "probes" / FILE).unlink()
    peers = (Peer("base", est(0.2)),)
    found = decide(replace(TESTED, peers=peers, used=used))
    assert found.level == "U, provisional"  # no tuned report
    assert "depends on the direction" in found.sentence
    assert decide(replace(TESTED, used=used)).level == "A, provisional"
    assert decide(replace(TESTED, peers=peers, used=replace(used, p=0.3))).level == "P, provisional"
