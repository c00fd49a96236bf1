"""Output signals: read from the replies, and what a probe adds to them is neither missed nor made up."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from tacit.probes.controls.output_confidence import (
    ALONE,
    BEYOND,
    Filled,
    gain_beyond,
    output_confidence,
    output_signals,
    stacked_scores,
)
from tacit.probes.estimators.families import LOGISTIC, Dense
from tacit.probes.estimators.nested_cv import candidate_named, cross_fit
from tests.probes.settings import setting
from tests.probes.worlds import WorldTarget, along, coin


def _with_replies(s, **columns):
    """The same examples with object replies that carry these columns."""
    replies = pd.DataFrame(
        {"target": s.examples.target, "condition": "plain", "item_id": s.examples.item_ids} | columns
    )
    store = s.examples.store
    others = store.replies[store.replies["prompt"] != "object"]
    store.replies = pd.concat([others, replies.assign(prompt="object", text="")], ignore_index=True)
    return s


def test_signals_are_the_columns_of_the_object_replies_in_the_items_order():
    s = _with_replies(
        setting(coin(40), layers=(2,)), logprob=-np.arange(40.0), n_tokens=2, first_logprob=0.5, entropy=1.5
    )
    found = output_signals(s.examples, p_true=np.full(40, 9.0))
    assert found[3].tolist() == [9.0, -3.0, -1.5, 0.5, 1.5]


def test_a_store_without_object_replies_has_no_output_signals():
    s = setting(coin(40), layers=(2,))
    assert output_signals(s.examples) is None
    assert output_signals(s.examples, p_true=np.arange(40.0)).shape == (40, 1)


def test_missing_signals_are_filled_from_the_training_rows_and_marked():
    x = np.array([[1.0], [3.0], [np.nan], [np.nan]])
    filled = Filled(x).split(np.array([0, 1, 2]), np.array([3]))
    plain = Dense(np.array([[1.0, 0], [3, 0], [2, 1], [2, 1]])).split(np.array([0, 1, 2]), np.array([3]))
    np.testing.assert_allclose(filled[1], plain[1])


def test_confidence_that_tells_right_from_wrong_is_read():
    y = coin(200)
    sure = np.array([v == "yes" for v in y]) * 3.0 + np.random.default_rng(0).normal(size=200)
    s = setting(y, layers=(2,))
    assert s.score(output_confidence(sure[:, None], s.scoring, s.folds).held) > 0.95


def test_stacked_scores_come_from_probes_that_saw_neither_the_row_nor_the_outer_fold():
    y = coin(120)
    s = setting(y, signal=along(y, 2.0), layers=(2,), sites=("object",))
    i, j = 1, 3
    held = cross_fit(Dense(s.examples.acts("object", 2)), s.scoring, s.folds, [LOGISTIC])
    _, k = candidate_named([LOGISTIC], held.chosen[i])
    train = np.flatnonzero((s.folds.fold != i) & (s.folds.fold != j))
    test = np.flatnonzero(s.folds.fold == j)
    x_train, x_test = Dense(s.examples.acts("object", 2)).split(train, test)
    wanted = LogisticRegression(C=float(LOGISTIC.candidates[k].removeprefix("C=")), max_iter=2000)
    wanted = wanted.fit(x_train, s.scoring.y[train]).decision_function(x_test)
    found = stacked_scores(s.examples, s.scoring, s.folds, s.headline, probes=[LOGISTIC])[i]
    np.testing.assert_allclose(found[test, 0], wanted, atol=2e-2)
    out = s.folds.fold == i
    np.testing.assert_array_equal(found[out, 0], held.pred[out])


@pytest.mark.parametrize(("strength", "adds"), [(3.0, True), (0.0, False)])
def test_a_probe_adds_to_output_confidence_only_where_the_states_carry_more(strength, adds):
    y = coin(300)
    sure = np.array([v == "yes" for v in y]) * 1.5 + np.random.default_rng(0).normal(size=300)
    s = setting(y, signal=along(y, strength))
    found = gain_beyond(s.examples, s.scoring, s.folds, s.headline, sure[:, None])
    gain = s.score(found[BEYOND].held) - s.score(found[ALONE].held)
    assert gain > 0.05 if adds else abs(gain) < 0.03


def test_output_confidence_that_is_all_the_probe_reads_leaves_it_nothing_to_add():
    y = coin(300)
    sure = np.array([v == "yes" for v in y]) * 2.0 + np.random.default_rng(0).normal(size=300)
    s = setting(y, signal=lambda site, layer: 3 * sure[:, None])
    found = gain_beyond(s.examples, s.scoring, s.folds, s.headline, sure[:, None])
    assert abs(s.score(found[BEYOND].held) - s.score(found[ALONE].held)) < 0.02
    assert s.score(found[ALONE].held) == pytest.approx(
        s.score(output_confidence(sure[:, None], s.scoring, s.folds).held), abs=0.01
    )


def test_counts_leave_the_sum_out_which_grows_with_the_length_that_is_asked():
    s = setting(
        [int(v) for v in np.random.default_rng(0).integers(5, 30, 60)],
        layers=(2,),
        target=WorldTarget(name="token_count", kind="count", classes=()),
    )
    _with_replies(s, logprob=-np.arange(60.0), n_tokens=2, first_logprob=-0.5, entropy=1.5)
    assert output_signals(s.examples).shape == (60, 3)
    found = gain_beyond(s.examples, s.scoring, s.folds, s.headline, output_signals(s.examples))
    assert np.isfinite(found[BEYOND].held.pred).all()
