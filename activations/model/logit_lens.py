"""The logit lens: each layer's state mapped to next-token logits by the model's own final norm and unembedding.

In: the cached states at the object prompt's last token, and the tokens that the model's replies began with. Out: for
every layer the logits of these tokens, stored with the entry's shards (`lens_and_embeddings.py`). nostalgebraist 2020,
"interpreting GPT: the logit lens". A label that depends on the reply's first token can be read this way without a
probe, so a probe has to beat the lens to show more than the model's output does.

The final norm is found by experiment: it is the module that turns the last block's output into the head's input.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from torch import nn

from tacit.activations.model.load import Subject
from tacit.activations.store.store import Store

MAX_TOKENS = 64
"""Number of most frequent first tokens that are kept; classes that are rarer are merged into "other" anyway."""


def final_norm(subject: Subject) -> nn.Module | None:
    """The module between the last block and the head, found on a tiny pass; Identity where there is none.

    None where it is not a single module (OPT with a projection), or the head's weights are remote or quantized.
    """
    head = None if subject.remote else subject.module.get_output_embeddings()
    if head is None or not head.weight.is_floating_point():
        return None
    last, entered = _around_the_head(subject, head)
    width = last.shape[-1]
    sizes = {name: p.shape for name, p in subject.module.named_parameters()}
    candidates = [
        module
        for name, module in subject.module.named_modules()
        if not list(module.children()) and sizes.get(f"{name}.weight") in ((width,), None)
    ]
    fitting = (module for module in (*reversed(candidates), nn.Identity()) if _turns_into(module, last, entered))
    return next(fitting, None)


@torch.inference_mode()
def _around_the_head(subject: Subject, head: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """The last block's output and the head's input, `(1, tokens, d_model)` each."""
    seen = {}
    hooks = [
        subject.blocks[-1]._module.register_forward_hook(lambda m, args, out: seen.update(block=out)),
        head.register_forward_pre_hook(lambda m, args: seen.update(head=args[0])),
    ]
    try:
        ids = [i % subject.tokenizer.vocab_size for i in range(5, 9)]
        subject.module(input_ids=torch.tensor([ids], device=subject.device), use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    block = seen["block"][0] if isinstance(seen["block"], tuple) else seen["block"]
    return block, seen["head"]


@torch.inference_mode()
def _turns_into(module: nn.Module, state: torch.Tensor, wanted: torch.Tensor) -> bool:
    try:
        found = module(state)
    except (TypeError, ValueError, RuntimeError, IndexError, AttributeError):
        return False
    if not isinstance(found, torch.Tensor) or found.shape != wanted.shape:
        return False
    slack = 1e-4 if state.dtype == torch.float32 else 3e-2
    return torch.allclose(found.float(), wanted.float(), atol=slack * float(wanted.float().abs().max()), rtol=0)


@torch.inference_mode()
def lens_logits(subject: Subject, norm: nn.Module, states: np.ndarray, tokens: list[int]) -> np.ndarray:
    """`(n_items, n_tokens) float32`: the head's outputs for some tokens; states are `(n_items, d_model)`.

    Log-probabilities would differ from these by one constant per row, which does not affect comparisons of tokens.
    """
    head = subject.module.get_output_embeddings()
    weight = head.weight[tokens].float()
    bias = 0.0 if getattr(head, "bias", None) is None else head.bias[tokens].float()
    normed = norm(torch.from_numpy(states).to(device=head.weight.device, dtype=subject.dtype))
    return (normed.float() @ weight.T + bias).cpu().numpy()


def lens_tensors(store: Store, target: str, condition: str, subject: Subject) -> dict[str, np.ndarray]:
    """`tokens (n_tokens,) int64`, `first (n_items,) int64`, `lens/<layer> (n_items, n_tokens) float32` of one entry.

    `first` is the token that each reply began with, -1 for a prompt without a reply. Empty where the target has no
    object replies, the object prompt's last token was not read, or the final norm was not found.
    """
    replies = store.replies
    if "first_token" not in replies:
        return {}
    mine = (replies["target"] == target) & (replies["condition"] == condition) & (replies["prompt"] == "object")
    began = dict(zip(replies.loc[mine, "item_id"], replies.loc[mine, "first_token"], strict=True))
    norm = final_norm(subject) if began and "object" in store.sites(target, condition) else None
    if norm is None:
        return {}
    items = store.items.loc[store.items["target"] == target, "item_id"]
    tokens = [int(token) for token, _ in Counter(began.values()).most_common(MAX_TOKENS)]
    return {
        "tokens": np.array(tokens, dtype=np.int64),
        "first": np.array([began.get(item, -1) for item in items], dtype=np.int64),
        **{
            f"lens/{layer:03d}": lens_logits(subject, norm, store.load(target, condition, "object", layer), tokens)
            for layer in store.layers
        },
    }
