"""Logit-lens logits, mean input embeddings, and random-initialised models of the same architecture."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tacit.activations import ActivationError, open_store
from tacit.activations.model.load import load_tokenizer
from tacit.activations.model.logit_lens import final_norm
from tacit.activations.model.mean_embeddings import mean_embeddings
from tacit.activations.model.prompts import encode
from tacit.activations.random_models import cache_twins, random_subject
from tacit.activations.store.store import ENDS
from tacit.activations.store.verify import faults
from tacit.activations.write_shards import cache_entries
from tests.activations.helpers import fresh_subject_for, planned, settings_for, subject_for
from tests.conftest import ARCHITECTURES


def _cached(folder, model, n=12, load=None):
    entries, items, settings, fingerprint = planned(model, n)
    ran = cache_entries(folder, entries, items, settings, fingerprint, load or (lambda: subject_for(model)), print)
    return ran, entries, items, settings


@pytest.mark.parametrize("family", ARCHITECTURES)
def test_the_final_norm_is_found_in_every_family_by_trying(tiny, family):
    norm = final_norm(subject_for(tiny(family)))
    assert "norm" in type(norm).__name__.lower()


def test_a_model_whose_last_block_feeds_a_projection_has_no_lens(tiny):
    subject = fresh_subject_for(tiny("opt"))
    inner, width = subject.module.model.decoder, subject.d_model
    inner.final_layer_norm, inner.project_out = None, torch.nn.Linear(width, width, bias=False)
    assert final_norm(subject) is None


def test_the_last_layers_lens_is_the_models_own_next_token(tiny, tmp_path):
    _, entries, _, _ = _cached(tmp_path, tiny("llama"))
    ends, replies = open_store(tmp_path).lens_and_embeddings("knowledge", "plain"), open_store(tmp_path).replies
    subject = subject_for(tiny("llama"))
    for row, prompt in enumerate(entries[0].prompts["object"]):
        logits = subject.module(torch.tensor([prompt.ids])).logits[0, -1].detach()
        np.testing.assert_allclose(ends["lens/003"][row], logits[ends["tokens"]], atol=1e-4)
        assert ends["first"][row] == int(logits.argmax())
    assert list(ends["first"]) == list(replies.loc[replies["prompt"] == "object", "first_token"])


def test_mean_embeddings_are_the_mean_of_the_tokens_rows(tiny):
    subject = subject_for(tiny("llama"))
    prompts = encode(subject.tokenizer, ["Where was Ada born?", "now"])
    table = subject.module.get_input_embeddings().weight.detach()
    for row, prompt in zip(mean_embeddings(subject, prompts), prompts, strict=True):
        np.testing.assert_allclose(row, table[list(prompt.ids)].mean(0), atol=1e-6)


def test_a_damaged_file_of_the_ends_is_named_and_written_anew_alone(tiny, tmp_path):
    _, entries, _, _ = _cached(tmp_path, tiny("llama"))
    path = tmp_path / entries[0].folder / ENDS
    whole = path.read_bytes()
    path.write_bytes(whole[:-4])
    assert [ENDS in fault for fault in faults(open_store(tmp_path))] == [True]
    shard = next((tmp_path / entries[0].folder).glob("0*.safetensors")).stat().st_mtime_ns
    _cached(tmp_path, tiny("llama"))
    assert path.read_bytes() == whole
    assert next((tmp_path / entries[0].folder).glob("0*.safetensors")).stat().st_mtime_ns == shard
    assert not list(faults(open_store(tmp_path)))


def test_twins_hold_the_same_rows_of_other_weights_and_are_made_once(tiny, tmp_path):
    _, entries, items, settings = _cached(tmp_path, tiny("llama"))
    tokenizer, said = load_tokenizer(settings), []
    assert cache_twins(tmp_path, entries, items, settings, tokenizer, said.append, n=2)
    store = open_store(tmp_path)
    own = store.load("knowledge", "plain", "object", 2)
    states = [twin.load("knowledge", "plain", "object", 2) for twin in store.twins]
    np.testing.assert_allclose(states[0], own, atol=1e-6)  # the model under test is itself random, of seed 0
    assert states[1].shape == own.shape and np.abs(states[1] - own).max() > 0.01
    assert not cache_twins(tmp_path, entries, items, settings, tokenizer, said.append, n=2)
    assert not list(faults(store)) + [fault for twin in store.twins for fault in faults(twin)]


def test_a_twin_has_the_architecture_of_the_model_and_the_weights_of_its_seed(tiny):
    settings = settings_for(tiny("qwen2"))
    tokenizer = load_tokenizer(settings)
    own = subject_for(tiny("qwen2")).module.state_dict()
    first, again, other = (random_subject(settings, tokenizer, seed=s).module.state_dict() for s in (7, 7, 8))
    assert {k: v.shape for k, v in first.items()} == {k: v.shape for k, v in own.items()}
    name = "model.layers.0.mlp.up_proj.weight"
    assert torch.equal(first[name], again[name])
    assert not torch.equal(first[name], other[name]) and not torch.equal(first[name], own[name])


def test_building_a_twin_leaves_the_callers_random_numbers_alone(tiny):
    settings = settings_for(tiny("llama"))
    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    random_subject(settings, load_tokenizer(settings), seed=0)
    assert torch.equal(torch.rand(3), wanted)


def test_a_remote_model_gets_no_random_initialised_models_and_the_user_is_told(tiny, tmp_path):
    said = []
    settings = settings_for(tiny("llama"), remote="ndif")
    assert not cache_twins(tmp_path, (), None, settings, None, said.append)
    assert "the model is remote" in said[0] and not list(tmp_path.iterdir())


def test_an_architecture_that_cannot_be_built_is_told_in_one_line(tiny, monkeypatch):
    def refuse(*_, **__):
        raise ValueError("no such class\nlong story")

    monkeypatch.setattr("tacit.activations.random_models.AutoModelForCausalLM.from_config", refuse)
    settings = settings_for(tiny("llama"))
    with pytest.raises(ActivationError, match=r"\(no such class\). Try: --twins 0"):
        random_subject(settings, load_tokenizer(settings), seed=0)
