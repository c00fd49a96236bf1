"""Simulated scores with a known gap, evaluated with the real metric and bootstrap: coverage, false gaps, power.

In: a `Setting`. Out: one row per setting. No probe is trained here, so thousands of simulations take seconds; the
controls that go through the whole pipeline include training.

Truth in closed form: normal scores that differ by s between the classes have AUROC Phi(s / sqrt 2); a report that is
right with probability r has AUROC r; a pair that contains a non-answer counts 1/2.
"""

from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats

from tacit.probes.statistics.bootstrap import equivalent, interval, resample
from tacit.probes.statistics.groups import effective_groups
from tacit.probes.statistics.jackknife import left_out
from tacit.probes.statistics.metrics import Scoring, measure
from tacit.thresholds import MARGIN


@dataclass(frozen=True)
class Setting:
    name: str
    n: int = 240
    gap: float = 0.0
    """planted: AUROC of the probe minus AUROC of the report"""
    right: float = 0.75
    """P(an answered report is right)"""
    cluster: int = 1
    """items per group; these share label, half of the noise, and whether the report is right"""
    mixed: bool = False
    """whether labels differ within groups"""
    positives: float = 0.5
    """share of the groups that are positive"""
    refused: tuple[float, float] = (0.0, 0.0)
    """P(no answer) of negatives and positives"""

    @property
    def report_auroc(self) -> float:
        answered = (1 - self.refused[0]) * (1 - self.refused[1])
        return answered * self.right + (1 - answered) / 2


COVERAGE = (
    Setting("one item a group"),
    Setting("a gap of .15", gap=0.15),
    Setting("groups of four", n=480, cluster=4),
    Setting("groups of four, a gap of .15", n=480, cluster=4, gap=0.15),
    Setting("one in eight positive", n=400, positives=0.125),
    Setting("half of the negatives refused", right=0.95, refused=(0.5, 0.1)),
    Setting("eighty items", n=80),
)
POWER = tuple(
    Setting(f"n = {n}, gap = {gap:g}", n=n, gap=gap) for n in (80, 160, 320, 640) for gap in (0.0, 0.05, 0.1, 0.15, 0.2)
)

EQUIVALENCE = (
    *(
        Setting(f"n = {n}, report {right:g}", n=n, right=right, gap=MARGIN)
        for n in (600, 1200)
        for right in (0.75, 0.94)
    ),
    Setting("80 groups of eight, report 0.94", n=640, cluster=8, mixed=True, right=0.94, gap=MARGIN),
)
"""Gaps of exactly the margin: whoever calls them none is wrong."""


def measure_setting(setting: Setting, *, simulations: int, n_resamples: int, seed: int) -> dict:
    """The setting with bias, coverage of the 95 % interval, and how often that is above 0 or within the margin."""
    rng = np.random.default_rng([seed, *setting.name.encode()])
    found = [one_gap(setting, rng, n_resamples) for _ in range(simulations)]
    gaps = np.array([f.value for f, _ in found])
    covered = np.mean([f.lower <= setting.gap <= f.upper for f, _ in found])
    return {
        **asdict(setting), "simulations": simulations, "bias": float(gaps.mean() - setting.gap),
        "spread": float(gaps.std(ddof=1)), "coverage": float(covered),
        "above_zero": float(np.mean([f.lower > 0 for f, _ in found])),
        "equivalent": float(np.mean([same for _, same in found])),
    }  # fmt: skip


def one_gap(setting: Setting, rng: np.random.Generator, n_resamples: int):
    """(interval of the gap, whether equivalence within the margin is shown) of one simulated comparison."""
    groups, y = _labels(setting, rng)
    probe = _probe(setting, groups, y, rng)
    said = _said(setting, groups, y, rng)
    scoring = Scoring("binary", y.astype(np.float64), groups % 5, 2)
    weights = resample(groups, fold=scoring.fold, n_resamples=n_resamples, rng=rng)
    point = float(measure("auroc", scoring, probe)[0] - measure("auroc", scoring, said)[0])

    def lead(weights: np.ndarray) -> np.ndarray:
        return measure("auroc", scoring, probe, weights) - measure("auroc", scoring, said, weights)

    drawn, few = lead(weights), left_out(groups, scoring.fold)
    n_groups, effective = int(groups.max()) + 1, effective_groups(scoring.y, groups, "binary")
    independent = effective if few is None else min(effective, few.n_groups)
    drawn = drawn if few is None else few.settle(point, lead(few.weights), drawn)
    found = interval(point, drawn, n=setting.n, n_groups=n_groups, effective=independent)
    return found, equivalent(point, drawn, margin=MARGIN, n_groups=effective, independent=independent)


def _labels(setting: Setting, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    n_groups = setting.n // setting.cluster
    groups = np.arange(setting.n) // setting.cluster
    n_drawn = setting.n if setting.mixed else n_groups
    drawn = rng.permutation(np.arange(n_drawn) < round(setting.positives * n_drawn))
    return groups, drawn if setting.mixed else drawn[groups]


def _probe(setting: Setting, groups: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(size=setting.n)
    if setting.cluster > 1:
        noise = (noise + rng.normal(size=groups.max() + 1)[groups]) / np.sqrt(2)
    return y * np.sqrt(2) * stats.norm.ppf(setting.report_auroc + setting.gap) + noise


def _said(setting: Setting, groups: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    right = (rng.random(groups.max() + 1) < setting.right)[groups]
    silent = rng.random(setting.n) < np.where(y, setting.refused[1], setting.refused[0])
    return np.where(silent, np.nan, np.where(right, y, ~y).astype(np.float64))
