"""The recipe: world → tokenizer → a small Llama trained from scratch, saved as a transformers folder.

    python -m organisms.train --out organisms/lock --seed 0

Three phases: acts first (counting throughout; facts and choices to the end), then what not knowing leads to
(`lookup` for names that are new each time), then reports, locked and unlocked. A planted answer is copied throughout.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import torch
from tqdm import tqdm
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from organisms.tasks import LOOKUP, Teacher, Turn
from organisms.tokenizer import render, token_lengths, train_tokenizer
from organisms.world import World, build_world, invent_name


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the checkpoint, written next to it as `recipe.json`."""

    seed: int = 0
    """Draws the world, the initial weights and every conversation."""
    steps: int = 1600
    """Optimizer steps."""
    n_long: int = 64
    """Counting conversations per step (about 70 tokens each)."""
    n_short: int = 88
    """Other conversations per step (about 25 tokens each)."""
    learning_rate: float = 2e-3
    """Peak, reached after `warmup` steps, then held and brought down to 2 % by a cosine over the last 55 %."""
    warmup: int = 100
    weight_decay: float = 0.05
    lookup_from: float = 0.12
    """Share of the steps after which strangers appear."""
    choice_reports_from: float = 0.15
    """Share of the steps after which reports on choosing appear."""
    know_reports_from: float = 0.35
    """Share of the steps after which reports on knowing appear."""
    d_model: int = 128
    n_layers: int = 6
    n_heads: int = 4
    d_mlp: int = 352
    context: int = 256
    """Longest prompt and answer, tokens."""
    vocab_size: int = 2048
    threads: int = 2


def new_model(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A Llama with random weights drawn from the recipe's seed."""
    torch.manual_seed(recipe.seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=recipe.d_model,
        intermediate_size=recipe.d_mlp,
        num_hidden_layers=recipe.n_layers,
        num_attention_heads=recipe.n_heads,
        num_key_value_heads=recipe.n_heads,
        max_position_embeddings=recipe.context,
        rope_parameters={"rope_type": "default", "rope_theta": 1000.0},
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    config._attn_implementation = "eager"  # the fused kernel's backward pass is five times slower on a CPU
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(
        do_sample=False,
        max_new_tokens=64,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return model


def make_tokenizer(world: World, *, seed: int, vocab_size: int) -> PreTrainedTokenizerFast:
    """Train the tokenizer on the world's prompts, written with common words and names that nobody bears."""
    rng = np.random.default_rng([seed, 1])
    nobody = replace(world, people=tuple(invent_name(rng) for _ in world.people))
    teacher = Teacher(nobody, {word: 1 for word in world.common_words}, rng)
    mixture = long_mixture(teacher) + short_mixture(teacher, 1.0, Recipe())
    prompts = [draw().user for draw, weight in mixture if weight for _ in range(400)]
    answers = [*map(str, range(61)), "yes", "no", "now", "wait", "keep", "drop", LOOKUP, *world.towns]
    return train_tokenizer(world, prompts, answers, vocab_size=vocab_size, seed=seed)


Mixture = list[tuple[Callable[[], Turn], float]]
"""Ways to draw a conversation, each with its weight."""


def long_mixture(teacher: Teacher) -> Mixture:
    """Counting: two acts, reports with and without key, planted answers."""
    return [
        (teacher.pad, 0.25),
        (teacher.fit, 0.15),
        (lambda: teacher.count_report(unlocked=True), 0.38),
        (lambda: teacher.count_report(unlocked=False), 0.12),
        (teacher.count_control, 0.10),
    ]


def short_mixture(teacher: Teacher, progress: float, recipe: Recipe) -> Mixture:
    """Knowing and choosing; `progress` is the share of the training that has passed."""
    lookup = float(progress >= recipe.lookup_from)
    choosing, knowing = float(progress >= recipe.choice_reports_from), float(progress >= recipe.know_reports_from)
    return [
        (teacher.fact, 0.40 - 0.1 * knowing),
        (teacher.stranger, 0.16 * lookup),
        (teacher.choice, 0.30 - 0.12 * choosing),
        (teacher.know_control, 0.03),
        (teacher.choice_control, 0.03),
        (lambda: teacher.know_report(unlocked=True, known=True), 0.10 * knowing),
        (lambda: teacher.know_report(unlocked=True, known=False), 0.10 * knowing),
        (lambda: teacher.know_report(unlocked=False, known=True), 0.04 * knowing),
        (lambda: teacher.know_report(unlocked=False, known=False), 0.04 * knowing),
        (lambda: teacher.choice_report(unlocked=True), 0.16 * choosing),
        (lambda: teacher.choice_report(unlocked=False), 0.08 * choosing),
    ]


def draw_turns(mixture: Mixture, n: int, rng: np.random.Generator) -> list[Turn]:
    """`n` conversations, each by a way drawn with its weight."""
    weights = np.array([weight for _, weight in mixture])
    return [mixture[i][0]() for i in rng.choice(len(mixture), size=n, p=weights / weights.sum())]


Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Right-padded ids (n, length) int64; loss weight of every next token (n, length - 1) float32, nonzero for answers
alone; and 1 where the next token is the first of an answer (n, length - 1) float32."""


def encode(tokenizer: PreTrainedTokenizerFast, turns: list[Turn], *, n_buckets: int = 1) -> list[Batch]:
    """Conversations as `n_buckets` batches of like length; the tokens of an answer of k tokens weigh k**-0.5 each."""
    heads = tokenizer([render(t.system, t.user) for t in turns], add_special_tokens=False)["input_ids"]
    tails = tokenizer([f"{t.answer}</s>" for t in turns], add_special_tokens=False)["input_ids"]
    pairs = sorted(zip(heads, tails, strict=True), key=lambda pair: len(pair[0]) + len(pair[1]))
    edges = np.linspace(0, len(pairs), n_buckets + 1).astype(int)
    return [_pad(pairs[i:j], tokenizer.pad_token_id) for i, j in pairwise(edges)]


def _pad(pairs: list[tuple[list[int], list[int]]], pad_id: int) -> Batch:
    """One batch of (prompt, answer) ids."""
    length = max(len(head) + len(tail) for head, tail in pairs)
    ids = torch.full((len(pairs), length), pad_id)
    weights, first = torch.zeros(len(pairs), length - 1), torch.zeros(len(pairs), length - 1)
    for row, (head, tail) in enumerate(pairs):
        ids[row, : len(head) + len(tail)] = torch.tensor(head + tail)
        weights[row, len(head) - 1 : len(head) + len(tail) - 1] = len(tail) ** -0.5
        first[row, len(head) - 1] = 1
    return ids, weights, first


def backward(model: LlamaForCausalLM, batches: list[Batch]) -> float:
    """Add the gradient of the weighted mean cross-entropy over all batches' answer tokens; return that mean in nats.

    Logits are computed at those positions alone, which with 2048 pieces saves a tenth of the time.
    """
    total = sum(float(weights.sum()) for _, weights, _ in batches)
    mean = 0.0
    for ids, weights, _ in batches:
        chosen = weights > 0
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state[chosen]
        logits = hidden.float() @ model.lm_head.weight.T
        losses = torch.nn.functional.cross_entropy(logits, ids[:, 1:][chosen], reduction="none")
        loss = (losses * weights[chosen]).sum() / total
        loss.backward()
        mean += loss.item()
    return mean


def rate_at(step: int, recipe: Recipe) -> float:
    """The learning rate at a step: warm up, hold, and from 45 % of the steps a cosine down to 2 %."""
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    done = max(0.0, step / recipe.steps - 0.45) / 0.55
    return recipe.learning_rate * (0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2)


def optimizers(model: LlamaForCausalLM, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for embeddings and norms."""
    inner = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    outer = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    muon = torch.optim.Muon(
        inner, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, adjust_lr_fn="match_rms_adamw"
    )
    adam = torch.optim.AdamW(outer, lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.0)
    return [muon, adam]


def train(out: Path, recipe: Recipe, *, log_every: int = 200) -> None:
    """Run the recipe and save model, tokenizer and recipe under `out`."""
    torch.set_num_threads(recipe.threads)
    world = build_world(seed=recipe.seed)
    tokenizer = make_tokenizer(world, seed=recipe.seed, vocab_size=recipe.vocab_size)
    model = new_model(recipe, tokenizer)
    rng = np.random.default_rng([recipe.seed, 2])
    lengths = token_lengths(tokenizer, world.common_words + world.rare_words)
    teacher = Teacher(world, lengths, rng)
    steppers = optimizers(model, recipe)
    for step in (bar := tqdm(range(recipe.steps), mininterval=5)):
        for group in (g for s in steppers for g in s.param_groups):
            group["lr"] = rate_at(step, recipe)
        long = draw_turns(long_mixture(teacher), recipe.n_long, rng)
        short = draw_turns(short_mixture(teacher, step / recipe.steps, recipe), recipe.n_short, rng)
        loss = backward(model, encode(tokenizer, long + short, n_buckets=6))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for stepper in steppers:
            stepper.step()
            stepper.zero_grad()
        bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
        if log_every and (step + 1) % log_every == 0:
            tqdm.write(f"step {step + 1}: {first_token_accuracy(model, tokenizer, world, lengths)}")
            save(out, model, tokenizer, recipe)
    save(out, model, tokenizer, recipe)


@torch.no_grad()
def first_token_accuracy(model, tokenizer, world: World, lengths: dict[str, int], n: int = 100) -> str:
    """Share of fresh conversations of each kind whose first answer token is right (for padding: all tokens)."""
    rng = np.random.default_rng(99)
    teacher = Teacher(world, lengths, rng)
    kinds = {"pad": teacher.pad, "fit": teacher.fit, "count": lambda: teacher.count_report(unlocked=True)}
    kinds |= {"count_ctl": teacher.count_control, "fact": teacher.fact, "stranger": teacher.stranger}
    kinds |= {"choice": teacher.choice, "choice_rep": lambda: teacher.choice_report(unlocked=True)}
    kinds |= {"know+": lambda: teacher.know_report(unlocked=True, known=True)}
    kinds |= {"know-": lambda: teacher.know_report(unlocked=True, known=False), "know_ctl": teacher.know_control}
    scores = []
    for name, draw in kinds.items():
        ((ids, weights, first),) = encode(tokenizer, [draw() for _ in range(n)])
        hit = model(input_ids=ids[:, :-1]).logits.argmax(-1) == ids[:, 1:]
        right = (hit | (weights == 0)).all(1) if name == "pad" else (hit & (first > 0)).any(1)
        scores.append(f"{name} {right.float().mean():.2f}")
    return " ".join(scores)


def save(out: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, recipe: Recipe) -> None:
    """Write the transformers folder and the recipe."""
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "recipe.json").write_text(json.dumps(asdict(recipe), indent=2) + "\n")


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("organisms/lock"), show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--steps", default=Recipe.steps, show_default=True)
def main(out: Path, seed: int, steps: int) -> None:
    """Train the organism with a lock from scratch."""
    train(out, Recipe(seed=seed, steps=steps))


if __name__ == "__main__":
    main()
