"""Tiny random models of several architectures, built offline, each with a tokenizer trained here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # the tests already keep every processor busy
    os.environ.setdefault("LOKY_MAX_CPU_COUNT", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of BLAS and OpenMP would wait for each other

TEXT = [
    "Where was Ada Lovelace born? She was born in London, in December 1815.",
    "How many tokens are there between the brackets? Answer with a number only.",
    "Would you take 3 lamps now or 17 lamps in 25 days? Answer now or wait.",
    "The right answer to the next question is yes. Do you know it? Answer yes or no.",
]
CHAT = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<|end|>", "<|pad|>", "<|system|>", "<|user|>", "<|assistant|>"]
SIZES = {"vocab_size": 400, "max_position_embeddings": 256}
SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4}
GROUPED = SMALL | {"num_key_value_heads": 2}
HEADS = GROUPED | {"head_dim": 8}
PLAIN = {"hidden_size": 32, "num_hidden_layers": 3}
ARCHITECTURES = {
    "llama": ("LlamaConfig", GROUPED),
    "gpt2": ("GPT2Config", {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 256}),
    "gpt_neox": ("GPTNeoXConfig", SMALL),
    "gemma2": ("Gemma2Config", HEADS),
    "qwen2": ("Qwen2Config", GROUPED),
    "gpt_neo": (
        "GPTNeoConfig",
        {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_layers": 2,
            "num_heads": 4,
            "attention_types": [[["global", "local"], 1]],
        },
    ),
    "mistral": ("MistralConfig", HEADS),
    "qwen3": ("Qwen3Config", HEADS),
    "gemma3": ("Gemma3TextConfig", HEADS | {"sliding_window": 64}),
    "opt": ("OPTConfig", PLAIN | {"ffn_dim": 64, "num_attention_heads": 4, "word_embed_proj_dim": 32}),
    "phi": ("PhiConfig", GROUPED),
    "phi3": ("Phi3Config", GROUPED),
    "falcon": ("FalconConfig", PLAIN | {"num_attention_heads": 4}),
    "bloom": ("BloomConfig", {"hidden_size": 32, "n_layer": 3, "n_head": 4}),
    "olmo": ("OlmoConfig", GROUPED),
    "olmo2": ("Olmo2Config", GROUPED),
    "stablelm": ("StableLmConfig", GROUPED),
    "cohere": ("CohereConfig", GROUPED),
    "mixtral": ("MixtralConfig", HEADS | {"num_local_experts": 4}),
    "gpt_oss": ("GptOssConfig", HEADS | {"num_local_experts": 4}),
    "mamba": ("MambaConfig", PLAIN | {"state_size": 4}),
    "mamba2": ("Mamba2Config", PLAIN | {"state_size": 8, "num_heads": 8, "head_dim": 8, "n_groups": 2, "expand": 2}),
}


def build_tokenizer():
    """A byte-level BPE of 400 entries with a chat template."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(TEXT * 20, vocab_size=400, min_frequency=1, special_tokens=SPECIAL)
    return PreTrainedTokenizerFast(
        tokenizer_object=trained._tokenizer, eos_token="<|end|>", pad_token="<|pad|>", chat_template=CHAT
    )


def build_model(architecture: str, folder: Path, *, seed: int = 0) -> Path:
    """A random model of one architecture in transformers format, with tokenizer; asserts that it is tiny."""
    import torch
    import transformers

    name, sizes = ARCHITECTURES[architecture]
    tokenizer = build_tokenizer()
    config = getattr(transformers, name)(
        **SIZES, **sizes, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, bos_token_id=None
    )
    torch.manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(config)
    assert sum(p.numel() for p in model.parameters()) < 120_000
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Models this small run several times faster on one thread than on many that wait for each other."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """`tiny("llama")` is the folder of a random Llama; each is built once per session."""
    built: dict[str, Path] = {}

    def get(architecture: str) -> Path:
        if architecture not in built:
            built[architecture] = build_model(architecture, tmp_path_factory.mktemp(architecture))
        return built[architecture]

    return get


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data and checkpoints beside the project; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("TACIT_SHARED", Path(__file__).parents[2] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no real data and checkpoints at {folder} (set TACIT_SHARED)")
    return folder
