"""Models that cannot be loaded are one clear line; pickles and remote code are never run."""

from __future__ import annotations

import json
import shutil
import warnings

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from tacit.activations.model.blocks import find_blocks
from tacit.activations.model.capture import check_subject
from tacit.activations.model.load import fingerprint, load_config, load_subject, load_tokenizer, pick_dtype
from tacit.activations.model.prefix_cache import can_continue
from tacit.activations.model.prompts import Prompt
from tacit.errors import ActivationError
from tests.activations.helpers import fresh_subject_for, last_states, settings_for, subject_for
from tests.conftest import build_tokenizer


def _copy(folder, tmp_path, *, without=()):
    return shutil.copytree(folder, tmp_path / "model", ignore=shutil.ignore_patterns(*without))


def test_a_folder_that_is_not_there_is_not_looked_for_on_the_hub():
    with pytest.raises(ActivationError, match=r"there is no folder \./nowhere"):
        load_tokenizer(settings_for("./nowhere"))


@pytest.mark.parametrize(
    ("without", "message"),
    [
        (["*.safetensors"], "has no weights"),
        (["tokenizer*", "chat*"], "has no tokenizer"),
        (["config.json"], "has no config.json"),
    ],
)
def test_a_folder_that_lacks_a_part_says_which(tiny, tmp_path, without, message):
    with pytest.raises(ActivationError, match=message):
        load_tokenizer(settings_for(_copy(tiny("llama"), tmp_path, without=without)))


def test_pickled_weights_are_refused_with_the_way_out(tiny, tmp_path):
    folder = _copy(tiny("llama"), tmp_path, without=["*.safetensors"])
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(ActivationError, match=r"never read because they can run code.*save_pretrained"):
        load_config(settings_for(folder))


def _rename_weights(folder, rename):
    """Write the weights again under other names; those renamed to None are left out."""
    file = folder / "model.safetensors"
    tensors = {rename(name): tensor for name, tensor in load_file(file).items()}
    save_file({name: tensor for name, tensor in tensors.items() if name}, file, metadata={"format": "pt"})


def _refused(folder) -> str:
    """The one line of a refusal to load the model."""
    settings = settings_for(folder)
    with pytest.raises(ActivationError) as raised:
        load_subject(settings, load_tokenizer(settings))
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_parameter_without_weights_is_not_left_random(tiny, tmp_path):
    folder, gone = _copy(tiny("llama"), tmp_path), "model.layers.1.mlp.down_proj.weight"
    _rename_weights(folder, lambda name: None if name == gone else name)
    assert f"no weights for 1 of the model's parameters ({gone}), which would be random" in _refused(folder)


@pytest.mark.parametrize(
    ("rename", "message"),
    [
        (lambda name: f"module.{name}", "Its tensors are named with the prefix 'module.'"),
        (lambda name: name.replace("self_attn", "mixer"), "tensors that the model does not use, such as 'model.layers"),
    ],
)
def test_weights_under_other_names_are_not_left_random(tiny, tmp_path, rename, message):
    folder = _copy(tiny("llama"), tmp_path)
    _rename_weights(folder, rename)
    assert message in _refused(folder)


def test_tied_weights_are_not_missing(tmp_path):
    config = LlamaConfig(
        vocab_size=400, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    build_tokenizer().save_pretrained(tmp_path)
    assert "lm_head.weight" not in load_file(tmp_path / "model.safetensors")
    assert fresh_subject_for(tmp_path).n_layers == 3


def test_parameters_with_other_shapes_are_refused(tiny, tmp_path):
    folder = _copy(tiny("llama"), tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 96}))
    assert "could not load the weights" in _refused(folder)


@pytest.mark.parametrize("file", ["pytorch_model.bin", "../model.safetensors", 5])
def test_an_index_that_names_pickles_is_refused(tiny, tmp_path, file):
    folder = _copy(tiny("llama"), tmp_path)
    (folder / "model.safetensors").rename(folder / "decoy.safetensors")
    index = {"metadata": {}, "weight_map": dict.fromkeys(load_file(folder / "decoy.safetensors"), file)}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "is not a safetensors file beside it. Pickled weights are never read" in _refused(folder)


def test_a_config_that_names_pickled_weights_is_refused(tiny, tmp_path):
    folder = _copy(tiny("llama"), tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"transformers_weights": "adapter_model.bin"}))
    assert "names 'adapter_model.bin' as its weights" in _refused(folder)


def test_a_config_that_is_no_json_object_is_one_clear_line(tiny, tmp_path):
    folder = _copy(tiny("llama"), tmp_path)
    for content in (b"[1, 2]", b"null", b"\xff\xfe", b"{"):
        (folder / "config.json").write_bytes(content)
        assert "config.json is not" in _refused(folder)


def test_a_sharded_model_is_loaded_from_its_index(tiny, tmp_path):
    AutoModelForCausalLM.from_pretrained(tiny("llama")).save_pretrained(tmp_path, max_shard_size="50KB")
    build_tokenizer().save_pretrained(tmp_path)
    assert len([*tmp_path.glob("*.safetensors")]) > 1
    prompts = [Prompt("", (5, 6, 7, 8))]
    expected = last_states(subject_for(tiny("llama")), prompts)
    torch.testing.assert_close(last_states(fresh_subject_for(tmp_path), prompts), expected)


def test_a_model_with_its_own_code_does_not_run_it_unasked(tiny, tmp_path):
    folder = _copy(tiny("llama"), tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config", "AutoModelForCausalLM": "mine.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(ActivationError, match="--trust-remote-code"):
        load_config(settings_for(folder))
    assert not (tmp_path / "ran").exists()


def test_a_truncated_weight_file_is_one_clear_line(tiny, tmp_path):
    folder = _copy(tiny("llama"), tmp_path)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    settings = settings_for(folder)
    with pytest.raises(ActivationError, match="could not load the weights"):
        load_subject(settings, load_tokenizer(settings))


def test_the_fingerprint_changes_with_one_bit_of_the_weights(tiny, tmp_path):
    folder = _copy(tiny("llama"), tmp_path)
    settings = settings_for(folder)
    before = fingerprint(settings, load_config(settings))
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(bytes(data))
    assert fingerprint(settings, load_config(settings)) != before


@pytest.mark.parametrize(
    ("option", "message"), [({"device": "cuda:99"}, "DEVICE=cpu"), ({"dtype": "int7"}, "DTYPE=float32")]
)
def test_a_device_or_dtype_that_cannot_be_used_says_what_to_type(tiny, option, message):
    settings = settings_for(tiny("llama"), **option)
    with pytest.raises(ActivationError, match=message):
        load_subject(settings, load_tokenizer(settings))


def test_a_module_without_blocks_names_its_lists():
    module = torch.nn.Module()
    module.heads = torch.nn.ModuleList([torch.nn.Linear(2, 2)])
    module.config = type("Config", (), {"get_text_config": lambda self: type("Text", (), {"num_hidden_layers": 7})()})()
    with pytest.raises(ActivationError, match="heads: 1 x Linear"):
        find_blocks(module)


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # peft on transformers 5
def test_a_lora_adapter_changes_the_states_and_the_fingerprint(tiny, tmp_path):
    import peft
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    config = peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    model = peft.get_peft_model(AutoModelForCausalLM.from_pretrained(tiny("llama")), config)
    model.save_pretrained(tmp_path / "adapter")
    plain, adapted = settings_for(tiny("llama")), settings_for(tiny("llama"), peft=str(tmp_path / "adapter"))
    subject = load_subject(adapted, load_tokenizer(adapted))
    check_subject(subject)
    assert can_continue(subject)
    prompts = [Prompt("", (5, 6, 7, 8))]
    ours = last_states(subject, prompts)
    assert not torch.allclose(ours[3], last_states(subject_for(tiny("llama")), prompts)[3], atol=1e-4)
    expected = model(torch.tensor([[5, 6, 7, 8]]), output_hidden_states=True).hidden_states[2][0, -1]
    torch.testing.assert_close(ours[2, 0], expected, atol=1e-5, rtol=1e-4)
    assert fingerprint(plain, load_config(plain)) != fingerprint(adapted, load_config(adapted))


def test_an_adapter_in_a_pickle_is_refused(tiny, tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")
    torch.save({}, tmp_path / "adapter_model.bin")
    with pytest.raises(ActivationError, match=r"has no adapter_model\.safetensors"):
        load_config(settings_for(tiny("llama"), peft=str(tmp_path)))


def test_a_quantised_dtype_is_handed_to_nnsight_by_its_name():
    assert pick_dtype("nf4", torch.device("cpu")) == "nf4"
    assert pick_dtype("auto", torch.device("cpu")) == torch.float32
    assert pick_dtype("auto", torch.device("cuda")) == "auto"


def test_blocks_are_found_in_nearly_every_causal_architecture_there_is():
    """All that transformers can build from their default configs, as outlines without weights."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING

    found, missed = {}, {}
    for config_class, model_class in MODEL_FOR_CAUSAL_LM_MAPPING.items():
        try:
            config = config_class()
            with torch.device("meta"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = (model_class[0] if isinstance(model_class, tuple) else model_class)(config)
        except Exception:
            continue
        try:
            found[config_class.__name__] = find_blocks(model)[0]
        except ActivationError as error:
            missed[config_class.__name__] = str(error)
    assert len(found) >= 160
    assert set(missed) == {"BlenderbotConfig", "HrmTextConfig", "LongcatFlashConfig", "XLMConfig"}
    assert found["LlamaConfig"] == "model.layers"
    assert found["Gemma3Config"] == "model.language_model.layers"
    assert "transformer.ffns" in missed["XLMConfig"]


def test_a_device_map_spreads_the_same_model(tiny):
    subject = fresh_subject_for(tiny("llama"), device_map="auto")
    prompts = [Prompt("", (5, 6, 7, 8))]
    torch.testing.assert_close(last_states(subject, prompts), last_states(subject_for(tiny("llama")), prompts))
