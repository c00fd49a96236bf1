"""The perceptron is scikit-learn's, bit for bit."""

import warnings

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from tacit.probes.estimators.perceptron import BATCH, DECAY, EPOCHS, HIDDEN, fit_predict


def scikit_learn(kind, x, y, x_test):
    options = {"hidden_layer_sizes": (HIDDEN,), "alpha": DECAY, "max_iter": EPOCHS, "random_state": 0}
    model = kind(**options, batch_size=min(BATCH, len(x)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x, y)
    return model.predict(x_test) if kind is MLPRegressor else model.predict_proba(x_test)


@pytest.mark.parametrize("n, n_features", [(40, 1), (160, 4), (200, 128), (65, 7)])
@pytest.mark.parametrize("n_classes", [0, 2, 3, 12])
def test_predictions_are_those_of_scikit_learn(n, n_features, n_classes):
    rng = np.random.default_rng([n, n_classes])
    x, x_test = rng.normal(size=(n, n_features)), rng.normal(size=(30, n_features))
    if n_classes == 0:
        y = x[:, 0] + rng.normal(size=n)
        assert np.array_equal(
            fit_predict(x, y[:, None], x_test, classes=False)[:, 0], scikit_learn(MLPRegressor, x, y, x_test)
        )
        return
    y = rng.permutation(np.arange(n) % n_classes)
    expected = scikit_learn(MLPClassifier, x, y, x_test)
    if n_classes == 2:
        assert np.array_equal(fit_predict(x, y[:, None] == 1, x_test, classes=True)[:, 0], expected[:, 1])
    else:
        assert np.array_equal(fit_predict(x, y[:, None] == np.arange(n_classes), x_test, classes=True), expected)


def test_training_stops_where_scikit_learn_stops():
    x = np.repeat([[-1.0], [1.0]], 30, axis=0)
    y = np.repeat([0.0, 0.0], 30)
    assert np.array_equal(fit_predict(x, y[:, None], x, classes=False)[:, 0], scikit_learn(MLPRegressor, x, y, x))
