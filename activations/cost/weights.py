"""How many weights a model has, where, and what a token costs, from its config alone.

In: a config. Out: `Weights`. The model is built on torch's meta device, on which tensors have shapes and no content.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import torch
from transformers import AutoModelForCausalLM

from tacit.activations.model.blocks import find_blocks
from tacit.activations.model.load import context_of, window_of
from tacit.errors import ActivationError

EXPERTS = re.compile(r"\.experts\.")
"""In the name of a parameter of which each token uses only a few experts' share."""
MANY, USED = ("num_local_experts", "n_routed_experts", "num_experts"), ("num_experts_per_tok", "num_experts_per_token")
"""Names in configs for the number of experts, and for how many of them a token uses."""


@dataclass(frozen=True)
class Weights:
    """A model's size. `d_model`, `context` and `window` are named as in `Subject`, for functions that need no more."""

    total: int
    """Parameters, tied ones once."""
    body: int
    """Parameters of the blocks that a token meets: of a mixture of experts, only its share of them."""
    head: int
    """Parameters of the map from the last state to the next token's logits: `d_model` times the vocabulary."""
    n_blocks: int
    d_model: int
    attended: int
    """Width of all heads together, over all blocks: a token that attends to n others takes 4 n times as many FLOPs."""
    cached: int
    """Numbers that a token leaves in the cache of keys and values."""
    largest: tuple[int, int]
    """Shape of the largest matrix of a block."""
    context: int | None
    window: int | None

    def flops(self, tokens: float, attended: float, logits: float) -> float:
        """2 FLOPs for every weight of the blocks and token, 4 for every number of a head's width and token that is
        attended to (scores and weighted sum), and 2 for every weight of the head where logits are wanted.

        tokens: that go through the blocks; attended: tokens attended to, summed over them; logits: positions at which
        the next token's distribution is wanted.
        """
        return 2 * self.body * tokens + 4 * self.attended * attended + 2 * self.head * logits


def weights_of(config, model: str) -> Weights:
    """The size of a model. model: its name, for the message.

    Raises ActivationError where the config alone does not say which class to build, or its blocks cannot be found; the
    model's own Python code is never run here.
    """
    text = config.get_text_config()
    try:
        with torch.device("meta"):
            module = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except (ValueError, KeyError, ImportError, RuntimeError, AttributeError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ActivationError(
            f"{model}: its weights cannot be counted from its config ({reason}). tacit plan needs an architecture that"
            " transformers has itself"
        ) from error
    path, n_blocks = find_blocks(module)
    blocks = dict(module.get_submodule(path).named_parameters(prefix="."))
    heads = getattr(text, "num_attention_heads", None) or 1
    width = getattr(text, "head_dim", None) or text.hidden_size // heads
    shared = getattr(text, "num_key_value_heads", None) or heads
    head = module.get_output_embeddings()
    shapes = [tuple(p.shape[-2:]) for p in blocks.values() if p.dim() >= 2]
    return Weights(
        total=sum(p.numel() for p in module.parameters()),
        body=round(sum(p.numel() * (_used(text) if EXPERTS.search(name) else 1.0) for name, p in blocks.items())),
        head=text.hidden_size * text.vocab_size if head is None else head.weight.numel(),
        n_blocks=n_blocks,
        d_model=text.hidden_size,
        attended=n_blocks * heads * width,
        cached=2 * n_blocks * shared * width,
        largest=max(shapes, key=math.prod),
        context=context_of(config),
        window=window_of(text),
    )


def _used(text) -> float:
    """The share of the experts that a token uses; 1 where there are none."""
    many, used = (next((n for name in names if (n := getattr(text, name, None))), None) for names in (MANY, USED))
    return min(1.0, used / many) if many and used else 1.0
