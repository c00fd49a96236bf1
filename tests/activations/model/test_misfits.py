"""Checkpoints whose parts do not fit each other, or whose blocks cannot be read: one sentence, no traceback."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers.processors import TemplateProcessing
from transformers import RwkvConfig, RwkvForCausalLM

import tacit
from tacit.activations.model.capture import check_subject, check_tokens
from tacit.activations.model.checkpoint import loaded_files
from tacit.activations.model.load import fingerprint, load_config, load_subject, load_tokenizer
from tacit.activations.model.prompts import encode
from tacit.activations.trees.answers import spellings
from tacit.activations.trees.run import can_batch
from tacit.errors import ActivationError
from tests.activations.helpers import fresh_subject_for, settings_for, subject_for
from tests.conftest import build_tokenizer


def _copied(source, folder):
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return folder


def _changed_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def test_a_token_beyond_the_embedding_is_named(tiny):
    subject = subject_for(tiny("llama"))
    rows = subject.module.get_input_embeddings().weight.shape[0]
    check_tokens(subject, [0, rows - 1], "Hi")
    with pytest.raises(ActivationError, match=rf"gives token {rows} .* embeddings for tokens 0-{rows - 1} only.*'Hi'"):
        check_tokens(subject, [3, rows], "Hi")


def test_blocks_with_several_streams_are_refused_in_a_sentence(tiny, monkeypatch):
    subject = fresh_subject_for(tiny("llama"))
    block = subject.blocks[0]._module
    forward = block.forward
    monkeypatch.setattr(block, "forward", lambda *a, **k: torch.stack([forward(*a, **k)] * 2))
    monkeypatch.setattr(subject.blocks[1]._module, "forward", lambda x, *a, **k: x[0])
    with pytest.raises(ActivationError, match=r"output has shape \(2, 1, \d, 32\), expected \(1, \d, 32\)"):
        check_subject(subject)


@pytest.mark.filterwarnings("ignore:Module .* has a submodule named")
def test_a_model_that_does_not_mask_padding_on_the_left_is_run_one_prompt_at_a_time(tiny, tmp_path):
    config = RwkvConfig(vocab_size=400, hidden_size=32, num_hidden_layers=2, context_length=256)
    torch.manual_seed(0)
    RwkvForCausalLM(config).save_pretrained(tmp_path)
    build_tokenizer().save_pretrained(tmp_path)
    assert not can_batch(fresh_subject_for(tmp_path))
    assert can_batch(subject_for(tiny("llama"))) and can_batch(subject_for(tiny("gpt2")))


def test_a_token_that_the_tokenizer_appends_does_not_stand_before_the_reply():
    tokenizer = build_tokenizer()
    tokenizer.chat_template = None
    plain = encode(tokenizer, ["Question: Do you know it?\nAnswer:"])[0]
    words = spellings(tokenizer, plain.text, ["no", "yes"], special=True)
    end = ("<|end|>", tokenizer.convert_tokens_to_ids("<|end|>"))
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="$A <|end|>", special_tokens=[end])
    assert tokenizer(plain.text)["input_ids"][-1] == end[1]
    assert list(encode(tokenizer, [plain.text])[0].ids) == list(plain.ids)
    assert spellings(tokenizer, plain.text, ["no", "yes"], special=True) == words != {}


def test_missing_left_over_and_misshapen_tensors_are_named(tiny, tmp_path):
    def refusal(name, change):
        folder = _copied(tiny("llama"), tmp_path / name)
        _changed_weights(folder, change)
        with pytest.raises(ActivationError) as caught:
            fresh_subject_for(folder)
        return str(caught.value)

    key = "model.layers.1.mlp.down_proj.weight"
    assert f"1 of the model's parameters ({key})" in refusal("missing", lambda w: w.pop(key))
    assert "(32, 60), expected (32, 64)" in refusal("shape", lambda w: w.update({key: w[key][:, :60].contiguous()}))
    assert "1 tensors that the model does not use (extra.weight)" in refusal(
        "extra", lambda w: w.update({"extra.weight": torch.zeros(2)})
    )


def test_buffers_and_tied_weights_may_be_in_the_file(tiny, tmp_path):
    folder = _copied(tiny("llama"), tmp_path / "buffers")
    _changed_weights(folder, lambda w: w.update({"model.layers.0.self_attn.rotary_emb.inv_freq": torch.zeros(4)}))
    module = fresh_subject_for(folder).module
    assert module.model.rotary_emb.inv_freq.abs().min() > 0  # computed from the config, not the zeros in the file
    for name, weights in load_file(folder / "model.safetensors").items():
        if not name.endswith("inv_freq"):
            assert torch.equal(module.get_parameter(name), weights), name


def test_the_fingerprint_is_of_the_files_that_are_loaded(tiny, tmp_path):
    folder = _copied(tiny("llama"), tmp_path / "model")
    settings = settings_for(folder)
    alone = fingerprint(settings, load_config(settings))
    (folder / "consolidated.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-1] + b"x")
    assert fingerprint(settings, load_config(settings)) == alone
    (folder / "model.safetensors").rename(folder / "part-1.safetensors")
    index = {"weight_map": dict.fromkeys(load_file(folder / "part-1.safetensors"), "part-1.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert [path.name for path in loaded_files(folder)] == ["part-1.safetensors"]


def test_the_reason_of_another_library_is_told_to_its_end(tiny, tmp_path, monkeypatch):
    def fails(*_, **__):
        raise ValueError(
            "Could not load.\nTraceback (most recent call last):\n  File x\nRuntimeError: shape [520, 64]\n"
        )

    monkeypatch.setattr("tacit.activations.model.load.TransformersModel", fails)
    settings = settings_for(tiny("llama"))
    with pytest.raises(ActivationError, match=r"RuntimeError: shape \[520, 64\]"):
        load_subject(settings, load_tokenizer(settings))


def test_a_load_that_fails_leaves_the_runs_name_free_and_a_folder_has_one_name(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    broken = _copied(tiny("llama"), tmp_path / "broken")
    _changed_weights(broken, lambda w: w.pop("model.norm.weight"))
    _copied(tiny("llama"), tmp_path / "whole")
    how = {"targets": ("behavior",), "n": 10, "twins": 0, "samples": 0, "paraphrases": 1, "reports": ("choice",)}
    with pytest.raises(ActivationError, match="no weights for 1"):
        tacit.cache("r", model=broken, **how)
    assert not (tmp_path / "runs" / "r" / "settings.json").exists()
    assert tacit.cache("r", model="whole/", **how).settings.model == "whole"
    said = []
    tacit.cache("r", model="whole", say=said.append, **how)
    assert any("reused" in line for line in said)


@pytest.mark.parametrize("named", [{"dtype": "float17"}, {"torch_dtype": "nosuch"}, {"hidden_size": "wide"}])
def test_a_config_that_names_what_does_not_exist_is_one_line(tiny, tmp_path, named):
    folder = _copied(tiny("llama"), tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config.pop("dtype", None)
    (folder / "config.json").write_text(json.dumps(config | named))
    with pytest.raises(ActivationError, match="could not load the") as caught:
        settings = settings_for(folder)
        load_config(settings)
        load_subject(settings, load_tokenizer(settings))
    assert "\n" not in str(caught.value)


def test_weights_stored_as_whole_numbers_need_a_quantization_in_the_config(tiny, tmp_path):
    folder, key = _copied(tiny("llama"), tmp_path / "model"), "model.layers.1.mlp.down_proj.weight"
    _changed_weights(folder, lambda w: w.update({key: w[key].mul(100).to(torch.int8)}))
    with pytest.raises(ActivationError, match=rf"{key} is stored as I8, but config.json has no quantization_config"):
        fresh_subject_for(folder)
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        _changed_weights(folder, lambda w, dtype=dtype: w.update({name: x.to(dtype) for name, x in w.items()}))
        assert fresh_subject_for(folder).dtype == torch.float32
