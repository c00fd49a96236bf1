"""Compare probe and report, from the probe room's files alone.

In: ``probes/items.parquet`` and ``probes/probes.json`` of one run or several. Out: a list of verdict dictionaries per
run, one per target and condition, and beside them the tables of calibration and disagreement. Nothing is fitted and no
activation is read, so this can be rerun alone, elsewhere, with other resamples.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from tacit.errors import ProbeError
from tacit.files import plain, sealed, write_csv, write_json
from tacit.names import BEST, VERDICTS_SCHEMA
from tacit.probes.ablate import read_usage
from tacit.probes.comparison.calibration import calibrate, reliability
from tacit.probes.comparison.cautions import folded, held_out, too_large, warnings
from tacit.probes.comparison.collect import answered_only, control_of, coverage_by_class, gather, headline
from tacit.probes.comparison.corrected_labels import correct, read_labels
from tacit.probes.comparison.disagreements import disagreements
from tacit.probes.comparison.label_errors import audit, explain
from tacit.probes.comparison.label_errors import sentence as wrong_labels
from tacit.probes.comparison.paired_scores import Paired, limits
from tacit.probes.comparison.report_floors import against_mode, permuted_replies
from tacit.probes.comparison.self_or_typical import self_vs_typical
from tacit.probes.comparison.where_lost import localise, settled
from tacit.probes.data.positive_controls import natural_control
from tacit.probes.data.results import Results, read_results
from tacit.probes.statistics.bootstrap import Estimate, detectable, mcnemar_midp, p_value
from tacit.probes.statistics.tests import holm
from tacit.probes.tune import read_tuned, tuned_figures, with_tuned
from tacit.probes.verdicts.decide import GAP, INCONCLUSIVE, REPORT_INVALID, Verdict, decide
from tacit.probes.verdicts.evidence import Evidence, Peer, Used
from tacit.probes.verdicts.ladder import ablation_p
from tacit.probes.verdicts.tuning import Tuning
from tacit.probes.verdicts.usable_reports import controls_shown, unusable_report
from tacit.thresholds import MARGIN, N_RESAMPLES, PLAUSIBLE_ERRORS

Say = Callable[[str], None]
STEPS = (("raw say", "said"), ("calibrated say", "said calibrated"), ("best say", BEST))


@dataclass(frozen=True)
class Compared:
    """One target and condition, before it is judged: Holm's p needs all the others."""

    entry: dict
    evidence: Evidence | None
    """None where nothing could be probed"""
    p: float
    """two-sided p of the gap; nan where undefined"""
    extra: dict = field(default_factory=dict)
    reliability: pd.DataFrame | None = None
    disagreements: pd.DataFrame | None = None
    audit: pd.DataFrame | None = None
    corrected: int = 0
    """labels that were corrected after probing"""


def compare_run(
    run: str | Path, *, out: str | Path | None = None, n_resamples: int = N_RESAMPLES, say: Say | None = None
) -> list[dict]:
    """Verdicts of a run, in the order in which it was probed; also written to `out` (strict JSON) if given, with
    reliability.csv and disagreements.csv beside it.

    Raises ProbeError where the probe results are missing, incomplete, altered or do not fit each other.
    """
    return compare_runs([run], outs=None if out is None else [out], n_resamples=n_resamples, say=say)[0]


def compare_runs(
    runs: Sequence[str | Path],
    *,
    outs: Sequence[str | Path] | None = None,
    peers: Sequence[Mapping[tuple[str, str], tuple[Peer, ...]]] | None = None,
    labels: str | Path | None = None,
    n_resamples: int = N_RESAMPLES,
    say: Say | None = None,
) -> list[list[dict]]:
    """The verdicts of each run; Holm's procedure runs over the gaps of all of them together.

    outs: where to write each run's verdicts.json. peers: of each run, the other models' states read with its labels
    (`peers.peers_of`), by target and condition. labels: a CSV file of corrected labels (`corrected_labels`), for a
    single run. Raises ProbeError like `compare_run`.
    """
    if labels is not None and len(runs) > 1:
        raise ProbeError(f"{labels} corrects the labels of one run, and {len(runs)} are compared: give one run")
    found = [_measure(read_results(run), n_resamples, None if labels is None else read_labels(labels)) for run in runs]
    found = _adjusted(found)
    peers = peers or [{}] * len(found)
    verdicts = [[_row(one, known) for one in part] for part, known in zip(found, peers, strict=True)]
    for i, part in enumerate(verdicts):
        for row in part if say is not None else ():
            say(f"{row['target']}, {row['condition']}: {row['verdict']}")
        if outs is not None:
            _write(Path(outs[i]), part, found[i])
    return plain(verdicts)


def _adjusted(found: list[list[Compared]]) -> list[list[Compared]]:
    """The same with p-values adjusted over all that is compared: those of the gaps, and those of the ablations."""
    together = [one for part in found for one in part if one.evidence is not None]
    gaps = holm([one.p for one in together])
    used = holm([np.nan if (u := one.evidence.used) is None else ablation_p(u) for one in together])
    n_gaps, n_used = (int(np.isfinite(p).sum()) for p in (gaps, used))
    known = iter(zip(gaps.tolist(), used.tolist(), strict=True))

    def adjusted(one: Compared) -> Compared:
        if one.evidence is None:
            return one
        holm_p, used_p = next(known)
        gap = replace(one.evidence.gap, holm_p=holm_p, n_family=n_gaps)
        used_p = None if one.evidence.used is None else used_p
        return replace(one, evidence=replace(one.evidence, gap=gap, used_p=used_p, n_used=n_used))

    return [[adjusted(one) for one in part] for part in found]


def _write(out: Path, verdicts: list[dict], found: list[Compared]) -> None:
    write_json(out, sealed({"schema": VERDICTS_SCHEMA, "verdicts": verdicts}))
    for name in ("reliability", "disagreements", "audit"):
        tables = [t for one in found if (t := getattr(one, name)) is not None and len(t)]
        if tables:
            write_csv(out.with_name(f"{name}.csv"), pd.concat(tables, ignore_index=True))


def _measure(results: Results, n_resamples: int, labels: pd.DataFrame | None = None) -> list[Compared]:
    found, usage = [], read_usage(results.run)
    results, changed = (results, {}) if labels is None else correct(results, labels)
    tuned = {(one.target, one.condition): one for one in read_tuned(results.run)}
    for entry in results.entries:
        if entry["status"] != "probed":
            found.append(Compared(entry, None, float("nan")))
            continue
        try:
            tuning = tuned.get((entry["target"], entry["condition"]))
            one = _compare(entry, with_tuned(results.of(entry), tuning), usage, tuning, n_resamples)
            found.append(replace(one, corrected=changed.get((entry["target"], entry["condition"]), 0)))
        except KeyError as error:
            where = f"{entry['target']}/{entry['condition']} in {results.run / 'probes'}"
            raise ProbeError(f"{where}: no column {error}. Run: tacit probe {results.run.name}") from None
    return found


def _compare(
    entry: dict, frame: pd.DataFrame, usage: Sequence[Used], tuning: Tuning | None, n_resamples: int
) -> Compared:
    paired = Paired(entry, frame, n_resamples)
    head, before_act = headline(entry, paired)
    paired = paired.read_by(head)
    evidence = gather(entry, paired, before_act, usage, tuning)
    gap = p_value(*paired.lead_values(paired.head, BEST), n_groups=max(2, paired.independent))
    return Compared(
        entry, evidence, gap, _extra(entry, paired, evidence) | tuned_figures(paired, tuning),
        reliability(entry, paired), disagreements(entry, paired),
        audit(entry, paired),
    )  # fmt: skip


def _row(one: Compared, peers: Mapping[tuple[str, str], tuple[Peer, ...]]) -> dict:
    if one.evidence is None:
        return _not_analysable(one.entry)
    evidence, known = one.evidence, peers.get((one.entry["target"], one.entry["condition"]), ())
    evidence = replace(evidence, peers=tuple(p for p in known if p.at_report or not evidence.about.at_report))
    verdict = decide(evidence)
    about, know, report, gap = evidence.about, evidence.know, evidence.say, evidence.gap
    lost = one.extra["localisation"]
    if lost is not None:
        lost = lost | {"step": _settled(lost["step"], verdict, evidence)}
    return {
        "target": about.target, "condition": about.condition, "verdict": verdict.name,
        "metric": about.metric, "chance": about.chance, **limits("probe", know.score), **limits("report", report.score),
        "report_rung": report.rung, "report_rungs": list(report.chosen), **limits("gap", gap.lead),
        "n": know.score.n, "n_groups": know.score.n_groups, "layer": about.layer, "site": about.site,
        "coverage": report.words.coverage, "control_accuracy": report.words.control,
        "reasons": list(verdict.reasons), "level": verdict.level,
        "sentence": _with_limits(one, verdict),
        "conditions": [asdict(c) for c in verdict.conditions], "gap_p": one.p, "holm_p": gap.holm_p,
        "n_family": gap.n_family,
        **one.extra, "localisation": lost, "labels_corrected": one.corrected,
    }  # fmt: skip


def _with_limits(one: Compared, verdict: Verdict) -> str:
    """The sentence, and what limits the claim."""
    limiting = (held_out(one.entry), too_large(one.entry), folded(one.entry), _label_limit(verdict, one.extra))
    return " ".join(filter(None, (verdict.sentence, *limiting, _corrected(one.corrected))))


def _label_limit(verdict: Verdict, extra: dict) -> str:
    """What a gap owes to wrong labels if a plausible share of them explains it; "" elsewhere."""
    wrong = extra["label_errors"]
    plausible = wrong and wrong["share"] is not None and wrong["share"] <= PLAUSIBLE_ERRORS
    return wrong_labels(wrong) if verdict.name == GAP and plausible else ""


def _corrected(n: int) -> str:
    """A sentence on corrected labels; "" where there are none."""
    if not n:
        return ""
    were = "label was" if n == 1 else "labels were"
    return (
        f"{n} {were} corrected after probing: scores use the new labels; folds, probe and report maps are those of the"
        " labels as cached."
    )


def _settled(step: str, verdict: Verdict, e: Evidence) -> str:
    equal = e.gap.equivalent and not e.gap.unlike
    return settled(step, verdict.name, equal, reversed_words=e.say.reversed is not None)


def _extra(entry: dict, paired: Paired, evidence: Evidence) -> dict:
    """Figures that are printed beside a verdict and do not decide it."""
    head, frame, words = paired.head, paired.frame, evidence.say.words
    probe, report, chance = evidence.know.score.value, evidence.say.score.value, evidence.about.chance
    _, values = paired.lead_values(head, BEST)
    wrong, floors = explain(paired), permuted_replies(paired, entry["rungs"], seed=entry["seed"])
    return {
        "probe_method": head, "table": _table(frame), "gap_equivalent": evidence.gap.equivalent, "margin": MARGIN,
        "detectable_gap": detectable(values),
        "decomposition": [{"step": step, **_three(paired.score(name))} for step, name in (*STEPS, ("know", head))],
        "localisation": localise(paired, entry["sites"]), "framing": self_vs_typical(paired, entry["rungs"]),
        "calibration": calibrate(paired), "crossing": entry.get("crossing"), "null_p": evidence.know.null_p,
        "mcnemar_midp": mcnemar_midp(frame["probe_right"].to_numpy(bool), frame["report_right"].to_numpy(bool)),
        "probe_right_given_report_wrong": _given_wrong(frame),
        "headroom_probe": _headroom(probe, chance),
        "headroom_report": _headroom(report, chance),
        "rungs": [{"rung": r, **limits("score", paired.score(r)), **floors[r]} for r in entry["rungs"]],
        "refits": (entry.get("refits") or {}).get(head),
        "against_mode": against_mode(paired, entry["classes"]),
        "baselines": [{"baseline": b, **limits("score", paired.score(b))} for b in entry["baselines"]],
        "answered_only": answered_only(paired, head), "coverage_by_class": coverage_by_class(entry, frame),
        "sites": [{"site": s, **limits("score", paired.score(f"nested {s}"))} for s in entry["sites"]],
        "dropped": entry["dropped"], "n_control": words.n_control, "constant": words.constant,
        "natural_control": None if words.natural is None else asdict(words.natural),
        "controls": controls_shown(evidence.say),
        "said": words.said, "label_errors": wrong,
        "limits": [*warnings(entry, frame, evidence), *filter(None, [wrong_labels(wrong)])],
        **_within_source(evidence), "unanswered": _unanswered(evidence),
        "reversed": evidence.say.reversed is not None,
        "alike": [{"id": one.id, "shown": one.shown, **_three(one.estimate)} for one in evidence.gap.alike],
        "classes_behind": [
            {"class": c.name, "probe": c.probe, "report": c.report, **limits("lead", c.lead)}
            for c in evidence.gap.classes_behind
        ],
    }  # fmt: skip


def _within_source(evidence: Evidence) -> dict:
    """The gap within sources and the report that it is over; null where there are not several sources."""
    name, found = "gap_within_source", evidence.gap.within_source
    if found is None:
        return dict.fromkeys((name, f"{name}_lower", f"{name}_upper", "rung_within_source"))
    return limits(name, found.lead) | {"rung_within_source": found.rung}


def _unanswered(evidence: Evidence) -> dict | None:
    return None if evidence.say.unanswered is None else asdict(evidence.say.unanswered)


def _three(x: Estimate) -> dict[str, float]:
    return {"value": x.value, "lower": x.lower, "upper": x.upper}


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


UNMEASURED = (
    "metric", "chance", "probe", "probe_lower", "probe_upper", "report", "report_lower", "report_upper", "report_rung",
    "gap", "gap_lower", "gap_upper", "layer", "site", "localisation", "framing", "calibration", "gap_p", "holm_p",
)  # fmt: skip
"""Keys of a verdict that are null where nothing could be probed."""


def _not_analysable(entry: dict) -> dict:
    """The row of a target that could not be probed: why, and what its replies alone show."""
    control, n_control, _ = control_of(entry["control"], "")
    invalid, why = unusable_report(entry["coverage"], control, n_control, natural_control(entry.get("natural")))
    where = f"{entry['target']}, {entry['condition']}"
    unusable = " Its reports cannot be interpreted either." if invalid else ""
    reason = entry["reason"].removeprefix(f"{entry['target']}/{entry['condition']}: ").rstrip(".")
    return {
        "target": entry["target"], "condition": entry["condition"],
        "verdict": REPORT_INVALID if invalid else INCONCLUSIVE, **dict.fromkeys(UNMEASURED), "n": 0, "n_groups": 0,
        "coverage": entry["coverage"], "table": dict.fromkeys(("both", "probe_only", "report_only", "neither"), 0),
        "control_accuracy": control, "n_control": n_control, "reasons": [entry["reason"], why],
        "sentence": f"{where}: the target could not be probed: {reason}.{unusable}", "level": "none", "conditions": [],
        "decomposition": [],
    }  # fmt: skip
