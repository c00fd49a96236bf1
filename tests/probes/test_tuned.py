"""A report learned from labels: who learns from what, what is kept, and what the claim ladder makes of it."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from probes import ProbeError, compare_run, probe_run
from probes.evidence import Supervised
from probes.results import read_results
from probes.tuned import FILE, TUNED, Tuning, measure_tuned, n_tuned, read_tuned, to_tune
from probes.verdict import decide
from tests.probes.test_verdict import TESTED, est
from tests.probes.worlds import WorldTarget, along, coin, flipped, make_world

N, HOW = 120, {"seed": 0, "epochs": 3}
YES_NO = (("no", "yes"), np.log(np.full((N, 2), 0.5)))
"""The valid answers, and a distribution over them that says nothing."""
COUNTED = WorldTarget(name="token_count", kind="count", classes=())
TARGETS = {"behavior": WorldTarget(), "token_count": COUNTED}


def logprobs(right, sure):
    """(n_items, 2) log-probabilities of two answers, of which the right one has `sure`."""
    p = np.where(np.arange(2) == np.asarray(right)[:, None], np.reshape(sure, (-1, 1)), 1 - np.reshape(sure, (-1, 1)))
    return np.log(p)


def learner(held_out, learned=0.9):
    """A stand-in for tuning: how sure it is of the right answer among held-out items, and among those it learned from;
    it writes down what it was shown."""

    def tune(target, condition, rows, answers, right, train, watch, *, seed):
        tune.seen.append((train, watch, right, seed, answers))
        sure = np.full(len(rows), held_out)
        sure += np.random.default_rng(seed).uniform(-0.05, 0.05, len(rows))
        last = np.where(np.isin(np.arange(len(rows)), train), learned, 0.5)
        return SimpleNamespace(best=logprobs(right, sure), last=logprobs(right, last), epochs=3)

    tune.seen = []
    return tune


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    """A run whose states know what its reports do not say, with its store."""
    y, run = coin(N), tmp_path_factory.mktemp("tuned")
    surface = [f"text {k}" for k in range(N)]
    store, target = make_world(
        y, said=flipped(y, 0.5), signal=along(y, 5, layers=(1,)), surface=surface, n_layers=2,
        logprobs=YES_NO,
    )  # fmt: skip
    probe_run(store, run, targets={target.name: target}, n_jobs=1, n_resamples=100)
    return run, store


def test_each_fold_is_answered_by_a_prompt_that_learned_from_the_others(probed):
    run, store = probed
    results, tune = read_results(run), learner(0.9)
    (one,) = measure_tuned(results, store, tune, targets=TARGETS, how=HOW)
    ((_, frame),) = results.parts()
    fold, held = frame["fold"].to_numpy(), []
    for k, (train, watch, right, seed, answers) in enumerate(tune.seen):
        assert not set(fold[train]) & set(fold[watch])
        assert k not in {*fold[train], *fold[watch]}
        assert len(train) + len(watch) + (fold == k).sum() == N
        assert [answers[i] for i in right] == frame["label_name"].tolist()
        held.append(seed)
    assert held == list(range(fold.max() + 1))
    assert one.score == 1
    assert one.learned == pytest.approx(1)
    assert one.took
    _, table = read_tuned(run)
    assert list(table["item_id"]) == list(frame["item_id"])
    assert ((table[f"method:{TUNED}"] > 0) == (frame["label"] == 1)).all()
    assert n_tuned(results, every=False, epochs=3) == 3 * sum(len(seen[0]) for seen in tune.seen)


def verdict_of(run):
    (verdict,) = compare_run(run, n_resamples=200)
    return verdict, next(c for c in verdict["conditions"] if c["condition"] == "tuned report")


def test_a_tuned_report_that_says_it_takes_access_away_and_one_that_cannot_confirms_it(probed):
    run, store = probed
    results = read_results(run)
    (run / "probes" / FILE).unlink(missing_ok=True)
    verdict, condition = verdict_of(run)
    assert (condition["held"], verdict["tuned"], verdict["tuning"]) == (None, None, None)
    assert "tacit tune" in condition["evidence"]
    measure_tuned(results, store, learner(0.9), targets=TARGETS, how=HOW)
    verdict, condition = verdict_of(run)
    assert condition["held"] is False
    assert verdict["tuned"] == 1
    assert verdict["tuning"]["how"] == HOW
    (run / "probes" / FILE).unlink()
    measure_tuned(results, store, learner(0.5, learned=0.99), targets=TARGETS, how=HOW)
    verdict, condition = verdict_of(run)
    assert condition["held"] is True
    assert verdict["tuned_lower"] < 0.5 < verdict["tuned_upper"]
    (run / "probes" / FILE).unlink()
    measure_tuned(
        results, store, learner(0.5, learned=0.5), targets=TARGETS, how=HOW
    )  # nothing was learned: nothing is shown
    verdict, condition = verdict_of(run)
    assert condition["held"] is None
    assert "learning did not take" in condition["evidence"]


def test_what_was_tuned_is_kept_until_the_probes_or_the_way_change(probed):
    run, store = probed
    (run / "probes" / FILE).unlink(missing_ok=True)
    results, said = read_results(run), []
    measure_tuned(results, store, learner(0.9), targets=TARGETS, how=HOW)
    idle = learner(0.6)
    measure_tuned(results, store, idle, targets=TARGETS, how=HOW, say=said.append)
    assert idle.seen == []
    assert "kept from before" in said[0]
    measure_tuned(results, store, idle, targets=TARGETS, how=HOW | {"epochs": 9})
    assert idle.seen
    path = run / "probes" / FILE
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"probes": "of others"}))
    assert read_tuned(run)[0] == ()
    for broken in ("{half", json.dumps(told | {"sha256": "of another table"})):
        path.write_text(broken)
        with pytest.raises(ProbeError, match=r"tuned.json cannot be read.*Delete it and run: tacit tune"):
            compare_run(run, n_resamples=100)
    path.unlink()


def test_only_what_the_reports_do_not_say_is_tuned_unless_all_is_wanted(tmp_path):
    y = coin(N)
    store, target = make_world(
        y, said=y, signal=along(y, 5, layers=(1,)), surface=[f"text {k}" for k in range(N)], n_layers=2,
        logprobs=YES_NO,
    )  # fmt: skip
    probe_run(store, tmp_path, targets={target.name: target}, n_jobs=1, n_resamples=100)
    results = read_results(tmp_path)
    assert to_tune(results, every=False) == []
    assert measure_tuned(results, store, learner(0.9), targets=TARGETS, how=HOW) == ()
    assert len(measure_tuned(results, store, learner(0.9), targets=TARGETS, how=HOW, every=True)) == 1


def test_counts_are_read_as_expected_values(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(3, 13, size=N)
    answers, signal = tuple(map(str, range(3, 13))), ((y - y.mean()) / y.std())[:, None] * 5
    store, target = make_world(
        y, said=[str(k) for k in rng.permutation(y)], target=COUNTED, n_layers=2,
        surface=[f"text {k}" for k in range(N)], signal=lambda site, layer: signal if layer else None,
        logprobs=(answers, np.log(np.full((N, 10), 0.1))),
    )  # fmt: skip
    probe_run(store, tmp_path, targets={target.name: target}, n_jobs=1, n_resamples=100)

    def tune(target, condition, rows, answers, right, train, watch, *, seed):
        p = np.full((len(rows), len(answers)), 1e-4)
        p[np.arange(len(rows)), right] = 1
        return SimpleNamespace(best=np.log(p), last=np.log(p), epochs=1)

    (one,) = measure_tuned(read_results(tmp_path), store, tune, targets=TARGETS, how=HOW)
    frame = pd.read_parquet(tmp_path / "probes" / "items.parquet")
    _, table = read_tuned(tmp_path)
    assert table[f"method:{TUNED}"].to_numpy() == pytest.approx(frame["label"], abs=0.02)
    assert one.score > 0.99


def test_the_sentence_says_that_a_tuned_report_closed_the_gap():
    def with_tuned(lead, usable=True):
        return decide(replace(TESTED, supervised=(*TESTED.supervised, Supervised(TUNED, "tuned", lead, usable))))

    closed, open_, failed = with_tuned(est(0.0)), with_tuned(est(0.3)), with_tuned(est(0.3), usable=False)
    assert (closed.name, closed.level) == ("GAP", "G")
    assert "not shown to survive a report tuned on the same labels" in closed.sentence
    assert (open_.name, open_.level) == ("GAP", "A")
    assert "tuned" not in open_.sentence
    assert failed.level == "A, provisional"


def test_learning_took_where_it_fits_what_it_learned_or_says_it_held_out():
    one = Tuning("t", "c", 0.5, 0.5, 0.9, (3,), N, HOW)
    assert not one.took
    assert replace(one, learned=0.86).took
    assert replace(one, score=0.9).took
    assert not replace(one, learned=float("nan")).took
