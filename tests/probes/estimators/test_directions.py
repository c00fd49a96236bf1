"""Directions: what is saved, with a dot product, is the pipeline's decision function."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tacit.errors import ProbeError
from tacit.probes.estimators.directions import fit_direction, load_direction, save_directions
from tacit.probes.estimators.families import ALPHAS, CS, LDA, LOGISTIC, RIDGE, families
from tacit.probes.estimators.nested_cv import candidate_named
from tests.probes.settings import setting
from tests.probes.worlds import WorldTarget, along, coin


def _data(n_classes, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, 150).astype(float)
    x = rng.normal(size=(150, 10)) * rng.uniform(0.1, 50, 10) + 7 + y[:, None] * 3
    return x.astype(np.float32), y


@pytest.mark.parametrize("wide", [False, True])
def test_the_dot_product_is_the_decision_function_of_the_pipeline(wide):
    x, y = _data(2)
    x = np.hstack([x, np.random.default_rng(3).normal(size=(150, 300)).astype(np.float32)]) if wide else x
    weight, bias = fit_direction(x, y, n_classes=2, family=LOGISTIC, k=3)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=CS[3], max_iter=5000, tol=1e-8)).fit(x, y)
    assert weight.shape == (1, x.shape[1])
    np.testing.assert_allclose(x @ weight[0] + bias[0], model.decision_function(x), atol=2e-2)


def test_several_classes_get_a_direction_each_up_to_what_they_share():
    x, y = _data(3)
    weight, bias = fit_direction(x, y, n_classes=3, family=LOGISTIC, k=3)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=CS[3], max_iter=5000)).fit(x, y)
    wanted = model.decision_function(x)
    np.testing.assert_allclose(x @ weight.T + bias, wanted - wanted.mean(1, keepdims=True), atol=2e-2)


def test_a_counts_direction_is_the_ridge_pipelines_prediction():
    x, y = _data(20)
    weight, bias = fit_direction(x, y, n_classes=0, family=RIDGE, k=4)
    wanted = make_pipeline(StandardScaler(), Ridge(alpha=ALPHAS[4])).fit(x, y).predict(x)
    np.testing.assert_allclose(x @ weight[0] + bias[0], wanted, rtol=1e-4, atol=1e-3)


def test_a_family_that_bends_has_no_direction_and_a_count_gets_that_of_ridge(tmp_path):
    x, y = _data(20)
    assert fit_direction(x, y, n_classes=0, family=LDA, k=1) is None
    s = setting([int(v) for v in y], target=WorldTarget(name="token_count", kind="count", classes=()), layers=(2,))
    name = f"{LDA.name} {LDA.candidates[1]}"
    save_directions(tmp_path, s.examples, {("object", 2): name}, probes=[LDA])
    found = load_direction(tmp_path, "token_count", 2)
    alphas = np.logspace(-2, 5, 8)
    wanted = make_pipeline(StandardScaler(), RidgeCV(alphas=alphas)).fit(s.examples.acts("object", 2), s.examples.y)
    assert found.metadata["chosen"] == "ridge"
    np.testing.assert_allclose(
        found.score(s.examples.acts("object", 2)), wanted.predict(s.examples.acts("object", 2)), atol=1e-3
    )


def test_what_was_saved_is_read_back_with_its_metadata(tmp_path):
    y = coin(80)
    s = setting(y, signal=along(y, 4.0))
    chosen = {key: held.usual for key, held in zip(s.found.readings, s.found.held, strict=True)}
    save_directions(tmp_path, s.examples, chosen, notes={"model": "m"})
    found = load_direction(tmp_path, "behavior", 2, condition="plain", site="report")
    family, k = candidate_named(families("binary"), chosen["report", 2])
    weight, bias = fit_direction(s.examples.acts("report", 2), s.scoring.y, n_classes=2, family=family, k=k)
    np.testing.assert_array_equal(found.weight, weight)
    np.testing.assert_array_equal(found.bias, bias)
    assert found.metadata["classes"] == ["no", "yes"] and found.metadata["model"] == "m"
    assert found.metadata["chosen"] == chosen["report", 2]
    direction = found.weight[0] / np.linalg.norm(found.weight[0])
    assert abs(direction[0]) > 0.5  # the planted dimension
    assert np.corrcoef(found.score(s.examples.acts("report", 2)), s.scoring.y)[0, 1] > 0.8


def test_what_is_not_held_is_told_in_one_line(tmp_path):
    s = setting(coin(40), layers=(2,), sites=("object",))
    with pytest.raises(ProbeError, match=r"directions held: none\). Run: tacit probe"):
        load_direction(tmp_path, "behavior", 2)
    path = save_directions(tmp_path, s.examples, {("object", 2): s.found.held[0].usual})
    with pytest.raises(ProbeError, match=r"no object layer 3 .it holds object 2"):
        load_direction(tmp_path, "behavior", 3)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(ProbeError, match="is damaged"):
        load_direction(tmp_path, "behavior", 2)
