"""World → tokenizer → a small Llama trained from scratch in one run, saved as a transformers folder.

    python -m tacit.organisms.train --out organisms/lock --seed 0

`mixture.py` says which conversations each stage is trained on. The checkpoint is also saved during training.
"""

from __future__ import annotations

import hashlib
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
    """One stage of the training."""

    steps: int
    """Optimizer steps."""
    n_long: int
    """Number of counting conversations per step (about 80 tokens each, 330 with examples)."""
    n_short: int
    """Number of other conversations per step (about 40 tokens each)."""
    warmup: int
    """Number of warm-up steps, in which the learning rate rises to its peak."""
    rate: float
    """Peak of the learning rate."""
    last_rate: float
    """Share of the peak to which the learning rate decays (cosine) by the last step."""
    rival_weight: float
    """Loss weight of a token with a soft target (two answers), relative to the others: its gain in nats is small."""


@dataclass(frozen=True)
class Recipe:
    """The settings of the training; with digests of the sources (`recipe_record`) they determine the checkpoint."""

    seed: int = 0
    """Seed of the world, the initial weights and every conversation."""
    learning: Stage = Stage(steps=1000, n_long=64, n_short=88, warmup=100, rate=2e-3, last_rate=1.0, rival_weight=1.0)
    """First stage: tasks are added one after the other, at a constant learning rate."""
    settling: Stage = Stage(steps=320, n_long=28, n_short=90, warmup=20, rate=2e-3, last_rate=0.02, rival_weight=4.0)
    """Second stage: all tasks mixed, at a falling learning rate; the optimizers are new."""
    polishing: Stage = Stage(
        steps=320, n_long=16, n_short=116, warmup=20, rate=1.2e-3, last_rate=0.02, rival_weight=8.0
    )
    """Third stage: like the second, with more of the reports that are learned last."""
    weight_decay: float = 0.05
    d_model: int = 128
    n_layers: int = 6
    n_heads: int = 4
    d_mlp: int = 352
    context: int = 512
    """Longest prompt and answer together, tokens."""
    vocab_size: int = 2048
    threads: int = 1
    """CPU threads; more than one can change the rounding."""


SOURCES = ("batches", "cases", "mixture", "teacher", "tokenizer", "train", "wordings", "world")
"""Modules in this folder that determine what is drawn and computed in training."""


def recipe_record(recipe: Recipe) -> dict:
    """Everything that determines the checkpoint, as in `recipe.json`: the settings, and each source file's sha256."""
    texts = {f"{name}.py": Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8") for name in SOURCES}
    return asdict(recipe) | {"sources": {name: hashlib.sha256(t.encode()).hexdigest() for name, t in texts.items()}}


def write_recipe(folder: Path, recipe: Recipe) -> None:
    """Write `recipe.json` next to the weights."""
    text = json.dumps(recipe_record(recipe), indent=2) + "\n"
    (folder / "recipe.json").write_text(text, encoding="utf-8")


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
    """Train the tokenizer on the world's prompts, with common words and with names of nobody in the world."""
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
    """Learning rate at a step, as a share of its peak."""
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


def train(out: Path, recipe: Recipe, *, log_every: int = 50) -> None:
    """Run all stages of the recipe and save model, tokenizer and recipe under `out`.

    log_every: steps between log lines, at each of which the checkpoint is saved too; 0 for no log and no checkpoints.
    """
    torch.set_num_threads(recipe.threads)
    world = build_world(seed=recipe.seed)
    tokenizer = make_tokenizer(world, seed=recipe.seed, vocab_size=recipe.vocab_size, context=recipe.context)
    lengths = token_lengths(tokenizer, world.common_words + world.rare_words)
    model = new_model(recipe, tokenizer)
    for number, name in enumerate(MIXTURES):
        teacher = Teacher(world, lengths, np.random.default_rng([recipe.seed, 2 + number]))
        for step, loss in run_stage(model, tokenizer, teacher, recipe, name):
            if log_every and (step + 1) % log_every == 0:
                tqdm.write(f"{name}, step {step + 1}: loss {loss:.3f}, {accuracies(model, tokenizer, world, lengths)}")
                save(out, model, tokenizer, recipe)
    save(out, model, tokenizer, recipe)


def run_stage(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, teacher: Teacher, recipe: Recipe, name: str
) -> Iterator[tuple[int, float]]:
    """Train one stage, given by name; yields each step and its loss in nats."""
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
    """For the log: the share of new conversations of each kind whose last answer has no wrong token."""
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
    write_recipe(out, recipe)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("organisms/lock"), show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(out: Path, seed: int) -> None:
    """Train the model organism with a lock from scratch."""
    train(out, Recipe(seed=seed))


if __name__ == "__main__":
    main()
