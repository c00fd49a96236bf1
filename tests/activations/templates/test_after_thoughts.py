"""Where the site `report` is read of a model that thinks before it answers: after its thoughts, closed."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from tacit.activations import open_store
from tacit.activations.ablate import Ablator
from tacit.activations.model.prompts import Prompt
from tacit.activations.random_models import cache_twins, random_subject
from tacit.activations.templates.thinking import closed_thoughts, thinking_of
from tacit.activations.write_shards import cache_entries
from tests.activations.helpers import last_states, planned, subject_for
from tests.activations.templates.test_chat_template import EACH, OFF, tokenizer_with
from tests.activations.templates.test_thinking import OPENED, QWEN
from tests.conftest import CHAT

SITES = ("object", "report:-1", "report")
MOST = 40


@pytest.mark.parametrize(
    "template, written, read",
    [
        (OPENED, "Paris?\n</think>\n\nLima", "Paris?\n</think>\n\n"),
        (OPENED, "Paris?</think>Lima", "Paris?</think>\n\n"),
        (QWEN, "<think>\nParis?\n</think>\n\nLima", "<think>\nParis?\n</think>\n\n"),
        (QWEN, "Lima", "<think>\n\n</think>\n\n"),
        (QWEN, "<think>\nParis?", "<think>\nParis?\n</think>\n\n"),
        (OPENED, "Paris?", "Paris?\n</think>\n\n"),
        (OPENED, "", "\n</think>\n\n"),
        (
            EACH + "{# <|channel|>final<|message|> #}",
            "<|channel|>analysis<|message|>Paris?<|channel|>final<|message|>Lima",
            "<|channel|>analysis<|message|>Paris?<|channel|>final<|message|>",
        ),
    ],
)
def test_the_answer_begins_after_its_own_thoughts_closed_as_the_template_closes_them(template, written, read):
    tokenizer = tokenizer_with(template)
    ids = tokenizer(written, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(closed_thoughts(tokenizer, ids, thinking_of(tokenizer), 100)) == read


def test_thoughts_that_leave_no_room_for_their_end_are_cut_and_closed():
    tokenizer = tokenizer_with(OPENED)
    thinking, ids = (
        thinking_of(tokenizer),
        tokenizer("Paris? " * 60 + "</think>", add_special_tokens=False)["input_ids"],
    )
    for most in (MOST, len(ids)):
        found = closed_thoughts(tokenizer, ids, thinking, most)
        n = len(tokenizer(thinking.closing)["input_ids"])
        assert len(found) == most and found[:-n] == ids[: most - n]
        assert tokenizer.decode(found).endswith(thinking.closing)


@pytest.fixture(scope="module")
def thought(tiny, tmp_path_factory):
    """(folder, store, entry, items, settings) of a model that thinks, and whose thoughts never end."""
    folder = tmp_path_factory.mktemp("thinking")
    model = shutil.copytree(tiny("llama"), folder / "model")
    (model / "chat_template.jinja").write_text(CHAT + OFF + "{% else %}<think>\n{% endif %}")
    entries, items, settings, known = planned(model, 12, thinking_tokens=MOST - 3, sites=SITES)
    subject = subject_for(model)
    cache_entries(folder / "store", entries, items, settings, known, lambda: subject, lambda _: None)
    return folder / "store", entries, items, settings, subject


def _after(subject, entry, thoughts):
    prompts = zip(entry.ask.items["item_id"], entry.prompts["report"], strict=True)
    return last_states(subject, [Prompt("", [*prompt.ids, *thoughts[item_id]]) for item_id, prompt in prompts])


def test_the_report_site_follows_the_thoughts_and_other_sites_stay_in_the_prompt(thought):
    folder, (entry,), _, _, subject = thought
    store = open_store(folder)
    thoughts = store.thoughts("knowledge", "plain")
    assert {len(tokens) for tokens in thoughts.values()} == {MOST}
    expected = {
        "report": _after(subject, entry, thoughts),
        "report:-1": last_states(subject, entry.prompts["report"]),
        "object": last_states(subject, entry.prompts["object"]),
    }
    for site, states in expected.items():
        for layer in store.layers:
            found = store.load("knowledge", "plain", site, layer)
            np.testing.assert_allclose(found, states[layer].float().numpy(), atol=2e-5, err_msg=site)


def test_random_models_read_what_the_model_itself_thought(thought):
    folder, entries, items, settings, subject = thought
    assert cache_twins(folder, entries, items, settings, subject.tokenizer, lambda _: None, n=1)
    assert not cache_twins(folder, entries, items, settings, subject.tokenizer, lambda _: None, n=1)
    (twin,) = open_store(folder).twins
    random = random_subject(settings, subject.tokenizer, seed=0)
    states = _after(random, entries[0], open_store(folder).thoughts("knowledge", "plain"))
    np.testing.assert_allclose(twin.load("knowledge", "plain", "report", 2), states[2].float().numpy(), atol=2e-5)


def test_what_is_ablated_at_the_report_site_is_the_state_after_the_thoughts(thought):
    folder, _, _, settings, subject = thought
    shifts = np.ones((1, 2, subject.d_model), dtype=np.float32)
    store = open_store(folder)
    found = Ablator(subject, store, settings).ablate("knowledge", "plain", "report", 1, np.array([0, 3]), shifts)
    assert (found > 0).all()


def test_states_after_thoughts_are_asked_for_under_a_key_of_their_own(tiny, tmp_path, thought):
    _, (entry,), _, settings, _ = thought
    (within,), *_ = planned(settings.model, 12, thinking_tokens=MOST - 3, sites=SITES[:2])
    assert within.key != entry.key and not any(site.follows_thoughts for site in within.sites)


def test_a_model_that_does_not_think_is_read_at_the_end_of_the_prompt(tiny, tmp_path):
    (entry,), items, settings, known = planned(tiny("llama"), 12, sites=("report", "report:-1"))
    cache_entries(tmp_path, [entry], items, settings, known, lambda: subject_for(tiny("llama")), lambda _: None)
    store = open_store(tmp_path)
    assert store.thoughts("knowledge", "plain") == {} and "thoughts" not in store.replies
    last, back = (torch.tensor(store.load("knowledge", "plain", site, 2)) for site in ("report", "report:-1"))
    assert torch.equal(last, back)
