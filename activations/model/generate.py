"""Generate in batches: greedy replies and samples, the first token's distribution, and the model's confidence.

Prompts are padded on the left here, as `generate` needs; it derives the positions from the attention mask.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from transformers import GenerationConfig

from tacit.activations.model.capture import pad
from tacit.activations.model.load import Subject
from tacit.activations.model.prompts import Prompt

Ids = Sequence[int]


@dataclass(frozen=True)
class Generated:
    """The greedy continuation of one prompt."""

    text: str
    """Decoded without special tokens."""
    n_tokens: int
    """New tokens, the end-of-turn token included."""
    ended: bool
    """Whether the model ended its turn by itself, rather than at the length cap."""
    logprob: float
    """Sum of the new tokens' log-probabilities in nats, the end-of-turn token included; nan for samples."""
    first_logprob: float
    """Log-probability of the first new token in nats."""
    entropy: float
    """Entropy of the first new token's distribution in nats."""
    first_token: int
    """Id of the first new token."""


def end_tokens(subject: Subject) -> list[int]:
    """The tokens that end a turn: the checkpoint's generation settings, else its config's, else the tokenizer's."""
    generation = getattr(subject.module, "generation_config", None)
    ends = getattr(generation, "eos_token_id", None)
    ends = subject.tokenizer.eos_token_id if ends is None else ends
    return [] if ends is None else [ends] if isinstance(ends, int) else list(ends)


def generate(subject: Subject, prompts: Sequence[Prompt], max_new_tokens: int) -> tuple[list[Generated], torch.Tensor]:
    """Greedy replies, and `(batch, vocabulary) float32` log-probabilities of the first new token, on the CPU.

    The checkpoint's own sampling settings (temperature, repetition penalty, …) are ignored: a report is what the model
    itself finds most probable.
    """
    inputs = pad([prompt.ids for prompt in prompts], subject.tokenizer.pad_token_id, subject.device, side="left")
    ends = end_tokens(subject)
    greedy = GenerationConfig(
        max_new_tokens=max_new_tokens, do_sample=False, num_beams=1, repetition_penalty=1.0, no_repeat_ngram_size=0,
        eos_token_id=ends or None, pad_token_id=subject.tokenizer.pad_token_id,
        return_dict_in_generate=True, output_logits=True,
    )  # fmt: skip
    with torch.inference_mode():
        out = _continued(subject, inputs, greedy)
    new = out.sequences[:, inputs["input_ids"].shape[1] :]
    first = torch.log_softmax(out.logits[0].float(), dim=-1)
    spread = torch.special.entr(first.exp()).sum(-1).tolist()
    each = torch.stack([_picked(logits, new[:, at]) for at, logits in enumerate(out.logits)], dim=1).tolist()
    rows = zip(new.tolist(), each, spread, strict=True)
    return [_cut(subject, tokens, ends, logps, entropy) for tokens, logps, entropy in rows], first.cpu()


def _picked(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """`(batch,) float32`: log-probabilities of the tokens, one step at a time, so that no second copy is kept."""
    chosen = logits.gather(1, tokens[:, None].to(logits.device))[:, 0]
    return chosen.float() - torch.logsumexp(logits.float(), dim=-1)


def sample(
    subject: Subject, prompts: Sequence[Prompt], max_new_tokens: int, n: int, seed: int
) -> list[list[Generated]]:
    """`n` replies per prompt, sampled at temperature 1 without top-k or top-p.

    The seed applies on this machine only; a remote model uses its own random state.
    """
    inputs = pad([prompt.ids for prompt in prompts], subject.tokenizer.pad_token_id, subject.device, side="left")
    ends = end_tokens(subject)
    drawn = GenerationConfig(
        max_new_tokens=max_new_tokens, do_sample=True, num_beams=1, temperature=1.0, top_k=0, top_p=1.0,
        repetition_penalty=1.0, no_repeat_ngram_size=0, num_return_sequences=n,
        eos_token_id=ends or None, pad_token_id=subject.tokenizer.pad_token_id, return_dict_in_generate=True,
    )  # fmt: skip
    devices = [subject.device] if subject.device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.inference_mode():
        torch.manual_seed(seed)
        out = _continued(subject, inputs, drawn)
    new = out.sequences[:, inputs["input_ids"].shape[1] :].tolist()
    unknown = [math.nan] * max_new_tokens
    cut = [_cut(subject, tokens, ends, unknown, math.nan) for tokens in new]
    return [cut[i * n : (i + 1) * n] for i in range(len(prompts))]


def _continued(subject: Subject, inputs: dict, greedy: GenerationConfig):
    if not subject.remote:
        with _own_settings(subject.module, greedy):
            return subject.module.generate(**inputs, generation_config=greedy)
    return _elsewhere(subject.traced, inputs, greedy, subject.elsewhere)


def _elsewhere(traced, inputs: dict, greedy: GenerationConfig, where: dict):
    """Generation on another machine; the body of the trace is sent there, so it uses plain values only."""
    with traced.generate(inputs, generation_config=greedy, **where) as tracer:
        out = tracer.result.save()
    return out


class _own_settings:
    """Hides the checkpoint's GenerationConfig, from which `generate` would fill whatever `config` leaves unset."""

    def __init__(self, module, config: GenerationConfig):
        self.module, self.config, self.saved = module, config, module.generation_config

    def __enter__(self):
        self.module.generation_config = self.config

    def __exit__(self, *_):
        self.module.generation_config = self.saved


def after_nodes(subject: Subject, prompts: Sequence[Prompt], *, shares: bool) -> Callable[[Ids], torch.Tensor]:
    """A function from a few more tokens to `(batch, vocabulary) float32` log-probabilities of the next one, on the CPU.

    If the model can continue from cached keys and values, the prompts are computed only once, at the first call.
    """
    ids = [prompt.ids for prompt in prompts]
    longest = max(map(len, ids))
    if not shares or (subject.window is not None and longest >= subject.window // 2):
        return lambda node: generate(subject, [Prompt("", (*row, *node)) for row in ids], 1)[1]
    return continued(subject, pad(ids, subject.tokenizer.pad_token_id, subject.device, side="right"))


def continued(subject: Subject, inputs: dict[str, torch.Tensor]) -> Callable[[Ids], torch.Tensor]:
    """The same function for rows that are padded on the right, given as tokens or embeddings with `attention_mask`."""
    lengths, past = inputs["attention_mask"].sum(1, keepdim=True), []

    @torch.inference_mode()
    def after(node: Ids) -> torch.Tensor:
        if not past:
            past.append(subject.body(**inputs, use_cache=True).past_key_values)
        tokens = torch.tensor([list(node)] * len(lengths), device=subject.device)
        logits = subject.module(
            input_ids=tokens,
            attention_mask=torch.cat([inputs["attention_mask"], torch.ones_like(tokens)], dim=1),
            position_ids=lengths + torch.arange(len(node), device=subject.device),
            past_key_values=copy.deepcopy(past[0]),
            use_cache=True,
        ).logits[:, -1]
        return torch.log_softmax(logits.float(), dim=-1).cpu()

    return after


def _cut(subject: Subject, tokens: list[int], ends: list[int], logps: list[float], entropy: float) -> Generated:
    stop = next((i for i, token in enumerate(tokens) if token in ends), None)
    kept = tokens if stop is None else tokens[:stop]
    text = subject.tokenizer.decode(kept, skip_special_tokens=True)
    length = len(tokens) if stop is None else stop + 1
    return Generated(text, length, stop is not None, sum(logps[:length]), logps[0], entropy, tokens[0])
