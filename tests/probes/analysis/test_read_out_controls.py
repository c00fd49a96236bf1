"""Positive controls of log-probabilities: scored like the report that they are, form by form averaged alike."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_expit
from sklearn.metrics import roc_auc_score

from tacit.probes.analysis.read_out_controls import control_read_outs
from tacit.probes.data.examples import make_examples
from tests.probes.worlds import WorldTarget, coin, graded, make_world, reply_row

N = 60
SWAPPED = "logits/you/0/swapped"


def _asked(store, target, forms):
    """The store with a second form: its reports, and its controls with these log-odds by item."""
    items = make_examples(store, target, "plain").store.items
    rows = []
    for item in pd.DataFrame(items).itertuples():
        odds = forms.get(item.item_id)
        rows.append(reply_row(target, "plain", item, "report", None, target.classes, (-0.1, -2.0), SWAPPED))
        if odds is not None:
            logp = (log_expit(-odds), log_expit(odds))
            rows.append(reply_row(target, "plain", item, "control", None, target.classes, logp, SWAPPED))
    store.replies = pd.concat([store.replies, pd.DataFrame(rows)], ignore_index=True)
    return make_examples(store, target, "plain")


def _odds(store, elicitation):
    rows = store.replies[(store.replies["prompt"] == "control") & (store.replies["elicitation"] == elicitation)]
    return {r.item_id: r.logprobs[1] - r.logprobs[0] for r in rows.itertuples()}


def test_the_score_of_a_control_is_the_auroc_of_the_mean_log_odds_of_its_forms():
    y = coin(N)
    store, target = make_world(y, logprobs=graded(y, 0.7)["logprobs"], said=["no"] * N, control="leans")
    noise = np.random.default_rng(1).normal(size=N)
    examples = _asked(store, target, {f"i{k}": noise[k] for k in range(25)})
    (found,) = control_read_outs(examples)
    one, two = _odds(store, "choice/you/0"), _odds(store, SWAPPED)
    both = [item for item in one if item in two]
    planted = [store.items.set_index("item_id")["control_answer"][item] == "yes" for item in both]
    wanted = roc_auc_score(planted, [(one[item] + two[item]) / 2 for item in both])
    assert len(both) == 25 and found.planted.score == pytest.approx(wanted)
    assert (found.planted.n, found.planted.least) == (25, min(sum(planted), 25 - sum(planted)))
    assert found.natural is None and found.covered == 1.0 and found.metric == "auroc"


def test_a_model_that_always_says_no_and_follows_what_it_is_told_is_shown_and_a_deaf_one_is_not():
    y = coin(N)
    world = {"said": ["no"] * N, "logprobs": graded(y, 0.7)["logprobs"]}
    for control, shown in (("leans", True), ("deaf", False)):
        examples = make_examples(*make_world(y, control=control, **world), "plain")
        assert not examples.primary.control_right[np.array(examples.primary.control_planted) == "yes"].any()
        assert control_read_outs(examples)[0].shown == shown


def test_classes_that_no_control_states_leave_its_score_undefined():
    y = coin(N)
    store, target = make_world(y, said=["no"] * N, logprobs=graded(y, 0.7)["logprobs"], control="leans")
    told = store.items.set_index("item_id")["control_answer"]
    keep = (store.replies["prompt"] != "control") | (store.replies["item_id"].map(told) == "no")
    store.replies = store.replies[keep]
    (found,) = control_read_outs(make_examples(store, target, "plain"))
    assert np.isnan(found.planted.score) and found.planted.least == 0 and not found.shown


def test_counts_and_runs_without_log_probabilities_have_none():
    y = coin(N)
    assert control_read_outs(make_examples(*make_world(y, said=y), "plain")) == []
    counts = np.random.default_rng(0).integers(5, 25, size=N)
    world = {"target": WorldTarget("token_count", "count", ()), "said": [str(v) for v in counts]}
    logprobs = (("10", "20"), np.log(np.full((N, 2), 0.5)))
    assert control_read_outs(make_examples(*make_world(counts, logprobs=logprobs, **world), "plain")) == []
