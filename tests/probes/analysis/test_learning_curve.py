"""The learning curve: nested samples of whole groups, and where it passes a score."""

import numpy as np
import pytest

from tacit.probes.analysis.learning_curve import Point, crossing, points, samples
from tacit.probes.data.folds import make_folds
from tacit.probes.estimators.layer_sweep import ExtraLabellings, sweep
from tacit.probes.statistics.metrics import Scoring


def folds_of(groups):
    y = (groups % 2).astype(float)
    return y, make_folds(y, groups, kind="binary", seed=0)


@pytest.mark.parametrize("per_group", [1, 3])
def test_samples_hold_whole_groups_and_the_smaller_lie_in_the_larger(per_group):
    groups = np.repeat(np.arange(240 // per_group), per_group)
    _, folds = folds_of(groups)
    drawn = samples(folds, sizes=(25, 100), n_repeats=3, rng=np.random.default_rng(0))
    assert [s.size for s in drawn] == [25, 100] * 3
    for small, large in zip(drawn[::2], drawn[1::2], strict=True):
        assert np.all(large.used[small.used])
        for s in (small, large):
            assert not set(groups[s.used]) & set(groups[~s.used])
            assert s.n_labels == pytest.approx(s.size, abs=4 * per_group)


def test_every_training_set_has_labels_from_every_other_fold():
    groups = np.repeat(np.arange(30), 10)
    _, folds = folds_of(groups)
    (drawn,) = samples(folds, sizes=(25,), n_repeats=1, rng=np.random.default_rng(0))
    assert set(folds.fold[drawn.used]) == set(range(folds.n_folds))


def test_sizes_that_are_about_all_labels_are_left_to_the_headline():
    _, folds = folds_of(np.arange(200))
    assert {s.size for s in samples(folds, n_repeats=1, rng=np.random.default_rng(0))} == {25}


def test_a_planted_signal_is_found_better_with_more_labels():
    rng = np.random.default_rng(0)
    y, folds = folds_of(np.arange(500))
    scoring = Scoring("binary", y, folds.fold, 2)
    x = rng.normal(size=(500, 40))
    x[:, :4] += 0.9 * (y[:, None] - 0.5)
    drawn = samples(folds, sizes=(25, 160), n_repeats=3, rng=rng)
    labellings = ExtraLabellings(np.empty((500, 0)), tuple(s.used for s in drawn), (1,))
    found = sweep(lambda s, k: x, scoring, folds, sites=["object"], layers=[1], n_jobs=1, extra_labellings=labellings)
    curve = points(scoring, drawn, found.sampled, found.held[0].pred)
    assert [p.n_labels for p in curve] == [24, 160, 400]
    assert curve[0].value < curve[1].value < curve[2].value
    assert all(p.lower <= p.value <= p.upper for p in curve[:2])
    assert [p.n_repeats for p in curve] == [3, 3, 1]


def curve_of(*values):
    return [Point(n, v, np.nan, np.nan, 1) for n, v in zip((10, 1000, 2000), values, strict=True)]


@pytest.mark.parametrize(
    ("values", "score", "expected"),
    [((0.5, 0.9, 0.95), 0.7, 100), ((0.8, 0.9, 0.95), 0.7, 10), ((0.5, 0.6, 0.65), 0.7, None),
     ((np.nan, 0.9, 0.95), 0.7, 1000), ((0.5, 0.9, 0.95), np.nan, None)],
)  # fmt: skip
def test_the_crossing_is_log_linear_between_points(values, score, expected):
    assert crossing(curve_of(*values), score) == expected


def test_a_sample_holds_at_least_the_labels_asked_for_whatever_the_sizes_of_the_groups():
    sizes = np.r_[np.full(4, 60), np.ones(360, dtype=int)]
    groups = np.repeat(np.arange(len(sizes)), sizes)
    folds = make_folds(np.arange(len(groups)) % 2 * 1.0, groups, kind="binary", seed=0)
    for sample in samples(folds, n_repeats=5, rng=np.random.default_rng(0)):
        assert sample.used.sum() >= folds.n_folds * round(sample.size / (folds.n_folds - 1))
