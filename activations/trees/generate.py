"""Generate replies in batches with transformers' own `generate`: greedy ones and samples, nothing shared.

Prompts are padded on the left here, as `generate` needs; it derives the positions from the attention mask.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from tacit.activations.model.capture import pad
from tacit.activations.model.load import Subject
from tacit.activations.model.prompts import Prompt
from tacit.activations.trees.jobs import Reply


def end_tokens(subject: Subject) -> list[int]:
    """The tokens that end a turn: the checkpoint's generation settings, else its config's, else the tokenizer's."""
    generation = getattr(subject.module, "generation_config", None)
    ends = getattr(generation, "eos_token_id", None)
    ends = subject.tokenizer.eos_token_id if ends is None else ends
    return [] if ends is None else [ends] if isinstance(ends, int) else list(ends)


def generate(subject: Subject, prompts: Sequence[Prompt], max_new_tokens: int) -> tuple[list[Reply], torch.Tensor]:
    """Greedy replies, and `(batch, vocabulary) float32` log-probabilities of the first new token, on the CPU.

    The checkpoint's own sampling settings (temperature, repetition penalty, …) are ignored: a report is what the model
    itself finds most probable.
    """
    inputs = pad([prompt.ids for prompt in prompts], subject.tokenizer.pad_token_id, subject.device, side="left")
    ends, watched = end_tokens(subject), _Watched()
    greedy = GenerationConfig(
        max_new_tokens=max_new_tokens, do_sample=False, num_beams=1, repetition_penalty=1.0, no_repeat_ngram_size=0,
        eos_token_id=ends or None, pad_token_id=subject.tokenizer.pad_token_id,
        return_dict_in_generate=True, output_logits=bool(subject.remote),
    )  # fmt: skip
    with torch.inference_mode():
        if subject.remote:  # what is watched cannot be sent to another machine, so its logits come back whole
            out = _elsewhere(subject.traced, inputs, greedy, subject.elsewhere)
            for logits in out.logits:
                watched(None, logits)
        else:
            out = _here(subject, inputs, greedy, LogitsProcessorList([watched]))
    new = out.sequences[:, inputs["input_ids"].shape[1] :].tolist()
    rows = zip(new, torch.stack(watched.best, dim=1).tolist(), strict=True)
    return [_cut(tokens, ends, logps) for tokens, logps in rows], watched.first.cpu()


class _Watched(LogitsProcessor):
    """Notes the likeliest token's log-probability at every step, and the first step's whole distribution."""

    def __init__(self) -> None:
        self.first: torch.Tensor | None = None
        self.best: list[torch.Tensor] = []

    def __call__(self, input_ids, scores: torch.Tensor) -> torch.Tensor:
        logps = torch.log_softmax(scores.float(), dim=-1)
        self.first = logps if self.first is None else self.first
        self.best.append(logps.amax(dim=-1))
        return scores


def sample(subject: Subject, prompts: Sequence[Prompt], max_new_tokens: int, n: int, seed: int) -> list[list[Reply]]:
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
        torch.manual_seed(seed % 2**63)
        if subject.remote:
            out = _elsewhere(subject.traced, inputs, drawn, subject.elsewhere)
        else:
            out = _here(subject, inputs, drawn, LogitsProcessorList())
    new = out.sequences[:, inputs["input_ids"].shape[1] :].tolist()
    cut = [_cut(tokens, ends, None) for tokens in new]
    return [cut[i * n : (i + 1) * n] for i in range(len(prompts))]


def _here(subject: Subject, inputs: dict, config: GenerationConfig, watching: LogitsProcessorList):
    with _own_settings(subject.module, config):
        return subject.module.generate(**inputs, generation_config=config, logits_processor=watching)


def _elsewhere(traced, inputs: dict, config: GenerationConfig, where: dict):
    """Generation on another machine; the body of the trace is sent there, so it uses plain values only."""
    with traced.generate(inputs, generation_config=config, **where) as tracer:
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


def _cut(tokens: list[int], ends: list[int], logps: list[float] | None) -> Reply:
    """A reply up to the token that ends the turn; logps: each token's, None for a sample."""
    stop = next((i for i, token in enumerate(tokens) if token in ends), None)
    length = len(tokens) if stop is None else stop + 1
    known = {} if logps is None else {"logprob": sum(logps[:length]), "first_logprob": logps[0]}
    return Reply(tokens[:length], **({"logprob": float("nan")} | known), ended=stop is not None)
