"""Peak memory of caching, which must not grow with the number of items."""

from __future__ import annotations

import multiprocessing
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from tacit.activations.model.load import fingerprint, load_config, load_subject, load_tokenizer
from tacit.activations.plan import Ask, item_table, plan_run
from tacit.activations.write_shards import cache_entries
from tacit.benchmarks.random_model import build
from tacit.benchmarks.ratios import Ratio, peak_bytes
from tacit.settings import Settings
from tacit.targets.elicitations import PRIMARY
from tacit.targets.questions import Question


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
    return peak_bytes()


def memory(n: int, repeats: int = 3) -> Ratio:
    """Peak memory for `n` items against ten times as many; a ratio below 1.1 means no growth with `n`.

    n: at least four shards, so that one is written while the next is computed and another waits. The peak for `n` is
    the median of `repeats` runs, because the timing of two threads' allocations changes it by some percent.
    """
    context, peaks = multiprocessing.get_context("spawn"), []
    for size in (*[n] * repeats, 10 * n):
        with context.Pool(1) as pool:
            peaks.append(pool.apply(peak_rss, (size,)))
    few, many = float(np.median(peaks[:-1])), float(peaks[-1])
    return Ratio("cache_peak_rss_tenfold", many / few, many, few, f"the same with {n} items, bytes", 10 * n)
