"""From what was measured of every item to the `Evidence` of one target and condition.

In: an entry of probes.json and `Paired`. Out: `Evidence`. What a run did not measure (permutation null, twins with
random weights, a control task, further elicitations) is left None, so that the ladder calls it not tested.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tacit.names import BEST, CONTROL_TASK, LOGIT_LENS_HERE, NESTED, OUTCOMES, TUNED
from tacit.probes.controls.surface import FLOORS, SHUFFLED
from tacit.probes.statistics.bootstrap import Estimate, enough_groups, equivalent, expanded_tail, interval
from tacit.probes.statistics.groups import effective_groups, heaviest
from tacit.probes.statistics.metrics import CHANCE, has_answer, measure
from tacit.probes.verdicts.evidence import OUTPUTS, Asked, Evidence, Rival, Supervised, Tuning, Used
from tacit.probes.verdicts.paired_scores import Paired, limits
from tacit.probes.verdicts.usable_reports import usable
from tacit.thresholds import MARGIN, MIN_CONTROLS

CALIBRATED = " calibrated"
FINE = 0.9
"""Share of all pairs of items that a read-out in fine steps tells apart."""
PRIMARY = ("said", "choice/you/0")
"""The primary elicitation's method, and its name among the elicitations."""


def gather(entry: dict, paired: Paired, usage: Sequence[Used] = (), tuning: Tuning | None = None) -> Evidence:
    """Everything that a verdict rests on, but for Holm's p, which needs the other gaps.

    usage: what ablations of the run's directions did, of which that of this reading is taken; tuning: of the report
    that was tuned, whose answers then stand among the methods.

    Raises KeyError where the items lack a method that the entry names.
    """
    head, beyond_lens = headline(entry, paired)
    point, values = paired.lead_values(head, BEST)
    count = entry["kind"] == "count"
    constant, said = commonest(paired.frame)
    control = control_of(entry["control"], said)
    asked, rungs = _asked(entry), own_rungs(entry)
    null = entry["nulls"].get(head) or {}
    site, layer = _reading(entry, head)
    return Evidence(
        target=entry["target"], condition=entry["condition"], metric=paired.scoring.primary,
        chance=CHANCE[paired.scoring.primary], probe=paired.score(head), report=paired.score(BEST),
        rung=entry["best_rung"], chosen=tuple(entry.get("best_rung_by_fold") or ()), gap=paired.lead(head, BEST),
        equivalent=equivalent(point, values, margin=MARGIN, n_groups=paired.effective),
        shuffled=paired.lead(head, SHUFFLED), rivals=tuple(_rival(paired, head, n) for n in _rivals(entry)),
        unbeaten=tuple(r for r in rungs if not paired.lead(head, r).lower > 0),
        constant=constant, said=said, effective=paired.effective, hard=None if count else paired.harder(head),
        graded=any(in_fine_steps(paired, rung) for rung in rungs), coverage=coverage(paired.frame),
        control=control[0], n_control=control[1], control_other=control[2], site=site, layer=layer,
        answered_gap_lower=answered_only(paired, head)["gap_lower"],
        positional=entry["target"] == "token_count", null_p=null.get("p"),
        n_permutations=int(null.get("n_permutations") or 0), near_duplicates=entry.get("near_duplicates"),
        selectivity=paired.selectivity(head, CONTROL_TASK),
        outputs=tuple(_rival(paired, head, name) for name in OUTPUTS if paired.has(name)),
        unscored=int((~has_answer(paired.pred(head))).sum()), asked=asked,
        supervised=(*_supervised(paired, head, rungs, asked), *_tuned(paired, head, tuning)),
        acts=_acts(entry), beyond_lens=beyond_lens,
        at_report=head != NESTED, heaviest=heaviest(paired.groups, paired.scoring.fold),
        ranked=paired.score(head, "spearman") if count else None,
        used=_used(usage, (entry["target"], entry["condition"], site, layer)),
    )  # fmt: skip


def headline(entry: dict, paired: Paired) -> tuple[str, Estimate | None]:
    """The method that the verdict is about, and what it has over the logit lens before an act.

    That is the nested probe over all sites. For an act that the next token's logits give away before it is written, or
    where nobody looked, it is the nested probe of the report prompt, if that was read (docs/protocol.md, section 6):
    every figure of the verdict is then that probe's.
    """
    before, after = f"{NESTED} object", f"{NESTED} report"
    if not _acts(entry):
        return NESTED, None
    ahead = paired.lead(before, LOGIT_LENS_HERE) if paired.has(before) and paired.has(LOGIT_LENS_HERE) else None
    beaten = ahead is not None and ahead.lower > 0
    return (after if not beaten and paired.has(after) else NESTED), ahead


def in_fine_steps(paired: Paired, rung: str) -> bool:
    """Whether a rung reads log-probabilities that rank the items: few pairs of them are tied or without an answer.

    A read-out that most items lack, or that is certain of every answer, is words in another form.
    """
    if "logits" not in rung.split("/")[0].split()[0] or rung.endswith(CALIBRATED):
        return False
    pred = paired.pred(rung)
    told = pred[has_answer(pred)]
    _, counts = np.unique(told, axis=0, return_counts=True)
    n = len(pred)
    ranked = (len(told) * (len(told) - 1) - (counts * (counts - 1)).sum()) / max(n * (n - 1), 1)
    return bool(ranked >= FINE)


def _acts(entry: dict) -> bool:
    """Whether the label is a class of what the reply does; counts of it are later properties, which no lens reads."""
    return entry["target"] == "behavior" and entry["kind"] != "count"


def _reading(entry: dict, head: str) -> tuple[str, int]:
    """(site, layer) that the method reads most often."""
    known = entry["readings"].get(head)
    return (known[0], known[1]) if known else (entry["site"], entry["layer"])


def own_rungs(entry: dict) -> list[str]:
    """The report rungs that are reports about this model (`reports.own_report`)."""
    other = entry.get("not_own") or ()
    return [r for r in entry["rungs"] if "/typical/" not in r and not any(r.startswith(name) for name in other)]


def _rivals(entry: dict) -> list[str]:
    return [name for name in entry["baselines"] if name not in (*FLOORS, CONTROL_TASK, *OUTPUTS)]


def _rival(paired: Paired, head: str, name: str) -> Rival:
    lead = paired.lead(head, name)
    _, values = paired.lead_values(head, name)
    tail = expanded_tail(max(2, paired.effective), 0.90)
    good = values[~np.isnan(values)]
    seen = np.isfinite(lead.upper) and paired.effective >= enough_groups(MARGIN)
    matches = bool(seen and np.quantile(good, 1 - tail) < MARGIN)
    return Rival(name, paired.score(name), lead, matches)


def _asked(entry: dict) -> tuple[Asked, ...]:
    """The other elicitations in the framing "you", as the entry tells of them."""
    found = []
    for report in entry.get("reports") or ():
        if report["name"] in PRIMARY or report["name"] in (entry.get("not_own") or ()):
            continue
        if report.get("framing", "you") != "you":
            continue
        shares = report.get("coverage") or {}
        found.append(
            Asked(
                report["name"], {o: _number(shares.get(o)) for o in OUTCOMES}, _number(report.get("constant")),
                str(report.get("said") or ""), _number(report.get("control")), int(report.get("n_control") or 0),
                _number(report.get("control_other")),
            )
        )  # fmt: skip
    return tuple(found)


def _used(usage: Sequence[Used], place: tuple) -> Used | None:
    return next((u for u in usage if (u.target, u.condition, u.site, u.reading) == place), None)


def _supervised(paired: Paired, head: str, rungs: list[str], asked: tuple[Asked, ...]) -> tuple[Supervised, ...]:
    """Reports that were given labels: mapped on the training folds, or after labelled examples."""
    by_name = {a.name: a for a in asked}
    found = []
    for rung in rungs:
        shots = rung.startswith("shots")
        if shots or rung.endswith(CALIBRATED):
            a = by_name.get(rung.removesuffix(CALIBRATED).removesuffix(" logits")) if shots else None
            fit = usable(a)[0] if a is not None else None
            found.append(Supervised(rung, "shots" if shots else "map", paired.lead(head, rung), fit))
    return tuple(found)


def _tuned(paired: Paired, head: str, tuning: Tuning | None) -> tuple[Supervised, ...]:
    if tuning is None:
        return ()
    return (Supervised(TUNED, TUNED, paired.lead(head, TUNED), tuning.took(paired.score(head).value)),)


def _number(x: object) -> float:
    return float("nan") if x is None else float(x)


def coverage(frame: pd.DataFrame) -> dict[str, float]:
    """Shares of the three outcomes."""
    shares = frame["outcome"].value_counts(normalize=True)
    return {outcome: float(shares.get(outcome, 0.0)) for outcome in OUTCOMES}


def coverage_by_class(entry: dict, frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Shares of the outcomes among the items of each true class; for counts, of each fifth of them ("5 to 12")."""
    names = frame["label_name"] if entry["kind"] != "count" else _fifths(frame["label"])
    shares = pd.crosstab(names, frame["outcome"], normalize="index")
    return {str(name): {str(k): float(v) for k, v in row.items()} for name, row in shares.iterrows()}


def _fifths(counts: pd.Series) -> pd.Categorical:
    """The fifth that every count belongs to, named by the least and the largest in it, in their order."""
    fifth = counts.groupby(pd.qcut(counts, 5, duplicates="drop", labels=False))
    ends = zip(fifth.transform("min"), fifth.transform("max"), strict=True)
    names = [f"{low:g}" if low == high else f"{low:g} to {high:g}" for low, high in ends]
    return pd.Categorical(names, pd.Series(names, counts).sort_index().unique())


def commonest(frame: pd.DataFrame) -> tuple[float, str]:
    """Share and text of the commonest value among the answered reports; (nan, "") if nothing was answered."""
    answered = frame.loc[frame["outcome"] == "answered", "report_name"]
    if not len(answered):
        return float("nan"), ""
    counts = answered.astype(str).value_counts()
    return float(counts.iloc[0] / len(answered)), str(counts.index[0])


def control_of(control: dict[str, list[int]], said: str) -> tuple[float, int, float]:
    """(accuracy, n, accuracy where something else than the commonest report was planted) of the positive control."""
    right, n = (sum(c[k] for c in control.values()) for k in (0, 1))
    other = [c for planted, c in control.items() if planted != said]
    n_other = sum(c[1] for c in other)
    elsewhere = sum(c[0] for c in other) / n_other if n_other >= MIN_CONTROLS else float("nan")
    return (right / n if n else float("nan")), n, elsewhere


def answered_only(paired: Paired, head: str = NESTED) -> dict:
    """Sensitivity: probe, ``said`` and their difference with the non-answers left out of both arms."""
    keep = (paired.frame["outcome"] == "answered").to_numpy()
    n_groups = int(paired.frame.loc[keep, "group"].nunique())
    if keep.sum() < 2 or n_groups < 2:
        return {"n": int(keep.sum()), "probe": None, "report": None, "gap": None, "gap_lower": None, "gap_upper": None}
    scoring, weights = paired.scoring.rows(keep), paired.weights[keep]
    probe, said = paired.pred(head)[keep], paired.pred("said")[keep]
    a, b = (float(measure(scoring.primary, scoring, p)[0]) for p in (probe, said))
    drawn = [measure(scoring.primary, scoring, p, weights) for p in (probe, said)]
    effective = effective_groups(scoring.y, paired.groups[keep], scoring.kind)
    gap = interval(a - b, drawn[0] - drawn[1], n=int(keep.sum()), n_groups=n_groups, effective=effective)
    return {"n": gap.n, "probe": a, "report": b, **limits("gap", gap)}
