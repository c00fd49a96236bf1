"""Report rungs: scored as they stand, then given the labels that the probe had."""

import numpy as np
import pytest

from tacit.names import BEST
from tacit.probes.analysis.maps import fit_affine, fit_isotonic, fit_monotone, fit_shares
from tacit.probes.analysis.report_scores import rungs
from tacit.probes.data.examples import make_examples
from tacit.probes.data.folds import make_folds
from tacit.probes.statistics.metrics import Scoring, training_median, value
from tests.probes.worlds import WorldTarget, coin, flipped, make_world


def measured(y, said, target=None, **options):
    store, target = make_world(y, said=said, target=target, **options)
    examples = make_examples(store, target, "plain")
    folds = make_folds(examples.y, examples.groups, kind=examples.kind, seed=0)
    reference = training_median(examples.y, folds.fold) if examples.kind == "count" else None
    scoring = Scoring(examples.kind, examples.y, folds.fold, len(examples.classes), reference)
    found = rungs(examples, scoring, folds)
    return {name: value(scoring.primary, scoring, held.pred) for name, held in found.items()}, found, scoring


COUNTS = WorldTarget(name="token_count", kind="count", classes=())


def test_off_by_three_vanishes_after_calibration():
    y = np.random.default_rng(0).integers(5, 40, size=100)
    scores, *_ = measured(list(y), [str(v + 3) for v in y], COUNTS)
    assert scores["said"] < 0.7
    assert scores["said calibrated"] == pytest.approx(1.0, abs=1e-6)
    assert scores[BEST] == scores["said calibrated"]


def test_a_consistent_liar_has_said_it_once_calibrated():
    y = coin(100)
    scores, *_ = measured(y, ["no" if v == "yes" else "yes" for v in y])
    assert (scores["said"], scores["said calibrated"]) == (0.0, 1.0)


def test_a_truthful_report_is_best_as_it_stands():
    y = coin(100)
    scores, found, _ = measured(y, y)
    assert scores[BEST] == 1.0
    assert set(found[BEST].chosen) == {"said"}


def test_refusals_earn_chance_and_their_share_pulls_a_truthful_report_towards_it():
    y = coin(200)
    said = [v if k % 2 else "I cannot say" for k, v in enumerate(y)]
    scores, *_ = measured(y, said)
    assert scores["said"] == pytest.approx(0.5 + 0.5 * 0.25, abs=0.03)
    assert scores["said calibrated"] == pytest.approx(scores["said"])
    assert measured(y, ["I cannot say"] * 200)[0]["said"] == 0.5


def test_an_unreadable_count_earns_no_skill():
    y = np.random.default_rng(0).integers(5, 40, size=60)
    scores, found, _ = measured(list(y), ["hm"] * 60, COUNTS)
    assert scores["said"] == 0.0
    assert np.isnan(found["said calibrated"].pred).all()


def test_log_probabilities_that_know_more_than_the_words_are_chosen():
    y = coin(200)
    truth = np.array([v == "yes" for v in y])
    odds = np.random.default_rng(0).normal(size=200) + 3 * truth - 5  # always on the side of "no"
    logp = np.stack([np.zeros(200), odds], axis=1)
    scores, found, _ = measured(y, ["no"] * 200, logprobs=(("no", "yes"), logp))
    assert scores["said"] == 0.5
    assert scores[BEST] > 0.95
    assert set(found[BEST].chosen) <= {"logits", "logits calibrated"}


def test_the_best_rung_of_a_fold_is_chosen_without_looking_at_the_fold():
    y = flipped(coin(100), 0.2)
    _, found, _ = measured(y, coin(100))
    for i in range(5):
        scores = {n: h.inner[i] for n, h in found.items() if n != BEST}
        assert scores[found[BEST].chosen[i]] == max(scores.values())


def test_shares_are_those_of_the_training_items_that_said_the_same():
    x, y = np.array([[1.0], [1], [1], [0], [0], [np.nan]]), np.array([1.0, 1, 0, 0, 0, 1])
    out = fit_shares(x, y, np.array([[1.0], [0], [7], [np.nan]]), n_classes=2)[0]
    p = 1 / (1 + np.exp(-out))
    assert p[:3] == pytest.approx([(2 + 0.5) / 4, 0.5 / 3, 0.5])
    assert np.isnan(p[3])


def test_beyond_the_training_range_the_line_goes_on():
    x, y = np.arange(10.0)[:, None], 2 * np.arange(10.0) + 1
    far = np.array([[1000.0]])
    assert fit_affine(x, y, far, within=False)[0] == pytest.approx(2001)
    assert fit_affine(x, y, far)[0] == pytest.approx(19)


def test_the_affine_map_is_the_least_absolute_line_and_keeps_non_answers():
    x = np.array([1.0, 2, 3, 4, 5, np.nan, 1e9])[:, None]
    y = np.array([3.0, 5, 7, 9, 11, 4, 5])
    out = fit_affine(x, y, np.array([[2.5], [np.nan], [-1e9]]))[0]
    assert np.isnan(out[1])
    assert y.min() <= out[0] <= y.max()
    clean = fit_affine(x[:5], y[:5], np.array([[2.5], [100.0]]))[0]
    assert clean == pytest.approx([6.0, 11.0])  # the second one clipped to the labels seen


def test_a_fold_without_a_readable_answer_is_mapped_to_none():
    x, y = np.arange(20.0)[:, None], np.arange(20.0) // 10
    silent = np.full((4, 1), np.nan)
    assert np.isnan(fit_isotonic(x, y, silent, n_classes=2)).all()
    assert np.isnan(fit_monotone(x, y * 7 + x[:, 0], silent)).all()
    assert np.isnan(fit_affine(x, y * 7, silent)).all()


def test_isotonic_never_swaps_two_items_and_turns_round_only_on_clear_evidence():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 1))
    y = (x[:, 0] + rng.normal(size=200) > 0).astype(float)
    grid = np.linspace(-3, 3, 50)[:, None]
    assert np.all(np.diff(fit_isotonic(x, y, grid, n_classes=2)[0]) >= 0)
    assert np.all(np.diff(fit_isotonic(x, 1 - y, grid, n_classes=2)[0]) <= 0)
    assert np.all(np.diff(fit_isotonic(x, rng.permutation(y), grid, n_classes=2)[0]) >= 0)
