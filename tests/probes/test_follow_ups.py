"""What is asked after the act shows nothing of the item's own group, and the act as it was."""

import json

import numpy as np
import pytest

from tacit.errors import TargetError
from tacit.probes.data.examples import make_examples
from tacit.probes.data.folds import make_folds
from tacit.probes.follow_ups import follow_ups
from tacit.targets.elicitations import Elicitation
from tacit.targets.questions import choose_shots, turns, with_note
from tacit.targets.tables.item_frames import frame_to_items
from tests.probes.worlds import coin, make_world


def test_examples_shown_come_from_other_folds_and_spread_over_the_labels():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 4)
    y = rng.permutation(np.arange(120) % 2).astype(float)
    folds = make_folds(y, groups, kind="binary", seed=0)
    shots = choose_shots(y, groups, folds.fold, k=4, seed=0)
    for row, shown in enumerate(shots):
        assert not set(groups[list(shown)]) & set(groups[folds.fold == folds.fold[row]])
        assert sorted(y[list(shown)]) == [0, 0, 1, 1]
    assert len(set(shots)) == folds.n_folds, "one set of examples a fold, so that their beginning is shared"


def test_more_examples_than_the_other_folds_hold_are_refused():
    with pytest.raises(TargetError, match="few-shot prompts need 16 examples"):
        choose_shots(np.arange(12.0), np.arange(12), np.arange(12) % 3, k=16, seed=0)


def test_shots_show_the_question_in_its_own_form_with_the_true_answers():
    y = coin(60)
    store, target = make_world(y, said=y)
    items = frame_to_items(store.items)
    found = follow_ups(store, target, items, [Elicitation("shots4")], "plain", seed=0, controls=5)
    (shown,) = found
    report, control = shown.questions
    assert (shown.part, report.elicitation, len(report.texts), len(control.texts)) == (
        "shots4-you-0",
        "shots4/you/0",
        60,
        5,
    )
    parts = turns(report.texts[0])
    assert [role for role, _ in parts] == ["user", "assistant"] * 4 + ["user"]
    truth = {f"say {k} (shots4/you/0)": label for k, label in enumerate(y)}
    assert all(truth[q] == a for (_, q), (_, a) in zip(parts[:-1:2], parts[1::2], strict=True))
    assert parts[-1][1] == "say 0 (shots4/you/0)"
    assert "right answer to the next question" in turns(control.texts[0])[-1][1]


def test_labels_of_the_examples_shown_are_those_of_the_folds_that_the_probe_is_scored_on():
    y = coin(60)
    store, target = make_world(y, said=y)
    examples = make_examples(store, target, "plain")
    folds = make_folds(examples.y, examples.groups, kind="binary", seed=3)
    (shown,) = follow_ups(
        store, target, frame_to_items(store.items), [Elicitation("shots4")], "plain", seed=3, controls=0
    )
    for row, text in enumerate(shown.questions[0].texts):
        asked = [int(q.split()[1]) for role, q in turns(text)[:-1] if role == "user"]
        assert (folds.fold[asked] != folds.fold[row]).all()


def test_after_the_act_the_models_own_reply_stands_before_the_question():
    store, target = make_world(coin(40), said=coin(40))
    (acted,) = follow_ups(
        store, target, frame_to_items(store.items), [Elicitation(context="after")], "plain", seed=0, controls=2
    )
    assert json.loads(acted.questions[0].texts[3]) == [
        {"role": "user", "content": "do 3"},
        {"role": "assistant", "content": "done"},
        {"role": "user", "content": "say 3 (choice/you/after/0)"},
    ]


def test_a_note_stands_above_the_last_question_of_a_chat_and_text_that_looks_like_json_stays_text():
    chat = json.dumps(
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    )
    assert turns(with_note(chat, "note ")) == [("user", "a"), ("assistant", "b"), ("user", "note c")]
    assert turns(with_note("[{broken", "note ")) == [("user", "note [{broken")]
