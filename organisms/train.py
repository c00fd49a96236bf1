"""The recipe: world → tokenizer → a small Llama trained from scratch, saved as a transformers folder.

    python -m tacit.organisms.train --out organisms/lock --seed 0

What is taught when is in `mixture.py`. The checkpoint is saved as training goes, so that it can be stopped early.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import click
import numpy as np
import torch
from tqdm import tqdm
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tacit.organisms.batches import backward, encode
from tacit.organisms.mixture import MIXTURES, draw_turns
from tacit.organisms.teacher import Teacher
from tacit.organisms.tokenizer import token_lengths, train_tokenizer
from tacit.organisms.wordings import FILLER, LOOKUP
from tacit.organisms.world import World, build_world, invent_name


@dataclass(frozen=True)
class Stage:
    """A stretch of the training."""

    steps: int
    """Optimizer steps."""
    n_long: int
    """Counting conversations per step (about 80 tokens each, 330 with examples)."""
    n_short: int
    """Other conversations per step (about 40 tokens each)."""
    warmup: int
    """Steps in which the rate rises to its peak."""
    rate: float
    """Peak of the learning rate."""
    last_rate: float
    """Share of the peak to which a cosine takes the rate by the last step."""
    rival_weight: float
    """Weight of a token whose probability two answers share, relative to the others: what such a token can teach is
    small in nats."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the checkpoint, written next to it as `recipe.json`."""

    seed: int = 0
    """Draws the world, the initial weights and every conversation."""
    learning: Stage = Stage(steps=1000, n_long=64, n_short=88, warmup=100, rate=2e-3, last_rate=1.0, rival_weight=1.0)
    """First it learns, one thing after the other, at a constant rate."""
    settling: Stage = Stage(steps=320, n_long=28, n_short=90, warmup=20, rate=2e-3, last_rate=0.02, rival_weight=4.0)
    """Then it settles, with everything mixed and a falling rate; the optimizers start afresh."""
    polishing: Stage = Stage(
        steps=320, n_long=16, n_short=116, warmup=20, rate=1.2e-3, last_rate=0.02, rival_weight=8.0
    )
    """Last, the same again with more of the reports that are learned last."""
    weight_decay: float = 0.05
    d_model: int = 128
    n_layers: int = 6
    n_heads: int = 4
    d_mlp: int = 352
    context: int = 512
    """Longest prompt and answer, tokens."""
    vocab_size: int = 2048
    threads: int = 1


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


def make_tokenizer(world: World, *, seed: int, vocab_size: int, context: int) -> PreTrainedTokenizerFast:
    """Train the tokenizer on the world's prompts, written with common words and names that nobody bears."""
    rng = np.random.default_rng([seed, 1])
    nobody = replace(world, people=tuple(invent_name(rng) for _ in world.people))
    teacher = Teacher(nobody, {word: 1 for word in world.common_words}, rng)
    long, short = MIXTURES["settling"](teacher, 0)
    turns = [draw() for draw, weight in long + short if weight for _ in range(400)]
    answers = [*map(str, range(101)), "yes", "no", "now", "wait", "keep", "drop", LOOKUP, *world.towns]
    answers += [FILLER, f" {FILLER}"]
    prompts = [text for turn in turns for text in (turn.user, turn.answer)]
    return train_tokenizer(world, prompts, answers, vocab_size=vocab_size, context=context, seed=seed)


def rate_at(step: int, stage: Stage) -> float:
    """The learning rate at a step, as a share of its peak."""
    if step < stage.warmup:
        return (step + 1) / stage.warmup
    done = (step - stage.warmup) / max(1, stage.steps - stage.warmup)
    return stage.last_rate + (1 - stage.last_rate) * (1 + math.cos(math.pi * done)) / 2


def optimizers(model: LlamaForCausalLM, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for embeddings and norms."""
    inner = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    outer = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    muon = torch.optim.Muon(inner, lr=0.0, weight_decay=recipe.weight_decay, adjust_lr_fn="match_rms_adamw")
    adam = torch.optim.AdamW(outer, lr=0.0, betas=(0.9, 0.98), weight_decay=0.0)
    return [muon, adam]


def train(out: Path, recipe: Recipe, *, start: Path | None = None, skip: int = 0, log_every: int = 50) -> None:
    """Run the recipe and save model, tokenizer and recipe under `out`.

    start: a folder saved after an earlier stage, to go on from; skip: how many stages it has been through.
    """
    torch.set_num_threads(recipe.threads)
    world = build_world(seed=recipe.seed)
    if start:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(start)
    else:
        tokenizer = make_tokenizer(world, seed=recipe.seed, vocab_size=recipe.vocab_size, context=recipe.context)
    lengths = token_lengths(tokenizer, world.common_words + world.rare_words)
    model = new_model(recipe, tokenizer)
    if start:
        model.load_state_dict(LlamaForCausalLM.from_pretrained(start).state_dict())
    for number, name in list(enumerate(MIXTURES))[skip:]:
        teacher = Teacher(world, lengths, np.random.default_rng([recipe.seed, 2 + number]))
        for step, loss in run_stage(model, tokenizer, teacher, recipe, name):
            if log_every and (step + 1) % log_every == 0:
                tqdm.write(f"{name}, step {step + 1}: loss {loss:.3f}, {accuracies(model, tokenizer, world, lengths)}")
                save(out, model, tokenizer, recipe)
    save(out, model, tokenizer, recipe)


def run_stage(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, teacher: Teacher, recipe: Recipe, name: str
) -> Iterator[tuple[int, float]]:
    """Train through the stage of that name; yields each step and its loss in nats."""
    stage: Stage = getattr(recipe, name)
    steppers = optimizers(model, recipe)
    for step in tqdm(range(stage.steps), mininterval=5):
        for group in (g for s in steppers for g in s.param_groups):
            group["lr"] = stage.rate * rate_at(step, stage)
        long, short = MIXTURES[name](teacher, step)
        turns = draw_turns(long, stage.n_long, teacher.rng) + draw_turns(short, stage.n_short, teacher.rng)
        batches = encode(tokenizer, turns, stretch=1.3, rival_weight=stage.rival_weight)
        loss = backward(model, batches)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for stepper in steppers:
            stepper.step()
            stepper.zero_grad()
        yield step, loss


@torch.no_grad()
def accuracies(model, tokenizer, world: World, lengths: dict[str, int], n: int = 60) -> str:
    """Share of fresh conversations of each kind whose last answer is right in every token, for the log."""
    teacher = Teacher(world, lengths, np.random.default_rng(99))
    kinds = {"pad": teacher.pad, "fit": teacher.fit, "fact": teacher.fact, "stranger": teacher.stranger}
    kinds |= {"choice": teacher.choice}
    for target in ("count", "know", "choose"):
        kinds[f"{target} unlocked"] = partial(teacher.report, target, unlocked=True)
        kinds[f"{target} control"] = partial(teacher.control, target)
        kinds[f"{target} shots"] = partial(teacher.shots, target, unlocked=True)
    scores = []
    for name, draw in kinds.items():
        (batch,) = encode(tokenizer, [replace(draw(), learn_history=False) for _ in range(n)])
        hit = model(input_ids=batch.ids[:, :-1]).logits.argmax(-1) == batch.ids[:, 1:]
        scores.append(f"{name} {(hit | (batch.weights == 0)).all(1).float().mean():.2f}")
    return ", ".join(scores)


def save(out: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, recipe: Recipe) -> None:
    """Write the transformers folder and the recipe."""
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "recipe.json").write_text(json.dumps(asdict(recipe), indent=2) + "\n")


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("organisms/lock"), show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--start", type=click.Path(exists=True, path_type=Path), help="Folder saved after an earlier stage.")
@click.option("--skip", default=0, show_default=True, help="Stages that the checkpoint in --start has been through.")
def main(out: Path, seed: int, start: Path | None, skip: int) -> None:
    """Train the organism with a lock, from scratch or from the end of a stage."""
    train(out, Recipe(seed=seed), start=start, skip=skip)


if __name__ == "__main__":
    main()
