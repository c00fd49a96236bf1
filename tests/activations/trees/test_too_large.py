"""A prompt that does not fit into memory even alone: its item has no states there, and everything else is computed."""

from __future__ import annotations

import numpy as np
import pytest

from tacit.activations import open_store
from tacit.activations.model.load import fingerprint, load_config, load_tokenizer
from tacit.activations.plan import Ask, item_table, plan_run
from tacit.activations.random_models import cache_twins
from tacit.activations.store.verify import faults
from tacit.activations.write_shards import cache_entries
from tests.activations.helpers import ask_for, last_states, questions, settings_for, subject_for

LONG, LIMIT = 5, 120


def _ask() -> Ask:
    """Eight items, of which one has a report prompt of more than `LIMIT` tokens."""
    items = ask_for(8).items
    items.loc[LONG, "report_prompt"] += " now" * LIMIT
    return Ask("knowledge", items, questions(items))


@pytest.fixture
def scarce(tiny, monkeypatch):
    """A loaded model without room for more than `LIMIT` tokens in a row."""
    subject = subject_for(tiny("llama"))
    forward = subject.body.forward

    def limited(*args, **kwargs):
        if kwargs.get("input_ids", args[0] if args else None).shape[-1] > LIMIT:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        return forward(*args, **kwargs)

    monkeypatch.setattr(subject.body, "forward", limited)
    return subject


def test_its_item_has_no_states_there_and_everything_else_is_as_it_was(tiny, tmp_path, scarce):
    settings, said = settings_for(tiny("llama")), []
    tokenizer, config = load_tokenizer(settings), load_config(settings)
    (entry,) = plan_run([_ask()], settings, tokenizer=tokenizer, config=config, model=fingerprint(settings, config))
    assert len(entry.prompts["report"][LONG].ids) > LIMIT
    cache_entries(tmp_path, [entry], item_table([entry]), settings, {"id": "m"}, lambda: scarce, said.append)
    store, others = open_store(tmp_path), [row for row in range(8) if row != LONG]
    assert store.absent("knowledge", "plain") == [LONG] and store.absent("knowledge", "honest") == []
    assert any(line.startswith("1 prompts do not fit") and line.endswith("report, item q5") for line in said)
    assert not list(faults(store))
    report, obj = (store.load("knowledge", "plain", site, 2) for site in ("report", "object"))
    assert np.isnan(report[LONG]).all()
    expected = last_states(scarce, [entry.prompts["report"][row] for row in others])[2]
    np.testing.assert_allclose(report[others], expected, atol=1e-5)
    np.testing.assert_allclose(obj, last_states(scarce, entry.prompts["object"])[2], atol=1e-5)
    texts = store.replies.query("item_id == 'q5'").set_index("prompt")["text"]
    assert not isinstance(texts["report"], str) and isinstance(texts["object"], str)


def test_what_a_random_model_could_not_read_is_absent_too(tiny, tmp_path, monkeypatch):
    settings, subject = settings_for(tiny("llama")), subject_for(tiny("llama"))
    tokenizer, config = load_tokenizer(settings), load_config(settings)
    entries = plan_run([ask_for(8)], settings, tokenizer=tokenizer, config=config, model={"id": "m"})
    cache_entries(tmp_path, entries, item_table(entries), settings, {"id": "m"}, lambda: subject, lambda _: None)
    cache_twins(tmp_path, entries, item_table(entries), settings, tokenizer, lambda _: None, n=1)
    store = open_store(tmp_path)
    assert store.absent("knowledge", "plain") == []
    (twin,) = store.twins
    twin.manifest["entries"][0]["shards"][0]["absent"] = [3]
    monkeypatch.setattr(type(store), "twins", (twin,))
    assert store.absent("knowledge", "plain") == [3]
