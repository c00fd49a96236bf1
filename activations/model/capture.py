"""One forward pass over a batch: the residual stream at chosen layers and tokens, and nothing else.

The pass stops after the last block that is needed, so neither the final norm nor the logits are computed. Tokens are
selected (or averaged) on the device, so only `layers x sites x d_model` numbers per prompt are transferred.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from nnsight import save

from tacit.activations.model.blocks import check_blocks
from tacit.activations.model.load import Subject
from tacit.errors import ActivationError

Ranges = Sequence[Sequence[tuple[int, int]]]


@dataclass(frozen=True)
class Batch:
    """Rows for one pass, on the device."""

    inputs: dict
    """`input_ids` and `attention_mask` `(batch, tokens) int64`; after a cached prefix also its keys and values."""
    ranges: Ranges
    """For each row, for each site: first and one-past-last column of `input_ids` that is read."""


def batches(lengths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Indices of prompts in batches of about equal length, each of at most `max_tokens` tokens padding included.

    Longest first, so that a batch that does not fit into memory fails at once.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    while order:
        size = max(1, max_tokens // max(lengths[order[0]], 1))
        yield order[:size]
        order = order[size:]


def pad(rows: Sequence[Sequence[int]], pad_id: int, device: torch.device, *, side: str) -> dict[str, torch.Tensor]:
    """`input_ids` and `attention_mask`, each `(batch, tokens) int64`, padded on the named side."""
    width = max(map(len, rows))
    filled = [list(row) + [pad_id] * (width - len(row)) for row in rows]
    mask = [[1] * len(row) + [0] * (width - len(row)) for row in rows]
    if side == "left":
        filled = [[pad_id] * (width - len(row)) + list(row) for row in rows]
        mask = [each[::-1] for each in mask]
    return {"input_ids": torch.tensor(filled, device=device), "attention_mask": torch.tensor(mask, device=device)}


def plain_batch(subject: Subject, rows: Sequence[Sequence[int]], ranges: Ranges) -> Batch:
    """Whole prompts, padded on the right whatever the tokenizer prefers.

    A causal model's tokens never see what follows them, and absolute positions stay those of the unpadded prompt (left
    padding shifts them in GPT-2 and OPT unless told not to).
    """
    inputs = pad(rows, subject.tokenizer.pad_token_id, subject.device, side="right")
    return Batch(inputs | {"use_cache": False}, ranges)


def residuals(subject: Subject, batch: Batch, layers: Sequence[int]) -> torch.Tensor:
    """`(n_layers, batch, n_sites, d_model)` in the model's dtype, on the CPU.

    Layer 0 is the input of the first block, layer l the output of block l. A range of tokens is averaged in float32.
    """
    chosen = _selection(batch.ranges, batch.inputs["input_ids"].shape[1], subject.device)
    with torch.inference_mode():
        states = _run(subject.traced, subject.blocks, dict(batch.inputs), set(layers), *chosen, subject.elsewhere)
    return torch.stack([state.to(states[-1].device) for state in states]).cpu()


def _run(traced, blocks, inputs, wanted, rows, first, weights, single, elsewhere) -> list[torch.Tensor]:
    """The trace itself. Its body may be sent to another machine, so it uses nothing but torch and plain values."""
    last = max(wanted)
    with traced.trace(inputs, **elsewhere) as tracer:
        states = save([])
        for layer in range(last + 1):
            # nnsight has to reach every block in turn, needed or not, to stop the pass right after the last.
            output = blocks[layer - 1].output if layer else blocks[0].input
            state = output[0] if isinstance(output, tuple) else output
            if layer in wanted:
                picked = state[rows, first]
                if weights is not None:
                    picked = torch.where(single, picked, (weights @ state.float()).to(state.dtype))
                states.append(picked)
        tracer.stop()
    return states


def _selection(ranges: Ranges, width: int, device: torch.device) -> tuple[torch.Tensor | None, ...]:
    """Indices that select `(batch, n_sites, d_model)` from `(batch, tokens, d_model)`: rows, and first columns.

    If any range has several tokens, also the `(batch, n_sites, tokens) float32` weights of the means, and a mask of the
    ranges that have one token.
    """
    first = torch.tensor([[start for start, _ in row] for row in ranges], device=device)
    count = torch.tensor([[stop - start for start, stop in row] for row in ranges], device=device)
    rows = torch.arange(len(ranges), device=device)[:, None]
    if bool((count == 1).all()):
        return rows, first, None, None
    column = torch.arange(width, device=device)
    inside = (column >= first[..., None]) & (column < (first + count)[..., None])
    return rows, first, inside.float() / count[..., None], (count == 1)[..., None]


def check_subject(subject: Subject) -> None:
    """Check on a tiny pass that every layer gives finite states of the model's width; raises ActivationError if not."""
    ids = list(subject.tokenizer("a b c", add_special_tokens=False)["input_ids"])[:3] or [0]
    check_tokens(subject, ids, "a b c")
    batch = plain_batch(subject, [ids], [[(len(ids) - 1, len(ids))]])
    if not subject.remote:
        _check_output(subject, batch)
    states = residuals(subject, batch, range(subject.n_layers))
    outline = f"Blocks: {len(subject.blocks)} x {type(subject.blocks[0]._module).__name__}."
    check_blocks(list(states[:, :, 0]), (1, subject.d_model), outline)


def _check_output(subject: Subject, batch: Batch) -> None:
    """Refuse blocks whose output is not one residual stream; raises ActivationError, also where the pass fails."""
    shapes: list[tuple[int, ...]] = []

    def note(_module, _inputs, output) -> None:
        state = output[0] if isinstance(output, tuple) else output
        shapes.append(tuple(getattr(state, "shape", ())))

    name, expected = type(subject.module).__name__, (*batch.inputs["input_ids"].shape, subject.d_model)
    hook = subject.blocks[0]._module.register_forward_hook(note)
    try:
        with torch.inference_mode():
            subject.body(**batch.inputs)
    except (RuntimeError, ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
        reason = " ".join(str(error).split())[:300].rstrip(".")
        raise ActivationError(f"{name} fails on a tiny prompt ({type(error).__name__}: {reason})") from error
    finally:
        hook.remove()
    if shapes and shapes[0] != expected:
        several = ": it keeps several streams side by side" if len(shapes[0]) == 4 else ""
        raise ActivationError(
            f"{name}: a block's output has shape {shapes[0]}, expected {expected}{several}. tacit reads models with one"
            " residual stream only"
        )


def check_tokens(subject: Subject, ids: Sequence[int], text: str) -> None:
    """Refuse a token that the model has no embedding for; raises ActivationError with its number and the prompt."""
    embedding = subject.module.get_input_embeddings()
    rows = getattr(getattr(embedding, "weight", None), "shape", (0,))[0]
    largest = max(ids, default=0)
    if rows and largest >= rows:
        token = subject.tokenizer.convert_ids_to_tokens(largest)
        raise ActivationError(
            f"the tokenizer gives token {largest} ({token!r}), but the model has embeddings for tokens 0-{rows - 1}"
            f" only, e.g. in the prompt {text[:60]!r}. Do tokenizer and weights belong together?"
        )


def halving(
    batch: list[int], run: Callable[[list[int]], object], alone: Callable[[int], bool] = lambda _: False
) -> list:
    """`[run(batch)]`, or the results of smaller and smaller halves when the device runs out of memory.

    alone: called with a prompt that does not fit by itself; whether it may be left out.

    Raises ActivationError when a single prompt does not fit and may not be left out.
    """
    try:
        return [run(batch)]
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        if len(batch) == 1 and alone(batch[0]):
            return []
        if len(batch) == 1:
            hint = "Try: DTYPE=bfloat16, or DEVICE=cpu"
            raise ActivationError(f"one prompt alone does not fit into memory. {hint}") from error
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    middle = len(batch) // 2
    return halving(batch[:middle], run, alone) + halving(batch[middle:], run, alone)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the device, or the machine itself, had no room: on a CPU torch raises a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError) or bool(
        re.search(r"out of memory|can't allocate memory|not enough memory", str(error))
    )
