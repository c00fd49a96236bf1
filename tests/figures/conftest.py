"""A made-up run with the documented columns, for drawing: shapes like a real one, numbers from a seeded generator."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tacit.figures import draw_run
from tacit.files import sealed

METRICS = {"token_count": ("skill", 0.0), "knowledge": ("auroc", 0.5), "behavior": ("auroc", 0.5)}
BASELINES = ("shuffled labels", "surface numbers", "tf-idf", "embedding layer", "source")
RUNGS = ("said", "said calibrated", "logits", "logits calibrated", "best report")


@dataclass(frozen=True)
class Run:
    """What `draw_run` takes."""

    scores: pd.DataFrame
    items: pd.DataFrame
    verdicts: list


def _score_rows(target, condition, n_layers, truthful, rng):
    metric, chance = METRICS[target]
    base = {"target": target, "condition": condition, "metric": metric, "n": 400, "n_groups": 372, "note": ""}

    def row(kind, method, site, layer, value, half=0.04):
        ends = {"value": value, "lower": value - half, "upper": min(1.0, value + half)}
        return base | {"kind": kind, "method": method, "site": site, "layer": layer} | ends

    rows, methods = [], ("ridge", "classifier") if metric == "skill" else ("probe",)
    for site, top in (("object", 0.93), ("report", 0.84)):
        for rank, method in enumerate(methods):
            for layer in range(n_layers):
                rise = 1 / (1 + math.exp(-8 * (layer / max(1, n_layers - 1) - 0.45)))
                value = chance + (top - 0.12 * rank - chance) * (0.25 + 0.75 * rise) + rng.normal(0, 0.008)
                rows.append(row("probe", method, site, layer, value))
    rows.append(row("probe", "fixed layer", "object", 2 * n_layers // 3, 0.88))
    rows.append(row("probe", "naive maximum", "object", n_layers - 1, 0.97))
    rows.append(row("probe", "nested", "chosen", -1, 0.9) | {"note": f"most often object, layer {n_layers - 2}"})
    majority = "median" if metric == "skill" else "majority"
    rows.append(row("baseline", majority, "", -1, chance, 0.0))
    for i, method in enumerate(BASELINES):
        rows.append(row("baseline", method, "", 0 if "layer" in method else -1, chance + (1 - chance) * 0.13 * i))
    said = 0.92 if truthful else chance + 0.02
    for i, method in enumerate(RUNGS):
        rows.append(row("report", method, "", -1, said - 0.02 * (4 - i) if i < 4 else said))
    if metric == "skill":
        shares = (("probe", "nested", 0.62, 0.88), ("report", "said", *((0.97, 0.99) if truthful else (0.05, 0.2))))
        for kind, method, exact, near in shares:
            for name, value in (("exact", exact), ("within_1", near)):
                rows.append(row(kind, method, "", -1, value) | {"metric": name})
    return rows


def _item_rows(target, condition, truthful, rng, n=400):
    label = rng.integers(3, 50, n).astype(float) if target == "token_count" else rng.integers(0, 2, n).astype(float)
    noise = 2.0 if target == "token_count" else 0.3
    said = label if truthful else (rng.integers(3, 50, n) if target == "token_count" else np.ones(n)).astype(float)
    outcome = rng.choice(["answered", "refused", "unreadable"], n, p=[0.95, 0.03, 0.02])
    return pd.DataFrame(
        {
            "item_id": [f"{target}-{i}" for i in range(n)], "target": target, "condition": condition, "group": "",
            "label": [f"{v:g}" for v in label], "probe": label + rng.normal(0, noise, n),
            "report": [f"{v:g}" if o == "answered" else None for v, o in zip(said, outcome, strict=True)],
            "outcome": outcome, "fold": np.arange(n) % 5, "label_name": [f"{v:g}" for v in label],
            "probe_right": rng.random(n) < 0.9, "report_right": said == label,
            "report_name": [f"{v:g}" if o == "answered" else None for v, o in zip(said, outcome, strict=True)],
            "reply": [f"{v:g}." for v in said], "object_reply": None, "source": rng.choice(["news", "code"], n),
        }
    )  # fmt: skip


def _verdict(target, condition, n_layers, truthful):
    metric, chance = METRICS[target]
    said = 0.92 if truthful else chance + 0.02
    gap = 0.9 - said
    return {
        "target": target, "condition": condition, "verdict": "NO_GAP" if truthful else "GAP", "metric": metric,
        "chance": chance, "probe": 0.9, "probe_lower": 0.873, "probe_upper": 0.925, "report": said,
        "report_lower": said - 0.05, "report_upper": min(1, said + 0.05), "report_rung": "said calibrated", "gap": gap,
        "gap_lower": gap - 0.043, "gap_upper": gap + 0.043, "n": 400, "n_groups": 372, "layer": n_layers - 2,
        "site": "object", "coverage": {"answered": 0.95, "refused": 0.03, "unreadable": 0.02},
        "table": {"both": 20, "probe_only": 300, "report_only": 10, "neither": 70}, "control_accuracy": 0.98,
        "reasons": ["the probe beats every surface baseline", "the gap's interval is above zero"],
        "sentence": "The states carry the answer and the replies do not give it.", "level": "G",
    }  # fmt: skip


def make_run(*, targets=tuple(METRICS), conditions=("locked", "unlocked"), n_layers=7, seed=0, n=400) -> Run:
    """A run in which every second condition is truthful."""
    rng = np.random.default_rng(seed)
    scores, items, verdicts = [], [], []
    for target in targets:
        for i, condition in enumerate(conditions):
            scores += _score_rows(target, condition, n_layers, bool(i % 2), rng)
            items.append(_item_rows(target, condition, bool(i % 2), rng, n))
            verdicts.append(_verdict(target, condition, n_layers, bool(i % 2)))
    return Run(pd.DataFrame(scores), pd.concat(items, ignore_index=True), verdicts)


def put(run: Run, folder: Path, *, manifest: dict | None = None, facts: dict | None = None, **tables) -> Path:
    """`run` as the rooms leave it on disk; tables: optional ones by their path without ending, `probes__curve`."""
    for name in ("activations", "probes", "verdicts", "figures"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    run.scores.to_csv(folder / "probes/scores.csv", index=False)
    run.items.to_parquet(folder / "probes/items.parquet")
    texts = {"probes/probes.json": facts or FACTS, "activations/manifest.json": manifest or MANIFEST,
             "settings.json": MANIFEST["settings"],
             "verdicts/verdicts.json": sealed({"schema": "tacit-verdicts/1", "verdicts": run.verdicts})}  # fmt: skip
    for name, content in texts.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    for name, table in tables.items():
        path = folder / name.replace("__", "/")
        if path.name in ("items", "replies"):
            table.to_parquet(path.with_suffix(".parquet"))
        else:
            table.to_csv(path.with_suffix(".csv"), index=False)
    return folder


MANIFEST = {
    "model": {"id": "made-up", "model.safetensors": "ab" * 32}, "layers": list(range(7)), "n_layers": 7, "d_model": 64,
    "dtype": "float32", "device": "cpu", "versions": {"torch": "2.13.0"}, "python": "3.11.7", "entries": [],
    "settings": {
        "model": "made-up", "targets": ["knowledge"], "conditions": {"locked": "", "unlocked": "Speak plainly."},
        "data": {}, "n": 400, "seed": 3, "sites": ["object", "report"], "layers": "all",
    },
}  # fmt: skip
FACTS = {"made_from": {"keys": ["0123456789abcdef"], "tacit": "0.1.0"}, "entries": []}


@pytest.fixture(scope="session")
def a_run():
    """The generator itself, called with what a test wants to vary."""
    return make_run


@pytest.fixture(scope="session")
def on_disk():
    """`put`: a run's files in a folder, which is returned."""
    return put


@pytest.fixture(scope="session")
def drawn(tmp_path_factory) -> Path:
    """The folder of a small run of two targets, every page of which has been drawn once."""
    run = make_run(targets=("token_count", "knowledge"), conditions=("locked", "plain & <b>simple</b>"), n_layers=4)
    folder = put(run, tmp_path_factory.mktemp("drawn") / "a-run")
    draw_run(folder)
    return folder
