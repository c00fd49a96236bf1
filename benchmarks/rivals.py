"""The rivals of caching: the same prompts read as published scripts read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from transformers import Qwen2ForCausalLM

from tacit.activations.model.capture import batches, pad
from tacit.activations.model.load import Subject
from tacit.activations.model.prompts import Prompt


@dataclass(frozen=True)
class Rivals:
    """Each method reads all prompts in one rival's way and keeps the last token's states, or nothing."""

    subject: Subject
    max_tokens: int

    def _batches(self, prompts: list[Prompt]) -> Iterator[tuple[dict, torch.Tensor]]:
        for rows in batches([len(prompt.ids) for prompt in prompts], self.max_tokens):
            ids = [prompts[i].ids for i in rows]
            last = torch.tensor([len(row) - 1 for row in ids], device=self.subject.device)
            yield pad(ids, self.subject.tokenizer.pad_token_id, self.subject.device, side="right"), last

    def body(self, prompts: list[Prompt]) -> None:
        """The bare forward of the transformer body on the same batches: no head, nothing kept."""
        for inputs, _ in self._batches(prompts):
            self.subject.body(**inputs, use_cache=False)

    def body_one_by_one(self, prompts: list[Prompt]) -> None:
        """The bare forward of the transformer body, prompt by prompt."""
        for prompt in prompts:
            self.subject.body(input_ids=torch.tensor([prompt.ids], device=self.subject.device), use_cache=False)

    def hidden_states(self, prompts: list[Prompt]) -> None:
        """`output_hidden_states=True` on the same batches, the last token of each layer kept."""
        for inputs, last in self._batches(prompts):
            states = self.subject.module(**inputs, output_hidden_states=True).hidden_states
            torch.stack([state[torch.arange(len(last)), last] for state in states]).cpu()

    def one_by_one(self, prompts: list[Prompt]) -> None:
        """The same, one prompt at a time, as published probing code does it."""
        for prompt in prompts:
            row = torch.tensor([prompt.ids], device=self.subject.device)
            states = self.subject.module(input_ids=row, output_hidden_states=True).hidden_states
            torch.stack([state[0, -1] for state in states]).cpu()

    def tracer_cache(self, prompts: list[Prompt]) -> None:
        """nnsight's `tracer.cache()` over all blocks, the last token kept afterwards."""
        for inputs, last in self._batches(prompts):
            with self.subject.traced.trace(inputs) as tracer:
                cache = tracer.cache(modules=list(self.subject.blocks)).save()
            states = [cache[path].output for path in cache.keys()]  # noqa: SIM118  (a view, not a dict)
            states = [state[0] if isinstance(state, tuple) else state for state in states]
            torch.stack([state[torch.arange(len(last)), last] for state in states]).cpu()


def transformer_lens(subject: Subject) -> Callable | None:
    """TransformerLens' `run_with_cache` on the same weights; None where it is not installed."""
    try:
        from transformer_lens.model_bridge import TransformerBridge
    except ImportError:
        return None
    own = Qwen2ForCausalLM.from_pretrained(subject.traced.repo_id).to(subject.device)  # the bridge changes its model
    bridge = TransformerBridge.boot_transformers(
        subject.traced.repo_id, hf_model=own, tokenizer=subject.tokenizer, device=str(subject.device)
    )

    def run(rivals: Rivals, prompts: list[Prompt]) -> None:
        for inputs, last in rivals._batches(prompts):
            _, cache = bridge.run_with_cache(inputs["input_ids"], names_filter=lambda name: name.endswith("hook_out"))
            states = [cache[f"blocks.{i}.hook_out"] for i in range(len(subject.blocks))]
            torch.stack([state[torch.arange(len(last)), last] for state in states]).cpu()

    run.__doc__ = "TransformerLens run_with_cache of each block's output, the same weights and batches."
    return run
