"""From what was measured of every item to the `Evidence` of one target and condition.

In: an entry of probes.json and `Paired`. Out: `Evidence`. What a run did not measure (permutation null, twins with
random weights, a control task, further elicitations) is left None, so that the ladder calls it not tested.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tacit.names import (
    ANSWERED,
    BEHAVIOR,
    BEST,
    CONTROL_TASK,
    LOGIT_LENS_HERE,
    NESTED,
    OUT_OF_RANGE,
    OUTCOMES,
    TUNED,
    TUNED_CONTROL,
    base_target,
)  # fmt: skip
from tacit.probes.comparison.decisions import decisions
from tacit.probes.comparison.equal_scores import classes_behind, likenesses, tail_share
from tacit.probes.comparison.paired_scores import Paired, limits
from tacit.probes.comparison.rungs import above_chance, finer_than_words, reversed_words, words_above_chance
from tacit.probes.controls.surface import FLOORS, SHUFFLED
from tacit.probes.data.positive_controls import ReadOut, natural_control
from tacit.probes.data.reports import outcome_shares
from tacit.probes.data.rung_names import form_of, is_mapped
from tacit.probes.data.sources import within_sources
from tacit.probes.statistics.bootstrap import Estimate, enough_groups, expanded_tail, interval
from tacit.probes.statistics.groups import effective_groups, heaviest, permute_by_group
from tacit.probes.statistics.jackknife import left_out
from tacit.probes.statistics.metrics import CHANCE, has_answer, measure
from tacit.probes.statistics.unseen_errors import WIDTH
from tacit.probes.verdicts.evidence import (
    OUTPUTS,
    About,
    Asked,
    Copies,
    Evidence,
    Gap,
    Know,
    Rival,
    Say,
    Supervised,
    Unanswered,
    Used,
    WithinSource,
)  # fmt: skip
from tacit.probes.verdicts.tuning import Tuning
from tacit.probes.verdicts.usable_reports import usable
from tacit.seeds import stream
from tacit.targets.counting.coupling import Coupling
from tacit.thresholds import MARGIN, MIN_CONTROLS

N_PERMUTED = 199
PRIMARY = ("said", "choice/you/0")
"""The primary elicitation's method, and its name among the elicitations."""


def gather(
    entry: dict, paired: Paired, before_act: Estimate | None, usage: Sequence[Used] = (), tuning: Tuning | None = None
) -> Evidence:
    """Everything that a verdict rests on, except what needs the other verdicts: Holm's p and the peers.

    paired: read by the method that `headline` names; before_act: what `headline` says of the logit lens; usage: what
    ablations of the run's directions did; tuning: the report that was tuned on labels, whose answers are then among
    the methods.

    Raises KeyError where the items lack a method that the entry names.
    """
    about = _about(entry, paired)
    return Evidence(
        about, _know(entry, paired, before_act), _say(entry, paired, tuning), _gap(entry, paired),
        used=_used(usage, (about.target, about.condition, about.site, about.layer)),
    )  # fmt: skip


def headline(entry: dict, paired: Paired) -> tuple[str, Estimate | None]:
    """The method that the verdict is about, and its lead over the logit lens before an act.

    That is the nested probe over all sites. For an act that the next token's logits give away before it is written, or
    where no lens was read, it is the nested probe of the report prompt, if that was read (docs/protocol.md, section 6):
    every figure of the verdict is then that probe's.
    """
    before, after = f"{NESTED} object", f"{NESTED} report"
    if not _acts(entry):
        return NESTED, None
    ahead = paired.lead(before, LOGIT_LENS_HERE) if paired.has(before) and paired.has(LOGIT_LENS_HERE) else None
    beaten = ahead is not None and ahead.lower > 0
    return (after if not beaten and paired.has(after) else NESTED), ahead


def _about(entry: dict, paired: Paired) -> About:
    site, layer = _reading(entry, paired.head)
    count, reports = entry["kind"] == "count", entry.get("reports") or ()
    return About(
        entry["target"], entry["condition"], paired.scoring.primary, CHANCE[paired.scoring.primary], site, layer,
        paired.effective, tail_share(paired.scoring.y, paired.scoring.reference) if count else float("nan"),
        heaviest(paired.groups, paired.scoring.fold), acts=_acts(entry),
        positional=entry["target"] == "token_count" or bool(entry.get("positions")),
        thought=any(report.get("thought") for report in reports),
        cut=max((report.get("cut") or 0.0 for report in reports), default=0.0), at_report=paired.head != NESTED,
    )  # fmt: skip


def _know(entry: dict, paired: Paired, beyond_lens: Estimate | None) -> Know:
    head, null = paired.head, entry["nulls"].get(paired.head) or {}
    return Know(
        paired.score(head), paired.lead(head, SHUFFLED), tuple(_rival(paired, name) for name in _rivals(entry)),
        outputs=tuple(_rival(paired, name) for name in OUTPUTS if paired.has(name)),
        unscored=int((~has_answer(paired.pred(head))).sum()),
        ranked=paired.score(head, "spearman") if entry["kind"] == "count" else None,
        null_p=null.get("p"), n_permutations=int(null.get("n_permutations") or 0),
        near_duplicates=entry.get("near_duplicates"), selectivity=paired.selectivity(head, CONTROL_TASK),
        beyond_lens=beyond_lens, copies=_copies(entry), positions=_positions(entry),
    )  # fmt: skip


def _copies(entry: dict) -> Copies | None:
    found = entry.get("regrouped")
    if found is None:
        return None
    return Copies(found["close"], *(_estimate(found[name]) for name in ("score", "drop")))


def _estimate(written: dict | None) -> Estimate | None:
    """An estimate back from JSON, which holds null for nan."""
    numbers = {} if written is None else {name: _number(written[name]) for name in ("value", "lower", "upper")}
    return None if written is None else Estimate(**written | numbers)


def _positions(entry: dict) -> tuple[Coupling, ...]:
    """Back from JSON, which holds null for nan; results of older versions have none."""
    written = entry.get("positions") or ()
    return tuple(Coupling(each["position"], *(_number(each[k]) for k in ("r", "lower", "upper"))) for each in written)


def _say(entry: dict, paired: Paired, tuning: Tuning | None) -> Say:
    constant, said = commonest(paired.frame)
    words = Asked(
        "said", coverage(paired.frame), constant, said, *control_of(entry["control"], said),
        natural_control(entry.get("natural"), said), words_above_chance(paired),
    )  # fmt: skip
    rungs, asked = own_rungs(entry), _asked(entry)
    return Say(
        paired.score(BEST), entry["best_rung"], words, graded=any(finer_than_words(paired, rung) for rung in rungs),
        chosen=tuple(entry.get("best_rung_by_fold") or ()), asked=asked,
        read_outs=tuple(map(ReadOut.read, entry.get("read_outs") or ())),
        supervised=(*_supervised(paired, rungs, asked), *_tuned(paired, tuning)),
        unanswered=unanswered(entry, paired.frame),
        reversed=reversed_words(paired), informed=tuple(rung for rung in rungs if above_chance(paired, rung)),
    )  # fmt: skip


def _gap(entry: dict, paired: Paired) -> Gap:
    head = paired.head
    point, values = paired.lead_values(head, BEST)
    return Gap(
        paired.lead(head, BEST), paired.within_margin(point, values),
        tuple(rung for rung in own_rungs(entry) if not paired.lead(head, rung).lower > 0),
        decisions(paired, reversed_words=reversed_words(paired) is not None), likenesses(paired),
        classes_behind(paired, entry["classes"]), answered_only(paired, head)["gap_lower"],
        within_source=within_source(paired, own_rungs(entry)),
        without_width=bool(np.nanstd(values) < WIDTH and paired.lead(head, BEST).upper > paired.lead(head, BEST).lower),
    )  # fmt: skip


def within_source(paired: Paired, rungs: Sequence[str]) -> WithinSource | None:
    """The probe's lead within sources over the rung that comes closest to it there; None where there are not several.

    A report may rank the items of every source as well as the probe and only be shifted between sources.
    """
    scoring = within_sources(paired.scoring, paired.frame["source"].to_numpy(dtype=str))
    if scoring is None:
        return None

    def lead(rung: str) -> Estimate:
        probe, report = paired.pred(paired.head), paired.pred(rung)
        return paired.statistic(
            lambda w: measure(scoring.primary, scoring, probe, w) - measure(scoring.primary, scoring, report, w)
        )

    leads = {rung: lead(rung) for rung in rungs}
    closest = min(leads, key=lambda rung: leads[rung].lower)
    return WithinSource(closest, leads[closest])


def _acts(entry: dict) -> bool:
    """Whether the label is a class of what the reply does; counts of it are later properties, which no lens reads."""
    return base_target(entry["target"]) == BEHAVIOR and entry["kind"] != "count"


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


def _rival(paired: Paired, name: str) -> Rival:
    lead = paired.lead(paired.head, name)
    _, values = paired.lead_values(paired.head, name)
    tail = expanded_tail(max(2, paired.independent), 0.90)
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
        told = report.get("coverage") or {}
        shares = {o: _number(told.get(o)) for o in OUTCOMES if o in told or o != OUT_OF_RANGE}
        found.append(
            Asked(
                report["name"], shares, _number(report.get("constant")),
                str(report.get("said") or ""), _number(report.get("control")), int(report.get("n_control") or 0),
                _number(report.get("control_other")), natural_control(report.get("natural"), report.get("said") or ""),
            )
        )  # fmt: skip
    return tuple(found)


def _used(usage: Sequence[Used], place: tuple) -> Used | None:
    return next((u for u in usage if (u.target, u.condition, u.site, u.reading) == place), None)


def _supervised(paired: Paired, rungs: list[str], asked: tuple[Asked, ...]) -> tuple[Supervised, ...]:
    """Reports that were given labels: mapped on the training folds, or after labelled examples."""
    by_name = {a.name: a for a in asked}
    found = []
    for rung in rungs:
        shots = rung.startswith("shots")
        if shots or is_mapped(rung):
            a = by_name.get(form_of(rung)) if shots else None
            fit = usable(a)[0] if a is not None else None
            found.append(Supervised(rung, "shots" if shots else "map", paired.lead(paired.head, rung), fit))
    return tuple(found)


def _tuned(paired: Paired, tuning: Tuning | None) -> tuple[Supervised, ...]:
    if tuning is None:
        return ()
    took = tuning.took(paired.score(paired.head).value)
    lead, selectivity = paired.lead(paired.head, TUNED), paired.selectivity(TUNED, TUNED_CONTROL)
    return (Supervised(TUNED, TUNED, lead, took, selectivity),)


def _number(x: object) -> float:
    return float("nan") if x is None else float(x)


def coverage(frame: pd.DataFrame) -> dict[str, float]:
    """See `outcome_shares`."""
    return outcome_shares(frame["outcome"].tolist())


def coverage_by_class(entry: dict, frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Shares of the outcomes among the items of each true class; for counts, of each fifth of them ("5 to 12")."""
    names = frame["label_name"] if entry["kind"] != "count" else _fifths(frame["label"])
    shares = pd.crosstab(names, frame["outcome"], normalize="index")
    return {str(name): {str(k): float(v) for k, v in row.items()} for name, row in shares.iterrows()}


def unanswered(entry: dict, frame: pd.DataFrame) -> Unanswered | None:
    """The shares without an answer by class; p from N_PERMUTED permutations of labels between groups, of the variance
    of these shares. None where every reply is an answer."""
    silent = (frame["outcome"] != ANSWERED).to_numpy(dtype=float)
    if not silent.any():
        return None
    names = frame["label_name"] if entry["kind"] != "count" else _fifths(frame["label"])
    codes, classes = pd.factorize(np.asarray(names, dtype=str), sort=entry["kind"] != "count")
    rng, groups = stream(entry["seed"], "unanswered by class"), frame["group"].to_numpy(dtype=np.int64)

    def spread(codes: np.ndarray) -> float:
        sizes = np.bincount(codes, minlength=len(classes))
        rates = np.bincount(codes, silent, minlength=len(classes)) / np.maximum(sizes, 1)
        return float(sizes @ (rates - silent.mean()) ** 2)

    seen = spread(codes)
    drawn = [spread(permute_by_group(codes, groups, rng)) for _ in range(N_PERMUTED)]
    p = (1 + sum(one >= seen - 1e-12 for one in drawn)) / (1 + N_PERMUTED)
    return Unanswered({str(c): float(silent[codes == k].mean()) for k, c in enumerate(classes)}, p)


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
    scoring, weights, groups = paired.scoring.rows(keep), paired.weights[keep], paired.groups[keep]
    probe, said = paired.pred(head)[keep], paired.pred("said")[keep]
    a, b = (float(measure(scoring.primary, scoring, p)[0]) for p in (probe, said))

    def lead(weights: np.ndarray) -> np.ndarray:
        return measure(scoring.primary, scoring, probe, weights) - measure(scoring.primary, scoring, said, weights)

    drawn, left = lead(weights), left_out(groups, scoring.fold)
    effective = effective_groups(scoring.y, groups, scoring.kind)
    if left is not None:
        drawn, effective = left.settle(a - b, lead(left.weights), drawn), min(effective, left.n_groups)
    gap = interval(a - b, drawn, n=int(keep.sum()), n_groups=n_groups, effective=effective)
    return {"n": gap.n, "probe": a, "report": b, **limits("gap", gap)}
