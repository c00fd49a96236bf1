"""Nested choice: it finds what was planted, and does not find what was not."""

from functools import partial

import numpy as np
import pytest

from tacit.probes.data.folds import make_folds
from tacit.probes.data.reading import Reading
from tacit.probes.estimators.families import RIDGE, Dense, Family, families
from tacit.probes.estimators.layer_sweep import fixed_layer, sweep
from tacit.probes.estimators.nested_cv import Held, as_is, choose, cross_fit
from tacit.probes.statistics.metrics import Scoring, training_median, value


def setting(n, seed=0, groups=None):
    rng = np.random.default_rng(seed)
    groups = np.arange(n) if groups is None else groups
    y = rng.permutation(np.arange(groups.max() + 1) % 2)[groups].astype(float)
    folds = make_folds(y, groups, kind="binary", seed=seed)
    return rng, Scoring("binary", y, folds.fold, 2), folds


def _layer(x, site, layer):
    return x[layer]


def test_a_planted_signal_is_recovered_at_its_layer_and_site():
    rng, scoring, folds = setting(200)
    noise = {(s, n): rng.normal(size=(200, 10)) for s in ("object", "report") for n in range(4)}
    noise["report", 2][:, 0] += 3 * scoring.y
    found = sweep(lambda s, n: noise[s, n], scoring, folds, sites=("object", "report"), layers=range(4), n_jobs=1)
    headline = found.nested(folds.fold, layers=[1, 2, 3])
    assert headline.chosen == (Reading("report", 2),) * 5
    assert value("auroc", scoring, headline.pred) == pytest.approx(value("auroc", scoring, found.at("report", 2).pred))
    assert value("auroc", scoring, headline.pred) > 0.95


def test_a_search_over_forty_layers_of_noise_scores_chance_when_nested_and_more_when_not():
    nested, naive = [], []
    one = Family("ridge", ("alpha=10",), lambda *a, n_classes, only=None: RIDGE.fit(*a, only=4))
    for seed in range(4):
        rng, scoring, folds = setting(120, seed)
        x = rng.normal(size=(40, 120, 4))
        found = sweep(partial(_layer, x), scoring, folds, sites=["object"], layers=range(40), n_jobs=1, probes=[one])
        nested.append(value("auroc", scoring, found.nested(folds.fold, layers=range(40)).pred))
        naive.append(found.naive_maximum(scoring, layers=range(40))[1])
    assert np.mean(nested) == pytest.approx(0.5, abs=0.05)
    assert np.mean(naive) > 0.58


def test_copies_with_random_labels_score_chance_when_grouped_and_high_when_not():
    groups = np.repeat(np.arange(60), 4)
    rng, scoring, folds = setting(240, groups=groups)
    x = rng.normal(size=(60, 60))[groups] + 0.01 * rng.normal(size=(240, 60))
    grouped = cross_fit(Dense(x), scoring, folds, families("binary"))
    loose = make_folds(scoring.y, np.arange(240), kind="binary", seed=0)
    leaky = Scoring("binary", scoring.y, loose.fold, 2)
    assert value("auroc", scoring, grouped.pred) < 0.65
    assert value("auroc", leaky, cross_fit(Dense(x), leaky, loose, families("binary")).pred) > 0.9


def test_no_model_that_scores_or_chooses_for_a_fold_has_seen_it():
    _, scoring, folds = setting(60)
    seen = []

    def spy(x_train, y_train, x_test, *, n_classes, only=None):
        seen.append((set(x_train[:, 0].astype(int)), set(x_test[:, 0].astype(int))))
        return np.zeros((1, len(x_test)))

    class Rows:
        def split(self, train, test):
            return train[:, None], test[:, None]

    cross_fit(Rows(), scoring, folds, [Family("spy", ("",), spy)])
    assert len(seen) == 10 + 5
    for train, test in seen:
        assert not {folds.fold[r] for r in train} & {folds.fold[r] for r in test}


def test_flipping_the_labels_of_a_fold_does_not_change_what_is_chosen_for_it():
    rng, scoring, folds = setting(100)
    x = rng.normal(size=(100, 5)) + scoring.y[:, None] * 0.4
    turned = np.where(folds.fold == 0, 1 - scoring.y, scoring.y)
    other = Scoring("binary", turned, folds.fold, 2)
    a, b = (cross_fit(Dense(x), s, folds, families("binary")) for s in (scoring, other))
    assert a.chosen[0] == b.chosen[0]
    assert a.inner[0] == b.inner[0]
    assert np.array_equal(a.pred[folds.fold == 0], b.pred[folds.fold == 0])


def test_the_choice_takes_the_best_inner_score_and_the_first_of_equals():
    fold = np.array([0, 1, 2])
    first = Held(np.zeros(3), np.array([0.5, 0.9, 0.7]), ("a",) * 3)
    second = Held(np.ones(3), np.array([0.6, 0.8, 0.7]), ("b",) * 3)
    held = choose([first, second], ["first", "second"], fold)
    assert held.chosen == ("second", "first", "first")
    assert held.pred.tolist() == [1.0, 0.0, 0.0]


def test_an_undefined_inner_score_is_never_chosen():
    _, scoring, folds = setting(40)
    scoring = Scoring("binary", np.where(folds.fold == 0, scoring.y, 0.0), folds.fold, 2)
    assert as_is(scoring.y, scoring, folds, "said").inner[0] == -np.inf


@pytest.mark.parametrize(("n_layers", "expected"), [(7, 4), (13, 8), (2, 0), (1, 0)])
def test_the_fixed_layer_is_two_thirds_of_the_blocks(n_layers, expected):
    assert fixed_layer(n_layers, range(n_layers)) == expected


def test_the_fixed_layer_is_the_nearest_one_that_is_held():
    assert fixed_layer(13, [0, 6, 12]) == 6


def test_counts_on_a_curve_are_exact_through_the_whole_nested_search():
    rng = np.random.default_rng(0)
    y = rng.integers(3, 20, size=240).astype(float)
    x = np.stack([np.cos(y / 4), np.sin(y / 4), np.cos(y / 2), np.sin(y / 2)], axis=1)
    folds = make_folds(y, np.arange(240), kind="count", seed=0)
    scoring = Scoring("count", y, folds.fold, 0, training_median(y, folds.fold))
    held = cross_fit(Dense(x + 0.02 * rng.normal(size=x.shape)), scoring, folds, families("count"))
    assert all(c.startswith("lda") for c in held.chosen)
    assert value("exact", scoring, held.pred) > 0.9


def test_two_processes_find_what_one_finds():
    rng, scoring, folds = setting(60)
    x = rng.normal(size=(2, 60, 5))
    a, b = (sweep(lambda s, n: x[n], scoring, folds, sites=["object"], layers=[0, 1], n_jobs=jobs) for jobs in (1, 2))
    assert all(np.array_equal(p.pred, q.pred) for p, q in zip(a.held, b.held, strict=True))
