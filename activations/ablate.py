"""Ablate a direction in the residual stream and measure how far the next-token distribution changes.

In: prompts, a layer, and the shifts to add there to the state of each prompt's last token; subtracting a state's
component along a direction ablates that direction. Out: for every shift and prompt, KL(without the shift ||
with it) of the next-token distribution. Everything before the last token is computed once per prompt, because shifts at
the last token leave earlier keys and values unchanged.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from nnsight import save

from tacit.activations.model.capture import Batch, halving, plain_batch
from tacit.activations.model.load import Subject
from tacit.activations.model.prefix_cache import Beginning, can_continue, continued_batch
from tacit.activations.model.prompts import Prompt, encode
from tacit.activations.store.store import Store
from tacit.activations.templates.render import renderer
from tacit.errors import ActivationError
from tacit.settings import Settings

ROWS = 128
"""Shifts of one prompt that share a forward pass."""
SLACK = {torch.float32: 1e-3}
"""Largest relative difference (in norm) allowed between a state and its cached copy; batching changes the rounding."""


class Ablator:
    """A run's model and prompts, ready for interventions on the residual stream."""

    def __init__(self, subject: Subject, store: Store, settings: Settings) -> None:
        self.subject, self.store, self.settings = subject, store, settings
        self.shares = can_continue(subject)

    def ablate(
        self, target: str, condition: str, site: str, layer: int, rows: np.ndarray, shifts: np.ndarray,
        tick: Callable[[int], object] = lambda n: None,
    ) -> np.ndarray:  # fmt: skip
        """`(n_shifts, n_rows) float64`: KL(without the shift || with it) of the next-token distribution, in nats.

        site: `object` or `report`, the last token of that prompt, or of the thoughts that the model closes before its
        answer; rows: positions among the target's items in the store; shifts: `(n_shifts, n_rows, d_model)`, added to
        the output of block `layer` (0: input of the first).
        Raises ActivationError where a state differs from the cached one: then the model or prompt is not the run's.
        """
        items = self.store.items[self.store.items["target"] == target].iloc[rows]
        render = renderer(self.subject.tokenizer, self.settings.conditions[condition])
        prompts = encode(self.subject.tokenizer, render.all(items[f"{site}_prompt"]))
        thoughts = self.store.thoughts(target, condition) if site == "report" else {}
        after = [thoughts.get(item_id, []) for item_id in items["item_id"]]
        prompts = [replace(prompt, ids=[*prompt.ids, *some]) for prompt, some in zip(prompts, after, strict=True)]
        cached = self.store.load(target, condition, site, layer)[rows]
        out = np.empty((len(shifts), len(rows)))
        for i, prompt in enumerate(prompts):
            logps, state = self._next(prompt, layer, shifts[:, i])
            self._check(
                state, cached[i], f"{target}/{condition}, {site} layer {layer}, item {items['item_id'].iloc[i]}"
            )
            out[:, i] = (logps[0].exp() * (logps[0] - logps[1:])).sum(dim=1).clamp_min(0).cpu().numpy()
            tick(1)
        return out

    def _next(self, prompt: Prompt, layer: int, shifts: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
        """Log-probabilities of the next token, without a shift (first) and with each, and the state without a shift."""
        all_shifts = np.concatenate([np.zeros_like(shifts[:1]), shifts])
        last = len(prompt.ids) - 1
        beginning = Beginning(self.subject, prompt.ids[:-1]) if self.shares and last > 0 else None
        found: dict[int, torch.Tensor] = {}
        states: dict[int, np.ndarray] = {}

        def run(some: list[int]) -> None:
            if beginning:
                batch = continued_batch(self.subject, beginning, [prompt.ids[last:]] * len(some))
            else:
                batch = plain_batch(self.subject, [prompt.ids] * len(some), [[(last, last + 1)]] * len(some))
            logps, seen = logprobs_with_shifts(self.subject, batch, layer, all_shifts[some])
            found.update(zip(some, logps, strict=True))
            states[some[0]] = seen[0]

        for start in range(0, len(all_shifts), ROWS):
            halving(list(range(start, min(start + ROWS, len(all_shifts)))), run)
        return torch.stack([found[k] for k in range(len(all_shifts))]), states[0]

    def _check(self, state: np.ndarray, cached: np.ndarray, where: str) -> None:
        off = float(np.linalg.norm(state - cached) / max(np.linalg.norm(cached), 1e-9))
        if off > SLACK.get(self.subject.dtype, 5e-2):
            raise ActivationError(
                f"{where}: the state differs from the cached one by {off:.1%} of its norm, so the model or the prompt"
                f" is not the run's. Run: tacit cache {self.store.path.parent.name}"
            )


def logprobs_with_shifts(
    subject: Subject, batch: Batch, layer: int, shifts: np.ndarray
) -> tuple[torch.Tensor, np.ndarray]:
    """`(batch, vocabulary) float32` log-probabilities of the next token with the shifts, and the states before them.

    Every row of the batch ends with its last token, without padding. shifts: `(batch, d_model)`.
    """
    inputs = dict(batch.inputs)
    if "logits_to_keep" in inspect.signature(subject.module.forward).parameters:
        inputs["logits_to_keep"] = 1  # logits at the last token only
    by = torch.as_tensor(shifts, device=subject.device, dtype=subject.dtype)
    with torch.inference_mode():
        logits, state = _run(subject.traced, subject.blocks, inputs, layer, by, subject.elsewhere)
        return torch.log_softmax(logits.float(), dim=-1), state.float().cpu().numpy()


def _run(traced, blocks, inputs, layer: int, by, elsewhere):
    """The trace itself. Its body may be sent to another machine, so it uses nothing but torch and plain values."""
    with traced.trace(inputs, **elsewhere):
        output = blocks[layer - 1].output if layer else blocks[0].input
        state = output[0] if isinstance(output, tuple) else output
        before = save(state[:, -1].clone())
        state[:, -1] += by.to(state.device)
        logits = save(traced.output.logits[:, -1])
    return logits, before
