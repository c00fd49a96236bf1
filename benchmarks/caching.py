"""How fast caching is, as ratios against named rivals in one run: `make bench`.

The subject is a random Qwen2-type decoder of 12 blocks, d=896, with Qwen2's vocabulary. Each rival gets the same
prompts and, where it batches, the same batches; the two are timed in turn, and the best time of each is compared. A
ratio is the rival's time over ours: 1.6 means 1.6 times as fast as the rival. Writes `runs/bench/bench.json`.
"""

from __future__ import annotations

import functools
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file
from tqdm import tqdm
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from tacit.activations.model.capture import batches, pad
from tacit.activations.model.load import Subject, fingerprint, load_config, load_subject, load_tokenizer
from tacit.activations.model.prompts import Prompt
from tacit.activations.model.read_states import CPU_TOKENS, GPU_TOKENS, Reader
from tacit.activations.model.sites import sites_of
from tacit.activations.plan import Ask, item_table, plan_run
from tacit.activations.tune import BATCH, SOFT, UNLEARNED, Learning
from tacit.activations.write_shards import cache_entries
from tacit.files import write_bytes
from tacit.settings import RUNS, Settings
from tacit.targets.elicitations import PRIMARY
from tacit.targets.questions import Question

SHARED, OWN = 100, 24
"""Tokens of a shared beginning, and of what follows it."""
QUESTIONS = (8, 24)
"""Tokens of the prompts that share nothing: nine tenths of the questions of published probing sets (LLMsKnow's
movies, SelfAware; 40 to 90 characters) lie in this range."""
LONGER = (24, 72)
"""Tokens of longer prompts, for which the same lines end in `_long`: the shorter the prompts, the more of a machine
stands idle when they come one at a time."""


@dataclass(frozen=True)
class Ratio:
    """One line of bench.json."""

    name: str
    ratio: float
    """The rival's seconds over ours."""
    ours_s: float
    rival_s: float
    rival: str
    n: int
    """Prompts (or bytes, for reading) in each timing."""
    floor_s: float | None = None
    """Least seconds that this machine needs for the arithmetic (or the bytes) of ours; none where there is no such."""


def build(folder: Path, *, blocks: int, width: int, vocabulary: int, seed: int) -> Path:
    """A random Qwen2-type model in transformers format with a tokenizer that is only good for its pad token."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    torch.manual_seed(seed)
    heads = max(1, width // 64)
    config = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=width * 38 // 7,
        num_hidden_layers=blocks,
        num_attention_heads=heads,
        num_key_value_heads=max(1, heads // 7),
        tie_word_embeddings=True,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    words = Tokenizer(models.WordLevel({"a": 0, "b": 1, "c": 2, "<pad>": 3}, unk_token="a"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="<pad>").save_pretrained(folder)
    return folder


def prompts_of(n: int, *, shared: int, lengths: tuple[int, int], vocabulary: int, seed: int) -> list[Prompt]:
    """`n` prompts of random tokens: a common beginning, and an own part of random length."""
    rng = np.random.default_rng(seed)
    start = rng.integers(4, vocabulary, shared).tolist()
    sizes = rng.integers(lengths[0], lengths[1] + 1, n)
    return [Prompt("", (*start, *rng.integers(4, vocabulary, size).tolist())) for size in sizes]


@dataclass(frozen=True)
class Rivals:
    """The same work as published scripts do it; each keeps the last token's states, or nothing."""

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

    run.__doc__ = "TransformerLens run_with_cache of what each block hands on, the same weights and batches."
    return run


def timed(ours: Callable[[], object], rival: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Least seconds of each, timed in turn after one warm-up: what else the machine does can only add to them."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(repeats + 1):
        for side, run in enumerate((ours, rival)):
            start = time.perf_counter()
            with torch.inference_mode():
                run()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if turn:
                seconds[side].append(time.perf_counter() - start)
    return min(seconds[0]), min(seconds[1])


def caching(subject: Subject, *, n: int, repeats: int, seed: int) -> Iterator[Ratio]:
    """The ratios of caching: prompts that share nothing, then prompts that share their beginning."""
    vocabulary = subject.module.config.vocab_size
    budget = CPU_TOKENS if subject.device.type == "cpu" else GPU_TOKENS
    rivals = Rivals(subject, budget)
    reader = Reader(subject, range(subject.n_layers), sites_of(("object",), marked=False), True)
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
        both = {"object": prompts, "report": prompts}
        timings.append(timed(lambda both=both: reader.read(both), lambda p=prompts, r=rival: r(p), repeats))
        token_s = min(token_s, token_floor_s(subject))  # again and again: a disturbed product would raise the floor
    for (name, prompts, rival), (ours_s, rival_s) in zip(pairs, timings, strict=True):
        told = rival.__doc__.strip().rstrip(".")
        own = sum(len(prompt.ids) for prompt in prompts)
        tokens = own - SHARED * (len(prompts) - 1) if prompts is same else own
        yield Ratio(name, rival_s / ours_s, ours_s, rival_s, told, len(prompts), token_s * tokens)


def tuning(subject: Subject, *, n: int, repeats: int, seed: int) -> Iterator[Ratio]:
    """A round of learning a soft prompt against peft's prompt tuning in batches as they come, padded to the longest,
    with the vocabulary at every token.

    Its floor is two passes through the blocks, forth and back; the weights stand still, so they need no gradients.
    """
    try:
        from peft import PromptTuningConfig, TaskType, get_peft_model
    except ImportError:
        return
    prompts = prompts_of(n, shared=0, lengths=QUESTIONS, vocabulary=subject.module.config.vocab_size, seed=seed)
    token_s, answer = token_floor_s(subject), (7,)
    subject.module.requires_grad_(False)
    learning = Learning(subject, prompts, [answer] * n, seed)
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
            learning.round(range(n), lambda done: None)

    def rival() -> None:
        with torch.inference_mode(False), torch.enable_grad():
            for first in range(0, n, BATCH):
                step(prompts[first : first + BATCH])

    ours_s, rival_s = timed(ours, rival, repeats)
    tokens = sum(len(prompt.ids) + len(answer) + SOFT for prompt in prompts)
    told = "peft's prompt tuning of the same prompts"
    yield Ratio("tune_round_vs_peft", rival_s / ours_s, ours_s, rival_s, told, n, 2 * token_s * tokens)


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


def peak_rss(n: int) -> int:
    """Peak resident bytes of a fresh process that caches `n` items of a small random model to disk."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(["a", "b", "c"], size)) for size in rng.integers(24, 73, n)]
    items = pd.DataFrame({"item_id": [f"i{i}" for i in range(n)], "span": "", "object_prompt": texts})
    items = items.assign(report_prompt=items["object_prompt"] + " b", control_prompt=items["object_prompt"] + " c")
    with tempfile.TemporaryDirectory() as temporary:
        model = build(Path(temporary) / "model", blocks=4, width=256, vocabulary=1000, seed=0)
        settings = Settings(model=str(model), targets=("t",), conditions={"plain": ""}, data={})
        tokenizer, config = load_tokenizer(settings), load_config(settings)
        marks = fingerprint(settings, config)
        questions = (
            Question("object", list(items["object_prompt"])),
            Question("report", list(items["report_prompt"]), ("a", "b"), 1, elicitation=PRIMARY.name),
        )
        asks = [Ask("t", items, questions)]
        entries = plan_run(asks, settings, tokenizer=tokenizer, config=config, model=marks)
        folder, table = Path(temporary) / "store", item_table(entries)
        cache_entries(
            folder, entries, table, settings, marks, lambda: load_subject(settings, tokenizer), lambda _: None
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def memory(n: int, repeats: int = 3) -> Ratio:
    """Peak memory for `n` items against ten times as many; below 1.1 it does not depend on how many there are.

    n: four shards or more, since only then is one written while the next is computed and another waits. The lesser one
    is the median of `repeats` runs: how two threads' allocations fall together moves a peak by some percent.
    """
    context, peaks = multiprocessing.get_context("spawn"), []
    for size in (*[n] * repeats, 10 * n):
        with context.Pool(1) as pool:
            peaks.append(pool.apply(peak_rss, (size,)))
    few, many = float(np.median(peaks[:-1])), float(peaks[-1])
    return Ratio("cache_peak_rss_tenfold", many / few, many, few, f"the same with {n} items, bytes", 10 * n)


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
    write_bytes(path, (json.dumps([asdict(ratio) for ratio in found], indent=1) + "\n").encode())
    for ratio in found:
        floor = "" if ratio.floor_s is None else f"  {ratio.ours_s / ratio.floor_s:5.2f} x floor {ratio.floor_s:9.3g}"
        click.echo(
            f"{ratio.name:34} {ratio.ratio:6.2f}  ours {ratio.ours_s:10.4g}{floor}  rival {ratio.rival_s:10.4g}: "
            f"{ratio.rival}"
        )
    click.echo(f"written to {path}")


if __name__ == "__main__":
    main()
