"""One pass over a batch: the residual stream at every layer, at one token of each prompt.

The model is stopped after its last block, so neither the final norm nor the vocabulary is computed, and the tokens are
picked on the device, so only `n_layers x d_model` numbers a prompt ever move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from nnsight import save

from activations.blocks import check_blocks, hidden
from activations.errors import ActivationError
from activations.load import Subject
from activations.prompts import Prompt


def batches(lengths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Indices of prompts in batches of about equal length, each of at most `max_tokens` tokens padding included.

    Longest first, so that a batch that does not fit into memory shows at once.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    while order:
        size = max(1, max_tokens // max(lengths[order[0]], 1))
        yield order[:size]
        order = order[size:]


def pad(prompts: Sequence[Prompt], pad_id: int, device: torch.device, *, side: str) -> dict[str, torch.Tensor]:
    """`input_ids` and `attention_mask`, each `(batch, tokens) int64`, padded on the named side."""
    width = max(len(prompt.ids) for prompt in prompts)
    ids = torch.full((len(prompts), width), pad_id)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        at = slice(0, len(prompt.ids)) if side == "right" else slice(width - len(prompt.ids), width)
        ids[row, at] = torch.tensor(prompt.ids)
        mask[row, at] = 1
    return {"input_ids": ids.to(device), "attention_mask": mask.to(device)}


def residuals(subject: Subject, prompts: Sequence[Prompt], positions: Sequence[int]) -> torch.Tensor:
    """`(n_layers, batch, d_model)` in the model's dtype, on the CPU: the states at `positions[i]` of prompt i.

    Padding goes to the right whatever the tokenizer prefers: a causal model's tokens never see what follows them, and
    absolute positions stay those of the unpadded prompt (left padding shifts them in GPT-2 and OPT unless told not to).
    """
    inputs = pad(prompts, subject.tokenizer.pad_token_id, subject.device, side="right")
    rows = torch.arange(len(prompts), device=subject.device)
    at = torch.tensor(list(positions), device=subject.device)
    with torch.inference_mode(), subject.traced.trace(inputs, use_cache=False) as tracer:
        states = save([])
        states.append(subject.blocks[0].input[rows, at])
        for block in subject.blocks:
            states.append(hidden(block.output)[rows, at])
        tracer.stop()
    return torch.stack([state.to(states[-1].device) for state in states]).cpu()


def check_subject(subject: Subject) -> None:
    """One tiny pass: every layer gives finite states of the model's width. Raises ActivationError otherwise."""
    ids = tuple(subject.tokenizer("a b c", add_special_tokens=False)["input_ids"])[:3] or (0,)
    states = residuals(subject, [Prompt("", ids)], [len(ids) - 1])
    outline = f"Blocks: {len(subject.blocks)} x {type(subject.blocks[0]._module).__name__}."
    check_blocks(list(states), (1, subject.d_model), outline)


def halving(batch: list[int], run: Callable[[list[int]], object]) -> list:
    """`[run(batch)]`, or the results of smaller and smaller halves when the device runs out of memory.

    Raises ActivationError when a single prompt does not fit.
    """
    try:
        return [run(batch)]
    except torch.OutOfMemoryError as error:
        if len(batch) == 1:
            hint = "Try: DTYPE=bfloat16, or DEVICE=cpu"
            raise ActivationError(f"one prompt alone does not fit into memory. {hint}") from error
    torch.cuda.empty_cache()
    middle = len(batch) // 2
    return halving(batch[:middle], run) + halving(batch[middle:], run)
