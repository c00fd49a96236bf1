"""A random Qwen2-type model and random prompts: what is timed does not depend on the weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from tacit.activations.model.prompts import Prompt


def build(folder: Path, *, blocks: int, width: int, vocabulary: int, seed: int) -> Path:
    """A random Qwen2-type model in transformers format with a tokenizer of three words and a pad token."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    torch.manual_seed(seed)
    heads = max(1, width // 64)
    config = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=width * 38 // 7,
        num_hidden_layers=blocks,
        num_attention_heads=heads,
        num_key_value_heads=max(1, heads // 7),
        tie_word_embeddings=True,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    words = Tokenizer(models.WordLevel({"a": 0, "b": 1, "c": 2, "<pad>": 3}, unk_token="a"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="<pad>").save_pretrained(folder)
    return folder


def prompts_of(n: int, *, shared: int, lengths: tuple[int, int], vocabulary: int, seed: int) -> list[Prompt]:
    """`n` prompts of random tokens: a shared beginning, then a part of random length that differs."""
    rng = np.random.default_rng(seed)
    start = rng.integers(4, vocabulary, shared).tolist()
    sizes = rng.integers(lengths[0], lengths[1] + 1, n)
    return [Prompt("", (*start, *rng.integers(4, vocabulary, size).tolist())) for size in sizes]
