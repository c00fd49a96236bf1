import numpy as np
import pytest

from tacit.probes.analysis.extrapolation import beyond, extrapolate_probe, extrapolate_report
from tacit.probes.data.examples import make_examples
from tacit.probes.data.folds import make_folds
from tests.probes.worlds import WorldTarget, make_world


def _world(said, signal):
    y = list(np.random.default_rng(0).integers(4, 41, 200))
    target = WorldTarget(name="token_count", kind="count", classes=())
    store, _ = make_world(y, said=said(np.array(y)), target=target, signal=signal(np.array(y)))
    examples = make_examples(store, target, "plain")
    return examples, make_folds(examples.y, examples.groups, kind="count", seed=0)


def _line(y):
    return lambda site, layer: np.repeat(0.5 * y[:, None], 4, axis=1) if layer == 3 else None


def _steps(y):
    """A direction that grows up to the end of the trained range and stays there."""
    cut = np.quantile(y, 0.8)
    return lambda site, layer: np.repeat(0.5 * np.minimum(y, cut)[:, None], 4, axis=1) if layer == 3 else None


def test_a_direction_that_grows_with_the_count_goes_on_beyond_the_range_and_one_that_saturates_does_not():
    said = lambda y: [str(v + 3) for v in y]  # noqa: E731
    errors = []
    for signal in (_line, _steps):
        examples, folds = _world(said, signal)
        pred, high = extrapolate_probe(examples, folds, "object", 3), beyond(examples.y)
        assert np.isnan(pred[~high]).all() and not np.isnan(pred[high]).any()
        errors.append(np.abs(pred - examples.y)[high].mean())
    assert errors[0] < 1.0 < errors[1]


def test_a_report_that_is_off_by_three_is_right_beyond_the_range_after_the_map():
    examples, folds = _world(lambda y: [str(v + 3) for v in y], _line)
    pred, high = extrapolate_report(examples, folds), beyond(examples.y)
    assert pred[high] == pytest.approx(examples.y[high], abs=1e-6)
    assert np.isnan(pred[~high]).all()


def test_no_model_sees_a_count_as_large_as_those_it_predicts(monkeypatch):
    from tacit.probes.analysis import extrapolation

    seen = []
    real = extrapolation.RIDGE.fit
    examples, folds = _world(lambda y: ["1"] * len(y), _line)

    def fit(x_train, y_train, x_test, **options):
        seen.append(y_train.max())
        return real(x_train, y_train, x_test, **options)

    monkeypatch.setattr(extrapolation, "RIDGE", type(extrapolation.RIDGE)("ridge", extrapolation.RIDGE.candidates, fit))
    extrapolate_probe(examples, folds, "object", 3)
    assert max(seen) <= np.quantile(examples.y, 0.8)
