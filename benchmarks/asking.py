"""Asking: every form of the built-in targets, candidates, samples and few-shot prompts, against `model.generate`.

Times a random Qwen2-type model, and a real one where a path is given; each line is the rival's seconds over ours on the
same prompts and replies, in one run. The floor is two FLOPs per weight and token of our trees and replies, at this
machine's best matmul speed in the model's dtype.

    python -m tacit.benchmarks.asking --model models/smollm2-135m-instruct.gguf
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
import torch

from tacit.activations.model.capture import batches
from tacit.activations.model.load import Subject, load_subject, load_tokenizer
from tacit.activations.model.prompts import Prompt
from tacit.activations.plan import plan_run
from tacit.activations.planning.subjects import other_asks, primary_ask, subjects
from tacit.activations.run_settings import DEFAULT_MODEL
from tacit.activations.trees.apart import run_apart
from tacit.activations.trees.ask import jobs_of
from tacit.activations.trees.generate import generate, sample
from tacit.activations.trees.jobs import Job, Tally
from tacit.activations.trees.run import run_jobs
from tacit.activations.work import batch_tokens
from tacit.benchmarks.caching import timed, token_floor_s
from tacit.benchmarks.random_model import build, prompts_of
from tacit.benchmarks.ratios import Ratio, record
from tacit.settings import RUNS, Settings

REPLY = 12
"""Tokens of a reply."""
SURE = 50.0
"""Factor on a random model's output weights that makes it nearly sure of every token."""


def asking(subject: Subject, *, n: int, repeats: int, seed: int, label: str, only: str = "") -> Iterator[Ratio]:
    """The lines of one model whose names begin with `only`; label: the ending of their names."""
    vocabulary = subject.module.get_input_embeddings().num_embeddings
    token_s = token_floor_s(subject)
    lines: list[tuple[str, list[Job], Callable[[list[Job]], object], str]] = [
        ("ask_vs_generate", _every_form(subject, n, seed), _generate_each, "`model.generate` per form, in batches"),
        ("candidates_vs_full", _candidates(n, vocabulary, seed), _full, "each candidate read with its whole prompt"),
        ("samples_vs_num_return_sequences", _samples(n, vocabulary, seed), _sample, "`num_return_sequences=10`"),
        ("shots_vs_full", _shots(n, vocabulary, seed), _full, "each few-shot prompt read whole, in batches"),
        (
            "whole_job_vs_script",
            _whole_jobs(n, vocabulary, seed),
            _script,
            "one prompt at a time: states, then a reply",
        ),
    ]
    for name, jobs, rival, words in (line for line in lines if line[0].startswith(only)):
        tally, few = Tally(), jobs[: max(1, len(jobs) // 20)]
        sides = functools.partial(_ours, subject, jobs, tally), functools.partial(rival, subject, jobs)
        warm_up = functools.partial(_ours, subject, few, Tally()), functools.partial(rival, subject, few)
        ours_s, rival_s = timed(*sides, repeats, warm_up=warm_up)
        tokens = (tally.read + tally.written) / repeats
        yield Ratio(f"{name}{label}", rival_s / ours_s, ours_s, rival_s, words, len(jobs), token_s * tokens)


def _ours(subject: Subject, jobs: list[Job], tally: Tally) -> None:
    run_jobs(subject, jobs, range(subject.n_layers), batch_tokens(subject), tally, shares=True)


def _every_form(subject: Subject, n: int, seed: int) -> list[Job]:
    """The object and report prompts of the built-in targets in their default forms, with their replies and samples."""
    settings = Settings(
        model="", targets=("token_count", "knowledge", "behavior"), conditions={"plain": ""}, data={}, n=n, seed=seed
    )
    terms = {"tokenizer": subject.tokenizer, "config": subject.module.config, "model": {}}
    asks = [
        ask
        for one in subjects(settings, subject.tokenizer, lambda line: None)
        for ask in (primary_ask(one, settings.samples), *other_asks(one))
    ]
    entries = plan_run(asks, settings, **terms)
    return jobs_of([(entry, range(len(entry.ask.items))) for entry in entries], subject.tokenizer)


def _candidates(n: int, vocabulary: int, seed: int) -> list[Job]:
    """Fourteen candidate answers of three tokens after each prompt of 46, of which twenty are the same for all."""
    prompts = prompts_of(n, shared=20, lengths=(24, 28), vocabulary=vocabulary, seed=seed)
    answers = prompts_of(14 * n, shared=0, lengths=(3, 3), vocabulary=vocabulary, seed=seed + 1)
    return [_scored(p.ids, i, a.ids) for i, p in enumerate(prompts) for a in answers[14 * i : 14 * (i + 1)]]


def _scored(prompt: Sequence[int], item: int, answer: Sequence[int]) -> Job:
    return Job(prompt, item, wanted={tuple(answer[:at]): (token,) for at, token in enumerate(answer)})


def _samples(n: int, vocabulary: int, seed: int) -> list[Job]:
    """A greedy reply and ten samples of each prompt."""
    prompts = prompts_of(n, shared=20, lengths=(24, 28), vocabulary=vocabulary, seed=seed)
    return [Job(p.ids, i, tokens=REPLY, samples=10, seed=seed + i) for i, p in enumerate(prompts)]


def _shots(n: int, vocabulary: int, seed: int) -> list[Job]:
    """Two valid answers after sixteen examples of forty tokens that the items of a fold share, five folds."""
    jobs = []
    for fold in range(5):
        some = prompts_of(-(-n // 5), shared=640, lengths=(40, 60), vocabulary=vocabulary, seed=seed + fold)
        jobs += [Job(p.ids, fold * n + i, wanted={(): (5, 6)}) for i, p in enumerate(some)]
    return jobs


def _whole_jobs(n: int, vocabulary: int, seed: int) -> list[Job]:
    """States at the last token and a reply, of an act and of four reports that begin alike."""
    jobs = []
    for i, act in enumerate(prompts_of(n, shared=20, lengths=(20, 40), vocabulary=vocabulary, seed=seed)):
        ends = prompts_of(4, shared=0, lengths=(8, 16), vocabulary=vocabulary, seed=seed + i)
        for ids in (act.ids, *((*act.ids, *end.ids) for end in ends)):
            jobs.append(Job(ids, i, ((len(ids) - 1, len(ids)),), tokens=REPLY))
    return jobs


def _generate_each(subject: Subject, jobs: list[Job]) -> None:
    """States and valid answers in batches, and one `generate` for the greedy replies and one for the samples."""
    run_apart(subject, jobs, range(subject.n_layers), batch_tokens(subject), Tally())


def _full(subject: Subject, jobs: list[Job]) -> None:
    run_apart(subject, jobs, (), batch_tokens(subject), Tally())


def _sample(subject: Subject, jobs: list[Job]) -> None:
    for some in batches([10 * (len(job.ids) + REPLY) for job in jobs], batch_tokens(subject)):
        prompts = [Prompt("", jobs[i].ids) for i in some]
        generate(subject, prompts, REPLY)
        sample(subject, prompts, REPLY, 10, 0)


def _script(subject: Subject, jobs: list[Job]) -> None:
    """As published scripts do it."""
    for job in jobs:
        row = torch.tensor([job.ids], device=subject.device)
        states = subject.module(input_ids=row, output_hidden_states=True).hidden_states
        torch.stack([state[0, -1] for state in states]).cpu()
        generate(subject, [Prompt("", job.ids)], REPLY)


def _load(model: str) -> Subject:
    settings = Settings(model=model, targets=(), conditions={}, data={})
    return load_subject(settings, load_tokenizer(settings))


@click.command(help=__doc__)
@click.option("--model", default="", help="A real model too: a folder or a GGUF file.")
@click.option("--n", default=64, show_default=True, help="Items of each line.")
@click.option("--repeats", default=1, show_default=True, help="Timings of each side, after a warm-up.")
@click.option("--blocks", default=12, show_default=True, help="Of the random model; 0 leaves it out.")
@click.option("--width", default=896, show_default=True)
@click.option("--only", default="", help="Only the lines whose names begin with this.")
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RUNS / "bench" / "bench.json", show_default=True)
def main(model: str, blocks: int, width: int, out: Path, **terms) -> None:
    found: list[Ratio] = []
    with tempfile.TemporaryDirectory() as temporary:
        for ratio in _all(Path(temporary), model, blocks, width, terms):
            click.echo(ratio.line())  # as it comes: a rival may take minutes
            found.append(ratio)
    record(found, out)
    click.echo(f"written to {out}")


def _all(folder: Path, model: str, blocks: int, width: int, terms: dict) -> Iterator[Ratio]:
    """A random model, the same made sure of its tokens, and the real one, unless only the real one is asked for."""
    if blocks:
        yield from _random(folder, blocks, width, terms)
    if model:
        yield from asking(_load(model), **terms, label="_real")


def _random(folder: Path, blocks: int, width: int, terms: dict) -> Iterator[Ratio]:
    tokenizer = load_tokenizer(Settings(model=str(DEFAULT_MODEL), targets=(), conditions={}, data={}))
    build(folder, blocks=blocks, width=width, vocabulary=len(tokenizer), seed=terms["seed"])
    tokenizer.save_pretrained(folder)
    subject = _load(str(folder))
    yield from asking(subject, **terms, label="")
    with torch.no_grad():
        subject.module.get_output_embeddings().weight.mul_(SURE)
    if "samples".startswith(terms["only"]) or terms["only"].startswith("samples"):
        yield from asking(subject, **terms | {"only": "samples"}, label="_sure")


if __name__ == "__main__":
    main()
