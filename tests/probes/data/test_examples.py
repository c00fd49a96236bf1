"""Joining items, replies and targets: who is in, who is out and counted, and what was said."""

import numpy as np
import pytest

from tacit.errors import ProbeError
from tacit.probes.analysis.report_scores import read_outs
from tacit.probes.data.examples import Replies, make_examples
from tacit.probes.data.labels import TOO_LARGE
from tests.probes.worlds import WorldTarget, coin, make_world


def test_an_item_without_a_label_leaves_both_arms_and_is_counted():
    y = coin(30)
    y[3] = ""
    store, target = make_world(y, said=["yes"] * 30)
    examples = make_examples(store, target, "plain")
    assert len(examples.y) == 29
    assert "i3" not in examples.item_ids
    assert examples.dropped == {"no usable label": 1}
    assert examples.acts("object", 1).shape == (29, 12)
    assert np.array_equal(examples.acts("object", 1)[3], store.load("behavior", "plain", "object", 1)[4])


def test_an_item_without_a_report_reply_is_counted_apart():
    store, target = make_world(coin(30), said=["yes"] * 30)
    store.replies = store.replies[~((store.replies["item_id"] == "i5") & (store.replies["prompt"] == "report"))]
    assert make_examples(store, target, "plain").dropped == {"no reply to the report prompt": 1}


def test_replies_become_class_indices_and_non_answers_nan():
    said = ["no", "yes", "I cannot say", "hm"] + ["yes"] * 20
    examples = make_examples(*make_world(coin(24), said=said), "plain")
    assert examples.report[:4].tolist()[:2] == [0.0, 1.0]
    assert np.isnan(examples.report[2:4]).all()
    assert examples.outcome[:4] == ("answered", "answered", "refused", "unreadable")


def test_one_class_only_is_a_reason_and_not_a_crash():
    store, target = make_world(["yes"] * 30, said=["yes"] * 30)
    with pytest.raises(ProbeError, match="behavior/plain: all 30 usable items have the same label"):
        make_examples(store, target, "plain")


def test_too_few_items_are_a_reason_with_the_dropped_ones_named():
    store, target = make_world([*coin(6), "", ""], said=["yes"] * 8)
    with pytest.raises(ProbeError, match=r"6 usable items \(2 dropped: no usable label\); at least 12"):
        make_examples(store, target, "plain")


def test_rare_labels_read_off_the_data_become_other_and_reports_of_them_too():
    target = WorldTarget(classes=())
    target.read = lambda item, reply, **_: type("R", (), {"outcome": "answered", "value": reply})
    y = ["a"] * 20 + ["b"] * 20 + [f"rare{k}" for k in range(12)]
    target.classes = ()
    target_world = WorldTarget(classes=("a", "b"))
    store, _ = make_world(y, said=["a"] * 40 + ["rare3"] * 12, target=target_world)
    examples = make_examples(store, target, "plain")
    assert examples.kind == "multiclass"
    assert examples.classes == ("a", "b", "other")
    assert examples.report[-1] == 2


def test_a_class_that_is_none_of_the_labels_is_answered_and_wrong():
    target = WorldTarget(classes=("no", "yes", "maybe"))
    store, _ = make_world(coin(30), said=["maybe"] * 30, target=target)
    examples = make_examples(store, target, "plain")
    assert examples.kind == "binary"
    assert set(examples.report) == {-1.0}
    assert set(examples.outcome) == {"answered"}


def test_binary_log_probabilities_are_read_as_log_odds_of_the_positive_class():
    logp = np.log(np.tile([0.1, 0.3, 0.2], (20, 1)))
    store, target = make_world(coin(20), said=["yes"] * 20, logprobs=(("no", "yes", "gibberish"), logp))
    assert read_outs(make_examples(store, target, "plain"))["logits"] == pytest.approx(np.full(20, np.log(3)))


def test_count_log_probabilities_are_read_as_expected_value_over_the_valid_answers():
    target = WorldTarget(name="token_count", kind="count", classes=())
    logp = np.log(np.tile([0.2, 0.2, 0.1, 0.4], (20, 1)))
    store, _ = make_world(list(range(5, 25)), said=["7"] * 20, target=target, logprobs=(("1", "2", "6", "word"), logp))
    found = read_outs(make_examples(store, target, "plain"))
    assert found["logits"] == pytest.approx(np.full(20, (0.2 * 1 + 0.2 * 2 + 0.1 * 6) / 0.5))
    assert found["logits median"] == pytest.approx(np.full(20, 2.0))


def test_the_positive_control_counts_planted_answers_that_came_back():
    works = make_examples(*make_world(coin(40), said=["yes"] * 40), "plain")
    broken = make_examples(*make_world(coin(40), said=["yes"] * 40, control="broken"), "plain")
    right = [found.primary.control_right for found in (works, broken)]
    assert (right[0].mean(), right[1].mean(), len(right[0])) == (1.0, 0.0, 30)
    assert works.control == {"no": [15, 15], "yes": [15, 15]}


def test_activations_that_are_not_finite_are_named():
    store, target = make_world(coin(20), said=["yes"] * 20)
    store.arrays["behavior", "plain", "object", 1][3, 0] = np.inf
    with pytest.raises(ProbeError, match="1 of 20 activation rows at object layer 1 are not finite"):
        make_examples(store, target, "plain").acts("object", 1)


def test_a_reply_given_twice_is_an_error_and_not_a_choice():
    store, target = make_world(coin(20), said=["yes"] * 20)
    store.replies = store.replies.loc[[*store.replies.index, 20]]
    with pytest.raises(ProbeError, match="two replies"):
        make_examples(store, target, "plain")


def test_items_of_one_group_share_a_group_number():
    examples = make_examples(*make_world(coin(20), said=["yes"] * 20, groups=np.arange(20) // 2), "plain")
    assert examples.groups.tolist() == (np.arange(20) // 2).tolist()


def test_the_position_of_the_report_site_is_that_after_the_thoughts():
    store, target = make_world(coin(30), said=["<think>Hm.</think>yes", *["yes"] * 29])
    before = store.items["report_last"].to_numpy()
    of_report = (store.replies["prompt"] == "report").to_numpy()
    thoughts = iter([[1] * k for k in range(30)])
    store.replies["thoughts"] = [next(thoughts) if mine else float("nan") for mine in of_report]
    frame = make_examples(store, target, "plain").frame
    assert np.array_equal(frame["report_last"], before + np.arange(30))
    assert frame["thoughts"].tolist() == ["<think>Hm.</think>", *[""] * 29]


def test_an_item_whose_states_do_not_fit_into_memory_leaves_both_arms_and_is_counted():
    store, target = make_world(coin(30), said=["yes"] * 30)
    for states in store.arrays.values():
        states[4] = np.nan
    with pytest.raises(ProbeError, match="1 of 30 activation rows"):
        make_examples(store, target, "plain").acts("object", 1)
    store.missing = (4,)
    examples = make_examples(store, target, "plain")
    assert examples.dropped == {TOO_LARGE: 1} and "i4" not in examples.item_ids
    assert np.isfinite(examples.acts("object", 1)).all() and len(examples.acts("object", 1)) == len(examples.y) == 29


def test_a_prompt_without_a_reply_is_one_although_a_table_that_was_read_back_says_nan():
    store, target = make_world(coin(30), said=["yes"] * 30, target=WorldTarget(needs_reply=True))
    acted = (store.replies["item_id"] == "i5") & (store.replies["prompt"] == "object")
    store.replies.loc[acted, "text"] = float("nan")
    told = Replies(store.replies, target.name, "plain")
    assert told.object["i5"]["text"] is None and told.primary["i5"]["text"] == "yes"
