"""Compare probe and report, from the probe room's files alone.

In: ``probes/items.parquet`` and ``probes/probes.json`` of a run. Out: a list of verdict dictionaries, one per target
and condition. Nothing is fitted and no activation is read, so this can be rerun alone, elsewhere, with other resamples.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from .analysis import NESTED
from .baselines import FLOORS, SHUFFLED
from .bootstrap import N_RESAMPLES, Estimate, detectable, equivalent, expanded_tail, interval, mcnemar_midp, resample
from .errors import ProbeError
from .groups import effective_groups
from .metrics import CHANCE, Yardstick, has_answer, measure
from .reports import BEST
from .tables import own_stick, plain, predictions, write_json
from .verdict import (
    INCONCLUSIVE,
    MARGIN,
    MIN_CONTROLS,
    REPORT_INVALID,
    UNTESTED,
    Evidence,
    Rival,
    decide,
    unusable_report,
)


def compare_run(
    run: str | Path,
    *,
    out: str | Path | None = None,
    n_resamples: int = N_RESAMPLES,
    say: Callable[[str], None] | None = None,
) -> list[dict]:
    """Verdicts of a run, in the order in which it was probed; also written to `out` (strict JSON) if given.

    Raises ProbeError where the probe results are missing, incomplete or do not fit each other.
    """
    run = Path(run)
    entries, items = _load(run)
    verdicts = []
    for entry in entries:
        if entry["status"] != "probed":
            verdicts.append(_not_analysable(entry))
        else:
            mine = (items["target"] == entry["target"]) & (items["condition"] == entry["condition"])
            verdicts.append(_compare(entry, items[mine].reset_index(drop=True), n_resamples, run))
        if say is not None:
            say(f"{entry['target']}, {entry['condition']}: {verdicts[-1]['verdict']}")
    verdicts = plain(verdicts)
    if out is not None:
        write_json(Path(out), verdicts)
    return verdicts


def _load(run: Path) -> tuple[list[dict], pd.DataFrame]:
    folder = run / "probes"
    for name in ("items.parquet", "probes.json", "scores.csv"):
        if not (folder / name).is_file():
            raise ProbeError(f"{folder / name} is not there. Run: tacit probe {run.name}")
    try:
        entries = json.loads((folder / "probes.json").read_text(encoding="utf-8"))["entries"]
        return entries, pd.read_parquet(folder / "items.parquet")
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ProbeError(f"{folder} cannot be read ({type(error).__name__}). Run: tacit probe {run.name}") from None


def _compare(entry: dict, frame: pd.DataFrame, n_resamples: int, run: Path) -> dict:
    where = f"{entry['target']}/{entry['condition']} in {run / 'probes'}"
    if len(frame) != entry["n"]:
        raise ProbeError(f"{where}: {len(frame)} items, {entry['n']} were written. Run: tacit probe {run.name}")
    try:
        return _verdict_row(entry, frame, n_resamples)
    except KeyError as error:
        raise ProbeError(f"{where}: no column {error}. Run: tacit probe {run.name}") from None


def _verdict_row(entry: dict, frame: pd.DataFrame, n_resamples: int) -> dict:
    stick = _stick(entry, frame)
    rng = np.random.default_rng([entry["seed"], 2])
    groups = frame["group"].to_numpy(dtype=np.int64)
    paired = Paired(entry, frame, stick, resample(groups, n_resamples=n_resamples, rng=rng), len(np.unique(groups)))
    evidence, extra = _evidence(entry, frame, paired)
    verdict = decide(evidence)
    if not has_answer(paired.pred(NESTED)).all():
        verdict = type(verdict)(INCONCLUSIVE, "none", ("the probe has items without a score",), verdict.sentence)
    return {
        "target": entry["target"], "condition": entry["condition"], "verdict": verdict.name, "metric": stick.primary,
        "chance": evidence.chance, **_limits("probe", evidence.probe), **_limits("report", evidence.report),
        "report_rung": evidence.rung, **_limits("gap", evidence.gap), "n": evidence.probe.n,
        "n_groups": evidence.probe.n_groups, "layer": entry["layer"], "site": entry["site"],
        "coverage": evidence.coverage, "table": _table(frame), "control_accuracy": evidence.control,
        "reasons": list(verdict.reasons), "sentence": verdict.sentence, "level": verdict.level, **extra,
    }  # fmt: skip


class Paired:
    """All methods of one target and condition under the same resamples; values are kept once computed."""

    def __init__(self, entry: dict, frame: pd.DataFrame, stick: Yardstick, weights: np.ndarray, n_groups: int) -> None:
        self.frame, self.stick, self.weights, self.n_groups = frame, stick, weights, n_groups
        self.effective = effective_groups(stick.y, frame["group"].to_numpy(), stick.kind)
        self.n_classes = len(entry["classes"])
        self._drawn: dict[str, tuple[float, np.ndarray]] = {}

    def pred(self, name: str) -> np.ndarray:
        return predictions(self.frame, name, self.n_classes)

    def drawn(self, name: str) -> tuple[float, np.ndarray]:
        """(point, (n_resamples,) values) of a method's primary metric."""
        if name not in self._drawn:
            own = self.frame["shuffled_label"].to_numpy(dtype=np.float64) if name == SHUFFLED else None
            stick, pred = own_stick(self.stick, own), self.pred(name)
            point = float(measure(stick.primary, stick, pred)[0])
            self._drawn[name] = point, measure(stick.primary, stick, pred, self.weights)
        return self._drawn[name]

    def score(self, name: str) -> Estimate:
        point, values = self.drawn(name)
        return interval(point, values, n=len(self.stick.y), n_groups=self.n_groups, effective=self.effective)

    def lead(self, first: str, second: str) -> tuple[Estimate, np.ndarray]:
        """first minus second, and its resampled values."""
        (a, x), (b, y) = self.drawn(first), self.drawn(second)
        found = interval(a - b, x - y, n=len(self.stick.y), n_groups=self.n_groups, effective=self.effective)
        return found, x - y

    def harder(self) -> Estimate:
        """Probe minus the words, both as decisions: balanced accuracy, where a fine-grained score earns nothing."""
        values, points = [], []
        for name in (NESTED, "said"):
            points.append(float(measure("balanced_accuracy", self.stick, self.pred(name))[0]))
            values.append(measure("balanced_accuracy", self.stick, self.pred(name), self.weights))
        return interval(
            points[0] - points[1], values[0] - values[1], n=len(self.stick.y), n_groups=self.n_groups,
            effective=self.effective,
        )  # fmt: skip


def _evidence(entry: dict, frame: pd.DataFrame, paired: Paired) -> tuple[Evidence, dict]:
    gap, values = paired.lead(NESTED, BEST)
    rivals = tuple(_rival(paired, name) for name in entry["baselines"] if name not in FLOORS)
    constant, said = _commonest(frame)
    control = _control(entry["control"], said)
    shares = frame["outcome"].value_counts(normalize=True)
    evidence = Evidence(
        target=entry["target"], condition=entry["condition"], metric=paired.stick.primary,
        chance=CHANCE[paired.stick.primary], probe=paired.score(NESTED), report=paired.score(BEST),
        rung=entry["best_rung"], gap=gap,
        equivalent=equivalent(gap.value, values, margin=MARGIN, n_groups=paired.effective),
        shuffled=paired.lead(NESTED, SHUFFLED)[0], rivals=rivals,
        unbeaten=tuple(r for r in entry["rungs"] if not paired.lead(NESTED, r)[0].lower > 0),
        constant=constant, said=said, effective=paired.effective,
        hard=None if entry["kind"] == "count" else paired.harder(),
        graded=any(rung.startswith("logits") for rung in entry["rungs"]),
        coverage={o: float(shares.get(o, 0.0)) for o in ("answered", "refused", "unreadable")},
        control=control[0], n_control=control[1], control_other=control[2], site=entry["site"], layer=entry["layer"],
    )  # fmt: skip
    only = _answered_only(paired, frame)
    evidence = replace(evidence, answered_gap_lower=only["gap_lower"])
    extra = {
        "gap_equivalent": evidence.equivalent, "margin": MARGIN, "detectable_gap": detectable(values),
        "mcnemar_midp": mcnemar_midp(frame["probe_right"].to_numpy(bool), frame["report_right"].to_numpy(bool)),
        "probe_right_given_report_wrong": _given_wrong(frame),
        "headroom_probe": _headroom(evidence.probe.value, evidence.chance),
        "headroom_report": _headroom(evidence.report.value, evidence.chance),
        "rungs": [{"rung": r, **_limits("score", paired.score(r))} for r in entry["rungs"]],
        "baselines": [{"baseline": b, **_limits("score", paired.score(b))} for b in entry["baselines"]],
        "answered_only": only, "coverage_by_class": _coverage_by_class(entry, frame),
        "sites": [{"site": s, **_limits("score", paired.score(f"nested {s}"))} for s in entry["sites"]],
        "dropped": entry["dropped"], "n_control": control[1], "untested": UNTESTED,
    }  # fmt: skip
    return evidence, extra


def _stick(entry: dict, frame: pd.DataFrame) -> Yardstick:
    count = entry["kind"] == "count"
    return Yardstick(
        entry["kind"], frame["label"].to_numpy(dtype=np.float64), frame["fold"].to_numpy(dtype=np.int64),
        len(entry["classes"]), frame["reference"].to_numpy(dtype=np.float64) if count else None,
    )  # fmt: skip


def _rival(paired: Paired, name: str) -> Rival:
    lead, values = paired.lead(NESTED, name)
    tail = expanded_tail(max(2, paired.effective), 0.90)
    good = values[~np.isnan(values)]
    matches = bool(np.isfinite(lead.upper) and np.quantile(good, 1 - tail) < MARGIN)
    return Rival(name, paired.score(name), lead, matches)


def _commonest(frame: pd.DataFrame) -> tuple[float, str]:
    """Share and text of the commonest value among the answered reports; (nan, "") if nothing was answered."""
    answered = frame.loc[frame["outcome"] == "answered", "report_name"]
    if not len(answered):
        return float("nan"), ""
    counts = answered.astype(str).value_counts()
    return float(counts.iloc[0] / len(answered)), str(counts.index[0])


def _control(control: dict[str, list[int]], said: str) -> tuple[float, int, float]:
    """(accuracy, n, accuracy where something else than the commonest report was planted) of the positive control."""
    right, n = (sum(c[k] for c in control.values()) for k in (0, 1))
    other = [c for planted, c in control.items() if planted != said]
    n_other = sum(c[1] for c in other)
    elsewhere = sum(c[0] for c in other) / n_other if n_other >= MIN_CONTROLS else float("nan")
    return (right / n if n else float("nan")), n, elsewhere


def _answered_only(paired: Paired, frame: pd.DataFrame) -> dict:
    """Sensitivity: probe, ``said`` and their difference with the non-answers left out of both arms."""
    keep = (frame["outcome"] == "answered").to_numpy()
    n_groups = int(frame.loc[keep, "group"].nunique())
    if keep.sum() < 2 or n_groups < 2:
        return {"n": int(keep.sum()), "probe": None, "report": None, "gap": None, "gap_lower": None, "gap_upper": None}
    stick, weights = paired.stick.rows(keep), paired.weights[keep]
    probe, said = paired.pred(NESTED)[keep], paired.pred("said")[keep]
    a, b = (float(measure(stick.primary, stick, p)[0]) for p in (probe, said))
    drawn = [measure(stick.primary, stick, p, weights) for p in (probe, said)]
    gap = interval(a - b, drawn[0] - drawn[1], n=int(keep.sum()), n_groups=n_groups)
    return {"n": gap.n, "probe": a, "report": b, **_limits("gap", gap)}


def _coverage_by_class(entry: dict, frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Shares of the outcomes among the items of each true class; {} for counts."""
    if entry["kind"] == "count":
        return {}
    shares = pd.crosstab(frame["label_name"], frame["outcome"], normalize="index")
    return {str(name): {str(k): float(v) for k, v in row.items()} for name, row in shares.iterrows()}


def _table(frame: pd.DataFrame) -> dict[str, int]:
    """Probe right or wrong against the text report right or wrong."""
    p, r = frame["probe_right"].to_numpy(bool), frame["report_right"].to_numpy(bool)
    cells = {"both": p & r, "probe_only": p & ~r, "report_only": ~p & r, "neither": ~p & ~r}
    return {name: int(cell.sum()) for name, cell in cells.items()}


def _given_wrong(frame: pd.DataFrame) -> float:
    wrong = frame.loc[~frame["report_right"].astype(bool), "probe_right"]
    return float(wrong.mean()) if len(wrong) else float("nan")


def _headroom(score: float, chance: float) -> float:
    """(score - chance) / (1 - chance): the share of what was to be gained."""
    return (score - chance) / (1 - chance)


def _limits(name: str, x: Estimate) -> dict[str, float]:
    return {name: x.value, f"{name}_lower": x.lower, f"{name}_upper": x.upper}


def _not_analysable(entry: dict) -> dict:
    """The same keys with nothing in them but what the reports alone show, and the reason."""
    empty = dict.fromkeys(
        "metric chance probe probe_lower probe_upper report report_lower report_upper report_rung gap gap_lower"
        " gap_upper layer site".split()
    )
    control, n_control, _ = _control(entry["control"], "")
    invalid, why = unusable_report(entry["coverage"], control, n_control)
    where = f"{entry['target']}, {entry['condition']}"
    unsaid = " The model gave no usable report in this format either." if invalid else ""
    return {
        "target": entry["target"], "condition": entry["condition"],
        "verdict": REPORT_INVALID if invalid else INCONCLUSIVE, **empty, "n": 0, "n_groups": 0,
        "coverage": entry["coverage"], "table": dict.fromkeys(("both", "probe_only", "report_only", "neither"), 0),
        "control_accuracy": control, "n_control": n_control, "reasons": [entry["reason"], why],
        "sentence": f"{where}: what it knows could not be probed.{unsaid}", "level": "none",
    }  # fmt: skip
