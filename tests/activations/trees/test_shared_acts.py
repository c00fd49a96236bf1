"""The model acts once for all targets whose object prompts are the same."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from tacit import verbs
from tacit.activations.model.load import load_config, load_tokenizer
from tacit.activations.plan import ACTS, Ask, plan_run
from tacit.activations.trees.ask import REPLY_COLUMNS, Asking
from tacit.activations.trees.shared_acts import completed, each_prompt_once, known_replies, left_to_ask, turns
from tacit.probes import compare_run
from tacit.targets.questions import Question
from tests.activations.helpers import settings_for


def _acts(folder, **asked):
    """The entries of the acts: target -> (object prompts, longest reply, samples)."""
    settings = settings_for(folder)
    asks = [
        Ask(
            name,
            pd.DataFrame({"item_id": [f"{name}{i}" for i in range(len(texts))]}),
            (Question("object", texts, tokens=tokens, samples=samples),),
            part=ACTS,
        )
        for name, (texts, tokens, samples) in asked.items()
    ]
    terms = {"tokenizer": load_tokenizer(settings), "config": load_config(settings), "model": {"id": "m"}}
    return plan_run(asks, settings, **terms)


def _replies(entry, texts):
    rows = [
        dict.fromkeys(REPLY_COLUMNS, 0)
        | {"target": entry.ask.target, "condition": entry.condition, "item_id": name, "text": text}
        for name, text in zip(entry.ask.items["item_id"], texts, strict=True)
    ]
    return pd.DataFrame(rows)


def _turns(folder, **asked):
    return [[entry.ask.target for entry in turn] for turn in turns(_acts(folder, **asked))]


def test_a_target_comes_after_those_that_ask_the_same(tiny):
    same, more, other = ("Why?", "How?"), ("How?", "Who?"), ("When?",)
    asked = {"a": (same, 4, 0), "b": (other, 4, 0), "c": (more, 4, 0), "d": (("Who?",), 4, 0)}
    assert _turns(tiny("llama"), **asked) == [["a", "b"], ["c"], ["d"]]


def test_replies_that_may_be_longer_and_samples_are_not_shared(tiny):
    assert _turns(tiny("llama"), a=(("Why?",), 4, 0), b=(("Why?",), 5, 0)) == [["a", "b"]]
    assert _turns(tiny("llama"), a=(("Why?",), 4, 2), b=(("Why?",), 4, 2)) == [["a", "b"]]


def test_what_is_known_is_put_in_its_place_and_the_rest_is_asked(tiny):
    a, b = _acts(tiny("llama"), a=(("Why?", "How?"), 4, 0), b=(("Who?", "How?", "Where?", "Why?"), 4, 0))
    known = known_replies([a], _replies(a, ["since", None]))
    part = (b, range(1, 4))
    entry, rows = left_to_ask(part, known)
    assert (list(entry.ask.items["item_id"]), rows) == (["b1", "b2"], range(2))
    assert [prompt.text for prompt in entry.prompts["object"]] == [p.text for p in b.prompts["object"][1:3]]
    _, table = completed(part, ({}, _replies(entry, ["so", "here"])), known)
    assert list(table["item_id"]) == ["b1", "b2", "b3"] and set(table["target"]) == {"b"}
    assert list(table["text"]) == ["so", "here", "since"]
    assert left_to_ask(part, {}) is part


def test_a_prompt_of_several_targets_counts_once_in_the_cost(tiny):
    a, b, c = _acts(tiny("llama"), a=(("Why?", "How?"), 4, 0), b=(("How?", "Who?"), 4, 0), c=(("Who?", "How?"), 4, 0))
    parts = each_prompt_once([(entry, range(2)) for entry in (a, b, c)], known_replies([a], _replies(a, ["so", None])))
    assert [(list(entry.ask.items["item_id"]), rows) for entry, rows in parts] == [
        (["a1"], range(1)),
        (["b1"], range(1)),
    ]
    sampled = _acts(tiny("llama"), a=(("Why?",), 4, 2), b=(("Why?",), 4, 2))
    assert len(each_prompt_once([(entry, range(1)) for entry in sampled], {})) == 2


def _as_asked(line):
    return int(re.search(r"prompts of ([\d,]+) tokens", line)[1].replace(",", ""))


@pytest.fixture
def rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = [
        {
            "original_question": f"Bird {i}?", "object_level_prompt": f"Bird {i}?", "behavioral_property": each,
            "hypothetical_prompt": f"What would be the {each} of your answer to: Bird {i}?",
        }
        for each in ("first_word", "length", "second_character") for i in range(12) if (each, i) != ("length", 3)
    ]  # fmt: skip
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    return "rows.jsonl"


def test_a_run_about_several_properties_asks_each_object_prompt_once(tiny, rows, monkeypatch):
    asked, told = [], []
    real = Asking.shards

    def counted(self, parts, tally):
        acts = [entry for entry, _ in parts if entry.ask.part == ACTS]
        asked.extend(prompt.text for entry in acts for prompt in entry.prompts["object"])
        return real(self, parts, tally)

    monkeypatch.setattr(Asking, "shards", counted)
    options = {"twins": 0, "reports": ("choice",), "paraphrases": 1, "framings": ("you",), "layers": "1"}
    options |= {"model": tiny("llama"), "keep_one_class": True, "workers": 1}
    run = verbs.cache("r", data=(f"behavior={rows}:length,first_word,second_character",), say=told.append, **options)
    assert len(asked) == len(set(asked)) == 12
    told = [line for line in told if "(prompts of" in line and not line.startswith("prompts that depend")]
    first, *parts = told
    assert first.startswith("in all") and _as_asked(first) == pytest.approx(sum(map(_as_asked, parts)), abs=3)
    acts = run.store.replies.query("prompt == 'object'")
    assert acts["target"].value_counts().to_dict() == {
        "behavior-length": 11, "behavior-first_word": 12, "behavior-second_character": 12,
    }  # fmt: skip
    said = run.store.items.merge(acts, on=["target", "item_id"]).groupby("object_prompt")["text"]
    assert said.nunique().eq(1).all() and said.size().max() == 3
    again = verbs.cache("r", **options | {"model": None})
    assert len(asked) == 12 and again.settings.targets == run.settings.targets
    verdicts = compare_run(verbs.probe("r", permutations=0).path, n_resamples=50)
    assert [row["target"] for row in verdicts] == list(run.settings.targets)
