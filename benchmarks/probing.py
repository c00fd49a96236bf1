"""How fast the probes are, as ratios against the search that published scripts run: part of `make bench`.

The data are simulated: correlated features with outlier dimensions, as in residual streams, and a label that is nearly
a linear function of them. The rival is scikit-learn's GridSearchCV over the penalties of a logistic regression
behind a scaler, layer by layer, five folds, as it is called by default, but with one thread per matrix product, which
is its best time on small machines. Ours is the nested search of the tool, on the same items and folds. Both get a
held-out AUROC; the benchmark stops with an error if ours is lower by more than TOLERANCE on any layer.

Adds its lines to `runs/bench/bench.json` and keeps the lines of other benchmarks.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tacit.benchmarks.ratios import Ratio, peak_bytes, record, seconds
from tacit.errors import ProbeError
from tacit.probes.controls.permutation_null import N_PERMUTATIONS, null_of, permutations
from tacit.probes.data.folds import Folds, make_folds
from tacit.probes.estimators.families import CS
from tacit.probes.estimators.layer_sweep import ExtraLabellings, Sweep, sweep
from tacit.probes.statistics.metrics import Scoring, value

TOLERANCE = 0.005
RIVAL = "GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression())), 5 folds, 7 penalties, layer by layer"


def correlated(n: int, d: int, *, seed: int, steepness: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    """((n, d) float32 features, (n,) labels 0 and 1).

    Variances fall as 1/k along random directions; six dimensions are large, off centre and heavy-tailed. The log-odds
    of the label are a linear function of the features' sources with standard deviation `steepness`.
    """
    rng = np.random.default_rng(seed)
    rank = min(d, 1024)
    spread = (1 / np.arange(1, rank + 1)) ** 0.5
    sources = rng.standard_normal((n, rank), dtype=np.float32)
    mix = rng.standard_normal((rank, d), dtype=np.float32) * spread[:, None].astype(np.float32)
    x = sources @ mix + 0.05 * rng.standard_normal((n, d), dtype=np.float32)
    outliers = rng.choice(d, 6, replace=False)
    x[:, outliers] = 30 * x[:, outliers] + 50 * rng.standard_t(2, size=(n, 6)) + 200
    score = sources @ (rng.normal(size=rank) * spread)
    chance = 1 / (1 + np.exp(-steepness * score / score.std()))
    return x.astype(np.float32), (rng.random(n) < chance).astype(np.float64)


@dataclass(frozen=True)
class Task:
    """Layers with the same labels; each layer's features are drawn when it is read, and not timed."""

    layers: list[np.ndarray]
    scoring: Scoring
    folds: Folds

    @classmethod
    def of(cls, n: int, d: int, n_layers: int, seed: int) -> Task:
        x, y = correlated(n, d, seed=seed)
        rng = np.random.default_rng(seed)
        layers = [x + np.float32(k) * rng.standard_normal(x.shape, dtype=np.float32) * 0.1 for k in range(n_layers)]
        folds = make_folds(y, np.arange(n), kind="binary", seed=seed)
        return cls(layers, Scoring("binary", y, folds.fold, 2), folds)

    def ours(self, n_jobs: int, extra_labellings: ExtraLabellings | None = None) -> Sweep:
        """The tool's sweep: nested, every layer."""
        return sweep(
            lambda site, layer: self.layers[layer], self.scoring, self.folds, sites=["object"],
            layers=range(len(self.layers)), n_jobs=n_jobs, extra_labellings=extra_labellings,
        )  # fmt: skip

    def protocol(self, n_jobs: int, n_permutations: int) -> float:
        """The sweep with its null: p of the nested headline."""
        rng = np.random.default_rng(0)
        permuted = permutations(self.scoring.y, self.folds.groups, n=n_permutations, rng=rng)
        layers = tuple(range(len(self.layers)))
        found = self.ours(n_jobs, ExtraLabellings(permuted, (), layers))
        headline = found.nested(self.folds.fold, layers=layers).pred
        return null_of(self.scoring, headline, permuted, found.permuted).p

    def rival(self) -> list[float]:
        """Best cross-validated AUROC of each layer."""
        search = GridSearchCV(
            make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": CS}, scoring="roc_auc",
            cv=PredefinedSplit(self.folds.fold),
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return [search.fit(x, self.scoring.y).best_score_ for x in self.layers]


def timed(run: Callable[[], object]) -> tuple[float, object]:
    """Seconds and result, with one thread per matrix product, as in the sweep's own processes."""
    with threadpool_limits(1):
        return seconds(run)


def sweeps(name: str, task: Task, n_jobs: int) -> tuple[Ratio, float]:
    """The sweep against the rival, and the rival's seconds. Raises ProbeError where ours is behind on a layer."""
    task.ours(n_jobs)  # starts the processes
    ours_s, found = timed(lambda: task.ours(n_jobs))
    rival_s, scores = timed(task.rival)
    for layer, (held, score) in enumerate(zip(found.held, scores, strict=True)):
        mine = value("auroc", task.scoring, held.pred)
        if mine < score - TOLERANCE:
            raise ProbeError(f"{name}, layer {layer}: AUROC {mine:.4f}, the grid search has {score:.4f}")
    return Ratio(name, rival_s / ours_s, ours_s, rival_s, RIVAL, len(task.scoring.y)), rival_s


def peak(folder: str) -> int:
    """Peak resident bytes of a fresh process that reads one layer from a file, as from a store, and sweeps it."""
    y = np.load(f"{folder}/y.npy")
    folds = make_folds(y, np.arange(len(y)), kind="binary", seed=0)
    scoring = Scoring("binary", y, folds.fold, 2)
    sweep(lambda *_: np.load(f"{folder}/x.npy"), scoring, folds, sites=["object"], layers=[0], n_jobs=1)
    return peak_bytes()


def memory(n: int, d: int) -> Ratio:
    """Peak memory of a layer's sweep beyond that of a small one's, in units of the layer's float32 matrix."""
    context, peaks = multiprocessing.get_context("spawn"), []
    for rows, width in ((60, 8), (n, d)):
        with tempfile.TemporaryDirectory() as folder, context.Pool(1) as pool:
            x, y = correlated(rows, width, seed=0)
            np.save(f"{folder}/x.npy", x)
            np.save(f"{folder}/y.npy", y)
            peaks.append(pool.apply(peak, (folder,)))
    own, matrix = peaks[1] - peaks[0], 4 * n * d
    return Ratio("probe_peak_rss_vs_layer", own / matrix, own, matrix, "one layer's float32 matrix, bytes", n)


@click.command(help=__doc__)
@click.option("--n", default=2000, show_default=True, help="Items.")
@click.option("--layers", default=12, show_default=True)
@click.option("--width", default=896, show_default=True)
@click.option("--wide", default=4096, show_default=True, help="Width of the single wide layer.")
@click.option("--permutations", "n_permutations", default=N_PERMUTATIONS, show_default=True)
@click.option("--jobs", "n_jobs", default=2, show_default=True, help="Processes of ours.")
@click.option("--seed", default=0, show_default=True)
@click.option("--out", default="runs/bench/bench.json", show_default=True, type=click.Path(path_type=Path))
def main(n: int, layers: int, width: int, wide: int, n_permutations: int, n_jobs: int, seed: int, out: Path) -> None:
    lines = [memory(n, wide)]  # first: a child's peak begins at its parent's size when it was started
    task = Task.of(n, width, layers, seed)
    line, rival_s = sweeps("probe_sweep_vs_grid_search", task, n_jobs)
    ours_s, _ = timed(lambda: task.protocol(n_jobs, n_permutations))
    rival = f"{RIVAL}; ours with {n_permutations} permutations"
    lines += [line, Ratio("probe_protocol_vs_grid_search", rival_s / ours_s, ours_s, rival_s, rival, n)]
    lines.append(sweeps(f"probe_sweep_vs_grid_search_d{wide}", Task.of(n, wide, 1, seed), n_jobs)[0])
    record(lines, out)
    for found in lines:
        click.echo(f"{found.name:34} {found.ratio:6.2f}  ours {found.ours_s:10.4g}, rival {found.rival_s:10.4g}")


if __name__ == "__main__":
    main()
