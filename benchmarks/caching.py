"""How fast caching is, as ratios against named rivals in one run: `make bench`.

The subject is a random Qwen2-type decoder of 12 blocks, d=896, with Qwen2's vocabulary. Each rival gets the same
prompts and, where it batches, the same batches; the two are timed in turn, and the best time of each is compared. A
ratio is the rival's time over ours: 1.6 means 1.6 times as fast as the rival. Writes `runs/bench/bench.json`.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import numpy as np
import torch
from safetensors.torch import save_file
from tqdm import tqdm

from tacit.activations.model.capture import pad
from tacit.activations.model.load import Subject, load_subject, load_tokenizer
from tacit.activations.model.prompts import Prompt
from tacit.activations.trees.jobs import Job, Tally
from tacit.activations.trees.run import run_jobs
from tacit.activations.tune import BATCH, SOFT, UNLEARNED, Training
from tacit.activations.work import batch_tokens
from tacit.benchmarks.memory import memory
from tacit.benchmarks.random_model import build, prompts_of
from tacit.benchmarks.ratios import Ratio, record, seconds
from tacit.benchmarks.rivals import Rivals, transformer_lens
from tacit.settings import RUNS, Settings

SHARED, OWN = 100, 24
"""Tokens of a shared beginning, and of the rest of the prompt."""
QUESTIONS = (8, 24)
"""Tokens of the prompts that share nothing: nine tenths of the questions of published probing sets (LLMsKnow's
movies, SelfAware; 40 to 90 characters) lie in this range."""
LONGER = (24, 72)
"""Tokens of longer prompts, whose lines in bench.json end in `_long`: one at a time, short prompts leave more of
the machine idle."""


Run = Callable[[], object]


def timed(ours: Run, rival: Run, repeats: int, *, warm_up: tuple[Run, Run] | None = None) -> tuple[float, float]:
    """Least seconds of each, timed in turn after one warm-up: other processes can only add to them.

    warm_up: what is run first, untimed, where a whole turn would take minutes; None runs both sides themselves.
    """
    for run in warm_up or (ours, rival):
        _finished(run)
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for side, run in enumerate((ours, rival)):
            took, _ = seconds(functools.partial(_finished, run))
            found[side].append(took)
    return min(found[0]), min(found[1])


def _finished(run: Callable[[], object]) -> None:
    """Run without gradients, and wait for the GPU."""
    with torch.inference_mode():
        run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def caching(subject: Subject, *, n: int, repeats: int, seed: int) -> Iterator[Ratio]:
    """The ratios of caching: prompts that share nothing, then prompts that share their beginning."""
    vocabulary = subject.module.config.vocab_size
    budget = batch_tokens(subject)
    rivals = Rivals(subject, budget)
    same = prompts_of(n, shared=SHARED, lengths=(OWN, OWN), vocabulary=vocabulary, seed=seed)
    pairs = []
    for ending, some, lengths in (("", 2 * n, QUESTIONS), ("_long", n, LONGER)):
        own = prompts_of(some, shared=0, lengths=lengths, vocabulary=vocabulary, seed=seed)
        pairs += [
            (f"cache_vs_body{ending}", own, rivals.body),
            (f"cache_vs_hidden_states{ending}", own, rivals.hidden_states),
            (f"cache_vs_one_by_one{ending}", own, rivals.one_by_one),
            (f"cache_vs_tracer_cache{ending}", own, rivals.tracer_cache),
        ]
        if (lens := transformer_lens(subject)) is not None:
            run = functools.partial(lens, rivals)
            run.__doc__ = lens.__doc__
            pairs.append((f"cache_vs_transformer_lens{ending}", own, run))
    pairs.append(("cache_shared_prefix_vs_body", same, rivals.body_one_by_one))
    timings, token_s = [], token_floor_s(subject)
    for _, prompts, rival in tqdm(pairs, desc="bench", disable=None):
        timings.append(
            timed(functools.partial(_last_states, subject, prompts), lambda p=prompts, r=rival: r(p), repeats)
        )
        token_s = min(token_s, token_floor_s(subject))  # measured repeatedly: other processes could raise the floor
    for (name, prompts, rival), (ours_s, rival_s) in zip(pairs, timings, strict=True):
        words = rival.__doc__.strip().rstrip(".")
        own = sum(len(prompt.ids) for prompt in prompts)
        tokens = own - SHARED * (len(prompts) - 1) if prompts is same else own
        yield Ratio(name, rival_s / ours_s, ours_s, rival_s, words, len(prompts), token_s * tokens)


def _last_states(subject: Subject, prompts: list[Prompt]) -> None:
    """The residual stream at the last token of every prompt, at all layers."""
    jobs = [Job(prompt.ids, i, ((len(prompt.ids) - 1, len(prompt.ids)),)) for i, prompt in enumerate(prompts)]
    run_jobs(subject, jobs, range(subject.n_layers), batch_tokens(subject), Tally(), shares=True)


def tuning(subject: Subject, *, n: int, repeats: int, seed: int) -> Iterator[Ratio]:
    """An epoch of training a soft prompt against peft's prompt tuning in batches as they come, padded to the longest,
    with the vocabulary at every token.

    Its floor is two passes through the blocks, forward and backward; the weights are frozen, so they need no gradients.
    """
    try:
        from peft import PromptTuningConfig, TaskType, get_peft_model
    except ImportError:
        return
    prompts = prompts_of(n, shared=0, lengths=QUESTIONS, vocabulary=subject.module.config.vocab_size, seed=seed)
    token_s, answer = token_floor_s(subject), (7,)
    subject.module.requires_grad_(False)
    training = Training(subject, prompts, [answer] * n, seed)
    wrapped = get_peft_model(subject.module, PromptTuningConfig(TaskType.CAUSAL_LM, num_virtual_tokens=SOFT))
    adam = torch.optim.Adam([p for p in wrapped.parameters() if p.requires_grad], lr=0.01)

    def step(some: list[Prompt]) -> None:
        rows = [(*prompt.ids, *answer) for prompt in some]
        inputs = pad(rows, subject.tokenizer.pad_token_id, subject.device, side="right")
        at = torch.arange(len(some)), inputs["attention_mask"].sum(1) - 1
        labels = torch.full_like(inputs["input_ids"], UNLEARNED)
        labels[at] = inputs["input_ids"][at]
        adam.zero_grad()
        wrapped(**inputs, labels=labels).loss.backward()
        adam.step()

    def ours() -> None:
        with torch.inference_mode(False), torch.enable_grad():
            training.run_epoch(range(n), lambda done: None)

    def rival() -> None:
        with torch.inference_mode(False), torch.enable_grad():
            for first in range(0, n, BATCH):
                step(prompts[first : first + BATCH])

    ours_s, rival_s = timed(ours, rival, repeats)
    tokens = sum(len(prompt.ids) + len(answer) + SOFT for prompt in prompts)
    words = "peft's prompt tuning of the same prompts"
    yield Ratio("tune_round_vs_peft", rival_s / ours_s, ours_s, rival_s, words, n, 2 * token_s * tokens)


def reading(folder: Path, *, rows: int, layers: int, width: int, repeats: int) -> Ratio:
    """One layer out of a shard against `np.load` of the same bytes, both already in the page cache."""
    from tacit.activations.store.store import Store, tensor_name

    states = torch.randn(layers, rows, width)
    save_file({tensor_name("object", i): states[i].contiguous() for i in range(layers)}, folder / "shard.safetensors")
    np.save(folder / "layer.npy", states[layers // 2].numpy())
    entry = {"target": "t", "condition": "c", "sites": ["object"], "shards": [{"file": "shard.safetensors"}]}
    store = Store(folder, {"entries": [entry], "layers": list(range(layers)), "n_layers": layers})
    ours_s, rival_s = timed(
        lambda: [store.load("t", "c", "object", layers // 2) for _ in range(20)],
        lambda: [np.load(folder / "layer.npy") for _ in range(20)],
        repeats,
    )
    layer, place = states[0].numpy().copy(), np.empty((rows, width), dtype=np.float32)
    copy_s, _ = timed(lambda: [np.copyto(place, layer) for _ in range(20)], lambda: None, 5 * repeats)
    rival = "np.load of the same bytes already on disk"
    return Ratio("read_layer_vs_np_load", rival_s / ours_s, ours_s, rival_s, rival, layer.nbytes, copy_s)


def token_floor_s(subject: Subject, rows: int = 2048) -> float:
    """Least seconds for one token: two FLOPs per weight of the blocks' matrices, at the best speed that this machine
    shows in large products, of a square one and of the widest matrices in the blocks.

    Attention's own products, norms and the copying of states are left out, so no forward pass gets quite there.
    """
    matrices = [p for block in subject.blocks for p in block._module.parameters() if p.dim() == 2]
    shapes = {(rows, rows)} | {tuple(p.shape) for p in sorted(matrices, key=torch.Tensor.numel)[-2:]}
    fastest = 0.0
    for n_out, n_in in shapes:
        some = torch.randn(rows, n_in, device=subject.device, dtype=subject.dtype)
        weight = torch.randn(n_out, n_in, device=subject.device, dtype=subject.dtype)
        product_s, _ = timed(lambda a=some, b=weight: a @ b.T, lambda: None, repeats=5)
        fastest = max(fastest, 2.0 * rows * n_in * n_out / product_s)
    return 2.0 * sum(p.numel() for p in matrices) / fastest


@click.command(help=__doc__)
@click.option("--n", default=32, show_default=True, help="Prompts in each timing.")
@click.option("--repeats", default=3, show_default=True, help="Timings of each side, after a warm-up.")
@click.option("--blocks", default=12, show_default=True)
@click.option("--width", default=896, show_default=True)
@click.option("--vocabulary", default=151_936, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(n: int, repeats: int, blocks: int, width: int, vocabulary: int, seed: int) -> None:
    peak = memory(1000)  # first: a child's peak begins at its parent's size when it was started
    with tempfile.TemporaryDirectory() as temporary:
        model = build(Path(temporary), blocks=blocks, width=width, vocabulary=vocabulary, seed=seed)
        settings = Settings(model=str(model), targets=(), conditions={}, data={})
        subject = load_subject(settings, load_tokenizer(settings))
        found = [*caching(subject, n=n, repeats=repeats, seed=seed)]
        found += tuning(subject, n=n, repeats=repeats, seed=seed)
        found.append(reading(Path(temporary), rows=2000, layers=blocks, width=width, repeats=repeats))
    found.append(peak)
    path = RUNS / "bench" / "bench.json"
    record(found, path)
    for ratio in found:
        click.echo(ratio.line())
    click.echo(f"written to {path}")


if __name__ == "__main__":
    main()
