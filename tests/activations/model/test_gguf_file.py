"""A GGUF file gives the tokenizer and the states of the folder it was made from, or is refused in one line."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path

import gguf
import numpy as np
import peft
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tacit.activations.model import gguf_file
from tacit.activations.model.load import dtype_name, fingerprint, load_config, load_subject, load_tokenizer
from tacit.activations.model.prompts import Prompt
from tacit.activations.random_models import random_subject
from tacit.errors import ActivationError
from tacit.files import sha256_of
from tacit.settings import run_name
from tests.activations.helpers import fresh_subject_for, last_states, settings_for, subject_for

ROOT = Path(__file__).parents[3]
BLOCK_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
NAMES = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
PROMPTS = [Prompt("", (5, 6, 7, 8)), Prompt("", (9, 10, 11))]


def write_gguf(folder: Path, path: Path, *, architecture="llama", quantize=None, without="", extra=(), rope=None):
    """The tiny Llama in `folder` as one file, laid out as llama.cpp's converter does it.

    quantize: type of the gate weights. without: leave out the tensors whose names start with it. extra: (key, text)
    pairs of metadata. rope: factors of the rotary frequencies.
    """
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    writer = gguf.GGUFWriter(path, architecture)
    _write_sizes(writer, model.config)
    _write_tokenizer(writer, tokenizer)
    for key, text in extra:
        writer.add_string(key, text)
    if rope is not None:
        writer.add_tensor("rope_freqs.weight", np.asarray(rope, dtype=np.float32))
    for name, weight in model.state_dict().items():
        ours, array = _gguf_name(name), _rotated(name, weight, model.config).numpy()
        if without and ours.startswith(without):
            continue
        if quantize is not None and ".ffn_gate." in ours:
            writer.add_tensor(ours, gguf.quantize(array, quantize), raw_dtype=quantize)
        else:
            writer.add_tensor(ours, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _write_sizes(writer, config) -> None:
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_vocab_size(config.vocab_size)


def _write_tokenizer(writer, tokenizer) -> None:
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    special = set(tokenizer.get_added_vocab())
    kinds = [gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token in tokens]
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in state["model"]["merges"]])
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_add_bos_token(False)
    writer.add_chat_template(tokenizer.chat_template)


def _gguf_name(name: str) -> str:
    stem, kind = name.rsplit(".", 1)
    if stem in NAMES:
        return f"{NAMES[stem]}.{kind}"
    _, _, block, part = stem.split(".", 3)
    return f"blk.{block}.{BLOCK_NAMES[part]}.{kind}"


def _rotated(name: str, weight: torch.Tensor, config) -> torch.Tensor:
    """llama.cpp keeps the two halves of a rotary pair beside each other, transformers half a head apart."""
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}.get(name.split(".")[-2])
    if not heads:
        return weight
    return weight.reshape(heads, 2, -1, weight.shape[1]).transpose(1, 2).reshape(weight.shape).contiguous()


@pytest.fixture(scope="module")
def tiny_gguf(tiny, tmp_path_factory):
    return write_gguf(tiny("llama"), tmp_path_factory.mktemp("gguf") / "tiny.gguf")


def test_a_gguf_has_the_states_of_the_folder_it_was_made_from(tiny, tiny_gguf):
    ours, theirs = subject_for(tiny_gguf), subject_for(tiny("llama"))
    assert (ours.n_layers, ours.d_model, ours.context) == (theirs.n_layers, theirs.d_model, theirs.context)
    torch.testing.assert_close(last_states(ours, PROMPTS), last_states(theirs, PROMPTS), rtol=0, atol=0)


def test_a_gguf_tokenizer_has_its_chat_template_and_the_same_ids(tiny, tiny_gguf):
    ours, theirs = load_tokenizer(settings_for(tiny_gguf)), load_tokenizer(settings_for(tiny("llama")))
    assert ours.chat_template == theirs.chat_template
    text = theirs.apply_chat_template([{"role": "user", "content": "Where was Ada born?"}], tokenize=False)
    assert ours(text).input_ids == theirs(text, add_special_tokens=False).input_ids
    assert (ours.eos_token, ours.pad_token) == (theirs.eos_token, theirs.pad_token)


def test_a_quantized_gguf_is_dequantized(tiny, tmp_path):
    path = write_gguf(tiny("llama"), tmp_path / "q8.gguf", quantize=gguf.GGMLQuantizationType.Q8_0)
    ours, theirs = last_states(subject_for(path), PROMPTS), last_states(subject_for(tiny("llama")), PROMPTS)
    assert not torch.equal(ours, theirs)
    torch.testing.assert_close(ours, theirs, rtol=0.05, atol=0.05)
    assert subject_for(path).dtype == torch.float32


def test_the_fingerprint_is_the_sha256_of_the_file(tiny_gguf):
    settings = settings_for(tiny_gguf)
    config = load_config(settings)
    assert fingerprint(settings, config) == {"id": "tiny.gguf", "tiny.gguf": sha256_of(tiny_gguf)}
    assert dtype_name(dataclasses.replace(settings, dtype="bfloat16"), config) == "bfloat16"
    assert config.dtype == torch.float32  # what DTYPE=auto means on a GPU


def test_files_beside_a_gguf_are_not_read(tiny, tmp_path):
    path = write_gguf(tiny("llama"), tmp_path / "tiny.gguf")
    for name in ("tokenizer_config.json", "tokenizer.json", "config.json", "generation_config.json"):
        (tmp_path / name).write_text("not JSON")
    (tmp_path / "chat_template.jinja").write_text("another template")
    settings = settings_for(path)
    tokenizer = load_tokenizer(settings)
    assert tokenizer.chat_template != "another template"
    load_subject(settings, tokenizer)


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # peft on transformers 5
def test_an_adapter_is_loaded_on_top_of_a_gguf(tiny, tiny_gguf, tmp_path):
    torch.manual_seed(1)
    config = peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    peft.get_peft_model(AutoModelForCausalLM.from_pretrained(tiny("llama")), config).save_pretrained(tmp_path)
    ours, theirs = (fresh_subject_for(model, peft=str(tmp_path)) for model in (tiny_gguf, tiny("llama")))
    states = last_states(ours, PROMPTS)
    torch.testing.assert_close(states, last_states(theirs, PROMPTS), rtol=0, atol=0)
    assert not torch.allclose(states, last_states(subject_for(tiny_gguf), PROMPTS), atol=1e-4)


def test_random_models_are_built_from_a_gguf(tiny_gguf):
    settings = settings_for(tiny_gguf)
    twin = random_subject(settings, load_tokenizer(settings), seed=7)
    assert not torch.allclose(last_states(twin, PROMPTS)[3], last_states(subject_for(tiny_gguf), PROMPTS)[3], atol=1e-3)


@pytest.mark.parametrize("kept", [0, 3, 100, 5_000, -100])
def test_a_truncated_gguf_is_one_clear_line(tiny_gguf, tmp_path, kept):
    path = tmp_path / "tiny.gguf"
    path.write_bytes(tiny_gguf.read_bytes()[:kept])
    with pytest.raises(ActivationError, match=r"could not read the header of .*tiny\.gguf.*download it again"):
        load_tokenizer(settings_for(path))


def test_a_damaged_count_does_not_keep_the_reader_busy(tiny_gguf, tmp_path):
    data = bytearray(tiny_gguf.read_bytes())
    at = data.index(b"tokenizer.ggml.token_type") + len("tokenizer.ggml.token_type") + 8
    data[at : at + 8] = (1 << 60).to_bytes(8, "little")
    (tmp_path / "tiny.gguf").write_bytes(bytes(data))
    with pytest.raises(ActivationError, match="could not read the header"):
        load_config(settings_for(tmp_path / "tiny.gguf"))


@pytest.mark.parametrize("model", ["./nowhere.gguf", "models/nowhere.gguf", "owner/name/file.Q4_K_M.gguf"])
def test_a_gguf_that_is_not_there_is_not_looked_for_on_the_hub(model):
    with pytest.raises(ActivationError, match=r"there is no file .*not downloaded from the hub.*MODEL=path/to/file"):
        load_tokenizer(settings_for(model))


def test_a_folder_with_only_a_gguf_names_the_file(tiny_gguf):
    with pytest.raises(ActivationError, match=r"no config\.json.*MODEL=.*/tiny\.gguf"):
        load_config(settings_for(tiny_gguf.parent))


def test_weights_that_do_not_fit_into_memory_are_not_called_damaged(tiny_gguf, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    settings = settings_for(tiny_gguf)
    tokenizer = load_tokenizer(settings)
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", full)
    with pytest.raises(ActivationError, match=r"does not fit into memory .*DTYPE=bfloat16"):
        load_subject(settings, tokenizer)


def test_an_architecture_that_transformers_cannot_read_is_refused(tiny, tmp_path):
    path = write_gguf(tiny("llama"), tmp_path / "other.gguf", architecture="rwkv6")
    with pytest.raises(ActivationError, match=r"cannot load it from GGUF .*rwkv6.*MODEL=path/to/folder"):
        load_config(settings_for(path))


def test_a_type_that_cannot_be_dequantized_is_refused(tiny_gguf, monkeypatch, tmp_path):
    def no_dequantizer(data, kind):
        raise NotImplementedError(f"Dequantization for {kind.name} is not yet implemented")

    path = tmp_path / "tiny.gguf"
    path.write_bytes(tiny_gguf.read_bytes())
    monkeypatch.setattr(gguf, "dequantize", no_dequantizer)
    with pytest.raises(ActivationError, match=r"weights of type F32, which cannot be dequantized.*Q8_0"):
        load_config(settings_for(path))


def test_an_unknown_type_is_refused(tiny_gguf, tmp_path):
    data = bytearray(tiny_gguf.read_bytes())
    at = data.index(b"output_norm.weight") + len("output_norm.weight") + 4 + 8
    data[at : at + 4] = (999).to_bytes(4, "little")
    (tmp_path / "tiny.gguf").write_bytes(bytes(data))
    with pytest.raises(ActivationError, match=r"type that the package gguf does not know .*999.*Q8_0"):
        load_config(settings_for(tmp_path / "tiny.gguf"))


@pytest.mark.parametrize("how", [{"rope": [1, 1, 2, 8]}, {"extra": [("llama.rope.scaling.type", "yarn")]}])
def test_rotary_scaling_that_transformers_would_ignore_is_refused(tiny, tmp_path, how):
    path = write_gguf(tiny("llama"), tmp_path / "scaled.gguf", **how)
    with pytest.raises(ActivationError, match=r"scales its rotary position embeddings .*MODEL=path/to/folder"):
        load_tokenizer(settings_for(path))


def test_weights_that_are_missing_are_not_drawn_at_random(tiny, tmp_path):
    settings = settings_for(write_gguf(tiny("llama"), tmp_path / "part.gguf", without="blk.1.ffn_up"))
    with pytest.raises(ActivationError, match=r"no usable weights for 1 parameters .*layers\.1\.mlp\.up_proj"):
        load_subject(settings, load_tokenizer(settings))


def test_one_part_of_a_split_model_says_how_to_merge(tiny, tmp_path):
    path = write_gguf(tiny("llama"), tmp_path / "part.gguf", extra=[("split.count", "3")])
    with pytest.raises(ActivationError, match=r"one of 3 parts.*llama-gguf-split --merge"):
        load_tokenizer(settings_for(path))


def test_without_the_package_it_says_what_to_install(tiny_gguf, monkeypatch):
    monkeypatch.setattr(gguf_file.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ActivationError, match=r"needs the package gguf.*pip install"):
        load_tokenizer(settings_for(tiny_gguf))


@pytest.mark.parametrize(
    ("option", "message"), [({"remote": "ndif"}, "leave out --remote"), ({"dtype": "nf4"}, "Try: DTYPE=bfloat16")]
)
def test_options_that_a_file_cannot_have_are_refused(tiny_gguf, option, message):
    with pytest.raises(ActivationError, match=message):
        load_subject(settings_for(tiny_gguf, **option), load_tokenizer(settings_for(tiny_gguf)))


def test_a_run_is_named_after_the_file_by_make_as_by_the_command():
    assert run_name("models/tiny.q8.gguf") == "tiny.q8"
    clean = {"PATH": os.environ["PATH"]}  # without the RUN or MAKEFLAGS of a make that runs the tests
    command = ["make", "-n", "cache", "MODEL=models/tiny.q8.gguf"]
    printed = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=True)
    assert 'tacit cache "tiny.q8"' in printed.stdout


def test_the_real_chat_model_answers_under_its_own_template():
    path = ROOT / "models" / "smollm2-135m-instruct.gguf"
    if not path.is_file():
        pytest.skip("no real chat model (run: make real-model)")
    settings = settings_for(path)
    tokenizer = load_tokenizer(settings)
    question = [{"role": "user", "content": "What is the capital of France? Answer with one word."}]
    text = tokenizer.apply_chat_template(question, tokenize=False, add_generation_prompt=True)
    assert "You are a helpful AI assistant named SmolLM" in text
    ids = tokenizer(text, add_special_tokens=False, return_tensors="pt")
    reply = load_subject(settings, tokenizer).module.generate(**ids, do_sample=False, max_new_tokens=20)
    assert tokenizer.decode(reply[0, ids.input_ids.shape[1] :]) == "The capital of France is Paris.<|im_end|>"
