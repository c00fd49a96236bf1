"""Run the whole tool on simulated data: files on disk, probe, compare, verdict.

In: labels, replies and a signal. Out: the verdict as `compare` writes it, or the predictor x target matrix of several
runs.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from scipy import stats

from tacit.probes.compare import compare_run, compare_runs
from tacit.probes.cross import cross_matrix
from tacit.probes.peers import peers_of
from tacit.probes.probe import probe_run
from tacit.validation.worlds import make_world

N_RESAMPLES = 1000
N_PERMUTATIONS = 40
"""The smallest p-value is then 1/41 = .024, below .05 as a simulation needs."""


def judged(y: Sequence, **world) -> dict:
    """The verdict on one simulated data set (`make_world`); `naive` is the AUROC of the best layer without nesting."""
    with TemporaryDirectory() as folder:
        scores = _probed(y, Path(folder), **world)[1]
        found = compare_run(folder, n_resamples=N_RESAMPLES)[0]
    naive = scores.loc[scores["method"] == "naive maximum", "value"]
    return found | {"naive": float(naive.iloc[0]) if len(naive) else None}


def relabelled(y: Sequence, labels: dict[str, str], **world) -> dict:
    """The verdict on one simulated data set; `audit`, the ids of the items to check in order; `corrected`, the verdict
    with these labels (item id -> label) in place of those that the probes were trained on."""
    with TemporaryDirectory() as folder:
        folder = Path(folder)
        _probed(y, folder, **world)
        found = compare_runs([folder], outs=[folder / "verdicts.json"], n_resamples=N_RESAMPLES)[0][0]
        audit = pd.read_csv(folder / "audit.csv", dtype=str)["item_id"].tolist()
        rows = [(found["target"], item, label) for item, label in labels.items()]
        pd.DataFrame(rows, columns=["target", "item_id", "label"]).to_csv(folder / "labels.csv", index=False)
        again = compare_runs([folder], labels=folder / "labels.csv", n_resamples=N_RESAMPLES)[0][0]
    return found | {"audit": audit, "corrected": again}


def matrix(worlds: dict[str, dict]) -> pd.DataFrame:
    """The predictor x target matrix of several simulated runs on the same items, by run name."""
    with TemporaryDirectory() as folder:
        runs = {name: Path(folder) / name for name in worlds}
        stores = {name: _probed(world.pop("y"), runs[name], **world)[0] for name, world in worlds.items()}
        return cross_matrix(runs, stores=stores, n_resamples=N_RESAMPLES)


def judged_beside(worlds: dict[str, dict]) -> dict:
    """The verdict on the first of several simulated runs on the same items, the others being its peers."""
    with TemporaryDirectory() as folder:
        runs = {name: Path(folder) / name for name in worlds}
        stores = {name: _probed(world.pop("y"), runs[name], **world)[0] for name, world in worlds.items()}
        peers = peers_of(cross_matrix(runs, stores=stores, n_resamples=N_RESAMPLES), first := next(iter(runs)))
        return compare_runs([runs[first]], peers=[peers], n_resamples=N_RESAMPLES)[0][0]


def _probed(y: Sequence, folder: Path, **world):
    # Texts of six random letters, so that the text baselines find no signal.
    letters = np.random.default_rng(len(y)).integers(97, 123, size=(len(y), 6)).astype(np.uint8)
    plain = {
        "n_layers": 2, "d_model": 4, "sites": ("report",), "last": np.full(len(y), 20),
        "surface": [bytes(row).decode() for row in letters],
    }  # fmt: skip
    store, target = make_world(y, **(plain | world))
    return store, probe_run(
        store,
        folder,
        targets={target.name: target},
        n_jobs=1,
        n_resamples=100,
        n_permutations=N_PERMUTATIONS,
        n_repeats=0,
    )


def needed(auroc: float, *, d_model: int, n_train: float) -> float:
    """Distance between two classes of unit variance at which a *trained* linear probe has this held-out AUROC.

    A direction estimated from n_train items in d_model dimensions errs by a normal vector of variance 4 / n_train, so
    d becomes d^2 / sqrt(d^2 + 4 d_model / n_train); solved for d.
    """
    wanted = 2 * stats.norm.ppf(auroc) ** 2
    return float(np.sqrt((wanted + np.sqrt(wanted**2 + 16 * wanted * d_model / n_train)) / 2))
