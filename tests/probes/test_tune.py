"""A report learned from labels: who learns from what, what is kept, and what the claim ladder makes of it."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from tacit.names import TUNED
from tacit.probes import ProbeError, compare_run, probe_run
from tacit.probes.data.results import read_results
from tacit.probes.tune import FILE, measure_tuned, n_tuned, read_tuned, to_tune, with_tuned
from tacit.probes.verdicts.decide import decide
from tacit.probes.verdicts.evidence import Supervised
from tacit.probes.verdicts.tuning import Tuning
from tests.probes.verdicts.evidence_made import changed
from tests.probes.verdicts.test_decide import TESTED, est
from tests.probes.worlds import WorldTarget, along, coin, flipped, make_world

N, HOW = 200, {"seed": 7, "epochs": 3}
LABELS = np.array([int(name == "yes") for name in coin(N)])
TEXTS = [f"text {k}" for k in range(N)]
YES_NO = (("no", "yes"), np.log(np.full((N, 2), 0.5)))
"""The valid answers, and a distribution over them that says nothing."""
COUNTED = WorldTarget(name="token_count", kind="count", classes=())
TARGETS = {"behavior": WorldTarget(), "token_count": COUNTED}


def logprobs(right, sure):
    """(n_items, 2) log-probabilities of two answers, of which the right one has `sure`."""
    p = np.where(np.arange(2) == np.asarray(right)[:, None], np.reshape(sure, (-1, 1)), 1 - np.reshape(sure, (-1, 1)))
    return np.log(p)


def learner(held_out, learned=0.9, spoiled=None):
    """A stand-in for tuning: how sure it is of the right answer among held-out items, and among those it learned from
    (of the fold `spoiled` it learned nothing); it writes down what it was shown."""

    def tune(target, condition, rows, answers, right, watch, *, cached, seed):
        tune.seen.append((right, watch, seed, answers, cached))
        fitted = 0.5 if spoiled is not None and len(tune.seen) == spoiled + 1 else learned
        sure = np.where(right >= 0, fitted, held_out) + np.random.default_rng(seed).uniform(-0.05, 0.05, len(rows))
        return SimpleNamespace(logprobs=logprobs(LABELS[rows], sure), epochs=3)

    tune.seen = []
    return tune


def world(folder, said, answers=YES_NO):
    y = coin(N)
    store, target = make_world(
        y, said=y if said else flipped(y, 0.5), signal=along(y, 5, layers=(1,)), surface=TEXTS, n_layers=2,
        logprobs=answers,
    )  # fmt: skip
    probe_run(store, folder, targets={target.name: target}, n_jobs=1, n_resamples=100)
    return folder, store


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run whose states know what its reports do not say, with its store."""
    return world(tmp_path_factory.mktemp("tuned"), said=False)


@pytest.fixture
def probed(made):
    """The same, with nothing tuned."""
    (made[0] / "probes" / FILE).unlink(missing_ok=True)
    return made


def tuned(probed, tune, **terms):
    run, store = probed
    return measure_tuned(read_results(run), store, tune, targets=TARGETS, **({"how": HOW, "control": False} | terms))


def test_each_fold_is_answered_by_a_prompt_that_learned_from_the_others_alone(probed):
    run, tune = probed[0], learner(0.9)
    results = read_results(run)
    parts = to_tune(results, how=HOW, control=False)
    (one,) = tuned(probed, tune)
    ((_, frame),) = results.parts()
    fold = frame["fold"].to_numpy()
    for k, (right, watch, seed, answers, cached) in enumerate(tune.seen):
        assert (right[fold == k] == -1).all()
        assert [answers[i] for i in right[fold != k]] == frame["label_name"][fold != k].tolist()
        assert set(fold[watch]) == {(k + 1) % (fold.max() + 1)}
        assert seed == HOW["seed"] + k
        assert cached == pytest.approx(YES_NO[1])
    assert (one.score, one.taught) == (1, 1)
    assert read_tuned(run) == (one,)
    assert ((with_tuned(frame, one)[f"method:{TUNED}"] > 0) == (frame["label"] == 1)).all()
    learned = sum((right >= 0).sum() + ((right >= 0) & ~watch).sum() for right, watch, *_ in tune.seen)
    assert n_tuned(parts, epochs=3, control=False) == 3 * learned + N * len(tune.seen)
    assert to_tune(results, how=HOW, control=False) == []


def test_what_a_prompt_says_of_items_that_it_learned_from_counts_for_nothing(probed):
    (one,) = tuned(probed, learner(0.1, learned=0.9))
    assert (one.score, one.learned) == (0, 1)


def verdict_of(run):
    (verdict,) = compare_run(run, n_resamples=200)
    return verdict, next(c for c in verdict["conditions"] if c["id"] == "tuned_report")


@pytest.mark.parametrize(
    ("said", "learned", "held", "why"),
    [
        (0.9, 0.9, False, "less than 0.05"),
        (0.9, 0.5, False, "less than 0.05"),
        (0.5, 0.9, True, "the probe's lead"),
        (0.5, 0.5, None, "training did not converge"),
    ],
)
def test_access_goes_where_a_tuned_report_says_it_and_is_confirmed_where_learning_worked_in_vain(
    probed, said, learned, held, why
):
    verdict, condition = verdict_of(probed[0])
    assert (condition["held"], verdict["tuned"], verdict["tuning"]) == (None, None, None)
    assert "tacit tune" in condition["evidence"]
    tuned(probed, learner(said, learned))
    verdict, condition = verdict_of(probed[0])
    assert condition["held"] is held
    assert why in condition["evidence"]
    assert verdict["tuned"] == verdict["tuning"]["score"]
    assert any(reason.startswith("level A, the gap survives a soft prompt") for reason in verdict["reasons"])
    assert verdict["tuning"]["how"] == HOW


def remembering(held_out):
    """A stand-in that answers what it learned as it was taught, and gives held-out items the given log-odds of yes."""

    def tune(target, condition, rows, answers, right, watch, *, cached, seed, epochs=None):
        tune.seen.append(right)
        tune.most.append(epochs)
        odds = np.where(right >= 0, np.where(right == 1, 4.0, -4.0), held_out[rows])
        return SimpleNamespace(logprobs=np.log(np.stack([expit(-odds), expit(odds)], axis=1)), epochs=3)

    tune.seen, tune.most = [], []
    return tune


def test_a_control_task_is_trained_in_the_same_way_on_labels_permuted_by_group(probed):
    run, tune = probed[0], remembering(np.where(LABELS, 1.0, -1.0) + np.random.default_rng(1).normal(size=N) / 9)
    results = read_results(run)
    (one,) = tuned(probed, tune, control=True)
    ((_, frame),) = results.parts()
    fold, own, hashed = frame["fold"].to_numpy(), tune.seen[: len(tune.seen) // 2], tune.seen[len(tune.seen) // 2 :]
    assert len(own) == len(hashed) == fold.max() + 1
    assert tune.most == [None] * len(own) + [3] * len(hashed)
    labels = np.array(one.control.labels)
    for k, right in enumerate(hashed):
        assert (right[fold == k] == -1).all()
        assert (right[fold != k] == labels[fold != k]).all()
    assert labels.sum() == frame["label"].sum()
    assert 0.3 < np.mean(labels == frame["label"]) < 0.7
    assert (one.score, one.control.learned) == (1, 1)
    assert one.control.score == pytest.approx(0.5, abs=0.15)
    assert read_tuned(run) == (one,)
    assert to_tune(results, how=HOW) == []
    verdict, condition = verdict_of(run)
    selectivity = verdict["tuning"]["control"]["selectivity"]
    assert selectivity == pytest.approx(1 - max(0.5, one.control.score), abs=0.05)
    assert condition["held"] is False
    assert (
        f"minus that of one trained on labels permuted by group) is {selectivity:.3f}"[:-1] in (condition["evidence"])
    )


def test_a_report_that_was_tuned_without_a_control_task_gets_one_later_and_is_not_tuned_again(probed):
    (before,) = tuned(probed, learner(0.9))
    assert "no control task was trained" in verdict_of(probed[0])[1]["evidence"]
    assert verdict_of(probed[0])[0]["tuning"]["control"] is None
    later = remembering(np.random.default_rng(2).normal(size=N))
    assert len(to_tune(read_results(probed[0]), how=HOW)) == 1
    (after,) = tuned(probed, later, control=True)
    assert len(later.seen) == len(after.control.epochs)
    assert replace(after, control=None) == before


def test_one_fold_that_did_not_learn_makes_the_rest_no_evidence(probed):
    (one,) = tuned(probed, learner(0.5, spoiled=2))
    assert one.learned < 0.7
    assert verdict_of(probed[0])[1]["held"] is None


def test_what_cannot_be_learned_is_left_out_and_said(probed):
    said = []
    assert tuned(probed, lambda *asked, **terms: None, say=said.append) == ()
    assert said == ["behavior, plain is not tuned"]
    assert not (probed[0] / "probes" / FILE).exists()


def test_what_was_tuned_is_kept_until_the_probes_or_the_way_change(probed):
    run, idle = probed[0], learner(0.6)
    tuned(probed, learner(0.9))
    tuned(probed, idle)
    assert idle.seen == []
    tuned(probed, idle, how=HOW | {"epochs": 9})
    assert idle.seen
    path = run / "probes" / FILE
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"probes": "of others"}))
    assert read_tuned(run) == ()
    for broken in ("{half", json.dumps(told | {"tuned": [{"target": "behavior"}]})):
        path.write_text(broken)
        with pytest.raises(ProbeError, match=r"tuned.json cannot be read.*Delete it and run: tacit tune"):
            compare_run(run, n_resamples=100)


def test_only_what_the_reports_do_not_say_is_tuned_unless_all_is_wanted(tmp_path):
    probed = world(tmp_path, said=True)
    assert to_tune(read_results(tmp_path), how=HOW) == []
    assert tuned(probed, learner(0.9)) == ()
    assert len(tuned(probed, learner(0.9), every=True)) == 1


def test_a_run_of_which_nothing_was_probed_is_refused_in_words(probed):
    results = read_results(probed[0])
    with pytest.raises(ProbeError, match="nothing could be probed"):
        to_tune(replace(results, entries=()), how=HOW)


def test_without_an_answer_for_every_class_nothing_is_tuned(tmp_path):
    tune, said = learner(0.9), []
    assert tuned(world(tmp_path, said=False, answers=(("no", "perhaps"), YES_NO[1])), tune, say=said.append) == ()
    assert tune.seen == []
    assert "not every class has a valid answer to its report prompt" in said[0]


def counted(folder, answers):
    """A run of counts from 3 to 12 that the states know, whose valid answers are these, tuned by one who knows."""
    rng = np.random.default_rng(0)
    y = rng.integers(3, 13, size=N)
    signal, flat = ((y - y.mean()) / y.std())[:, None] * 5, np.log(np.full((N, len(answers)), 1 / len(answers)))
    store, target = make_world(
        y, said=[str(k) for k in rng.permutation(y)], target=COUNTED, n_layers=2, surface=TEXTS,
        signal=lambda site, layer: signal if layer else None, logprobs=(answers, flat),
    )  # fmt: skip
    probe_run(store, folder, targets={target.name: target}, n_jobs=1, n_resamples=100)
    shown = []

    def tune(target, condition, rows, answers, right, watch, *, cached, seed):
        shown.append(right)
        p = np.full((len(rows), len(answers)), 1e-4)
        p[np.arange(len(rows)), np.abs(np.array(answers, dtype=float) - y[rows][:, None]).argmin(axis=1)] = 1
        return SimpleNamespace(logprobs=np.log(p), epochs=1)

    (one,) = tuned((folder, store), tune)
    return one, shown[0], pd.read_parquet(folder / "probes" / "items.parquet")


def test_counts_are_read_as_expected_values(tmp_path):
    one, _, frame = counted(tmp_path, tuple(map(str, range(3, 13))))
    assert one.pred == pytest.approx(frame["label"].tolist(), abs=0.02)
    assert one.score > 0.99
    assert one.took(1.0)


def test_a_count_between_the_valid_answers_is_taught_as_the_nearest_and_shows_nothing_by_failing(tmp_path):
    one, right, frame = counted(tmp_path, ("3", "8", "12"))
    nearest = np.abs(np.array([3, 8, 12]) - frame["label"].to_numpy()[:, None]).argmin(axis=1)
    assert (right[right >= 0] == nearest[right >= 0]).all()
    assert one.taught == pytest.approx(frame["label"].isin([3, 8, 12]).mean())
    assert not one.took(one.learned)


def test_the_sentence_says_that_a_tuned_report_closed_the_gap():
    def with_lead(lead, usable=True):
        return decide(changed(TESTED, supervised=(*TESTED.say.supervised, Supervised(TUNED, TUNED, lead, usable))))

    closed, slight, survived = with_lead(est(0.0, 0.01)), with_lead(est(0.02, 0.01)), with_lead(est(0.3))
    for found in (closed, slight):
        assert (found.name, found.level) == ("GAP", "G")
        assert "A soft prompt trained on the same labels elicits the information" in found.sentence
    assert (survived.name, survived.level) == ("GAP", "A")
    assert "learned" not in survived.sentence
    for undecided in (with_lead(est(0.15, 0.16)), with_lead(est(0.3), usable=False)):
        assert undecided.level == "A, provisional"
        assert "soft prompt trained on the labels (tried, inconclusive)." in undecided.sentence


def test_a_tuned_report_that_is_no_better_than_on_permuted_labels_is_no_evidence_that_the_model_can_say_it():
    def with_selectivity(selectivity):
        report = Supervised(TUNED, TUNED, est(0.0, 0.01), True, selectivity)
        return decide(changed(TESTED, supervised=(*TESTED.say.supervised, report)))

    selective, owed = with_selectivity(est(0.3)), with_selectivity(est(0.0))
    assert (selective.level, owed.level) == ("G", "G"), "a report as good as the probe's is no gap that survives"
    assert "elicits the information" in selective.sentence
    assert "permuted by group) is 0.300" in selective.sentence
    assert "elicits the information" not in owed.sentence
    (condition,) = [c for c in owed.conditions if c.id == "tuned_report"]
    assert "not shown to be above 0" in condition.evidence


def test_learning_took_where_every_fold_fits_what_it_learned_and_the_answers_can_say_the_labels():
    one = Tuning("t", "c", 0.5, 0.86, 1.0, (3,), HOW, (), ())
    assert one.took(0.9)
    assert not replace(one, learned=0.84).took(0.9)
    assert not replace(one, taught=0.8).took(0.9)
    assert not replace(one, learned=float("nan")).took(0.9)
