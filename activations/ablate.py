"""States moved, and what comes of it: how far the next token's distribution shifts with the residual stream.

In: prompts, a layer, and what is added there to the state of each prompt's last token. Out: for every move and prompt
the divergence of what the model would write next from what it would have written. Everything before the last token is
computed once a prompt: a move at the last token leaves earlier keys and values as they are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

import numpy as np
import torch
from nnsight import save

from tacit.activations.model.capture import Batch, halving, plain_batch
from tacit.activations.model.load import Subject
from tacit.activations.model.prefix_cache import Beginning, Reading, can_share, continued_batch
from tacit.activations.model.prompts import Prompt, encode, renderer
from tacit.activations.store.store import Store
from tacit.errors import ActivationError
from tacit.settings import Settings

ROWS = 128
"""Moves of one prompt that are put through the blocks together."""
SLACK = {torch.float32: 1e-3}
"""Share of a state's norm by which it may differ from the cached one; the batch changes the rounding."""


class Mover:
    """A run's model and prompts, ready to have states moved."""

    def __init__(self, subject: Subject, store: Store, settings: Settings) -> None:
        self.subject, self.store, self.settings = subject, store, settings
        self.shares = can_share(subject)

    def move(
        self, target: str, condition: str, site: str, layer: int, rows: np.ndarray, shifts: np.ndarray,
        tick: Callable[[int], object] = lambda n: None,
    ) -> np.ndarray:  # fmt: skip
        """`(n_moves, n_rows) float64`: KL of the moved next-token distribution from the unmoved one, in nats.

        site: `object` or `report`, the last token of that prompt; rows: positions among the target's items in the
        store; shifts: `(n_moves, n_rows, d_model)`, added to what leaves block `layer` (0: to what enters the first).
        Raises ActivationError where a state is not the one that was cached: then the model is not the run's.
        """
        items = self.store.items[self.store.items["target"] == target].iloc[rows]
        render = renderer(self.subject.tokenizer, self.settings.conditions[condition])
        prompts = encode(self.subject.tokenizer, [render(text) for text in items[f"{site}_prompt"]])
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
        """Log-probabilities of the next token, unmoved and after every move, and the unmoved state."""
        moves = np.concatenate([np.zeros_like(shifts[:1]), shifts])
        last = len(prompt.ids) - 1
        reading = Reading(prompt.ids, [(last, last + 1)])
        beginning = Beginning(self.subject, prompt.ids[:-1]) if self.shares and last > 0 else None
        found: dict[int, torch.Tensor] = {}
        states: dict[int, np.ndarray] = {}

        def run(some: list[int]) -> None:
            same = [reading] * len(some)
            batch = continued_batch(self.subject, beginning, same) if beginning else _whole(self.subject, same)
            logps, seen = moved(self.subject, batch, layer, moves[some])
            found.update(zip(some, logps, strict=True))
            states[some[0]] = seen[0]

        for start in range(0, len(moves), ROWS):
            halving(list(range(start, min(start + ROWS, len(moves)))), run)
        return torch.stack([found[k] for k in range(len(moves))]), states[0]

    def _check(self, state: np.ndarray, cached: np.ndarray, where: str) -> None:
        off = float(np.linalg.norm(state - cached) / max(np.linalg.norm(cached), 1e-9))
        if off > SLACK.get(self.subject.dtype, 5e-2):
            raise ActivationError(
                f"{where}: the state differs from the cached one by {off:.1%} of its size, so this is not the model or"
                f" the prompt of the run. Run: tacit cache {self.store.path.parent.name}"
            )


def moved(subject: Subject, batch: Batch, layer: int, shifts: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
    """`(batch, vocabulary) float32` log-probabilities of the next token after the moves, and the states before them.

    Every row of the batch ends with its last token, without padding. shifts: `(batch, d_model)`.
    """
    inputs = dict(batch.inputs)
    if "logits_to_keep" in inspect.signature(subject.module.forward).parameters:
        inputs["logits_to_keep"] = 1  # the vocabulary at one token alone
    by = torch.as_tensor(shifts, device=subject.device, dtype=subject.dtype)
    with torch.inference_mode():
        logits, state = _run(subject.traced, subject.blocks, inputs, layer, by, subject.elsewhere)
        return torch.log_softmax(logits.float(), dim=-1), state.float().cpu().numpy()


def _run(traced, blocks, inputs, layer: int, by, elsewhere):
    """The trace itself. Its block may be shipped to another machine, so it uses nothing but torch and plain values."""
    with traced.trace(inputs, **elsewhere):
        output = blocks[layer - 1].output if layer else blocks[0].input
        state = output[0] if isinstance(output, tuple) else output
        before = save(state[:, -1].clone())
        state[:, -1] += by.to(state.device)
        logits = save(traced.output.logits[:, -1])
    return logits, before


def _whole(subject: Subject, readings: Sequence[Reading]) -> Batch:
    return plain_batch(subject, [r.ids for r in readings], [r.ranges for r in readings])
