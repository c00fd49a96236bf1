"""Could wrong labels be the whole gap? How many it would take, and which items to look at first.

In: `Paired` of a target and condition. Out: `explain`, the smallest share of labels whose correction in the report's
favour ends the gap, and `audit`, the items in the order in which a person should check their labels. A label that was
read from the form of an answer ("seven" marked wrong where "7" was expected) is wrong in the report's disfavour, and
the probe learns it.
"""

import numpy as np
import pandas as pd
from scipy.special import expit

from tacit.names import BEST
from tacit.probes.comparison.disagreements import probe_names
from tacit.probes.comparison.paired_scores import Paired
from tacit.probes.statistics.metrics import has_answer, measure
from tacit.thresholds import MARGIN

MOST = 50
BOTH, REPORT_ALONE = "probe and report contradict the label", "the report contradicts the label, the probe does not"
COLUMNS = (
    "target", "condition", "rank", "why", "item_id", "label", "probe_says", "probe", "report_says", "fold", "source",
    "surface", "object_reply", "reply",
)  # fmt: skip
STEPS = 200
"""Numbers of corrected labels that are tried at most; between them the smallest is looked for one by one."""


def explain(paired: Paired) -> dict | None:
    """The smallest number of labels that, replaced by what the report says, bring the gap to `MARGIN` or less.

    Labels are replaced where the words contradict them, first those for which the probe is surest of the label: each
    takes most from the probe's score and gives most to the report's. None where the gap is no larger than the margin.
    n and share are None where even all of them do not end it. Predictions stay as they are.
    """
    if not _gap(paired, np.array([], dtype=int)) > MARGIN:
        return None
    rows = _contradicted(paired)
    rows = rows[np.argsort(-_support(paired)[rows], kind="stable")]
    n = _first(lambda k: _gap(paired, rows[:k]) <= MARGIN, len(rows))
    return {"n": n, "share": None if n is None else n / len(paired.frame), "contradicted": len(rows), "margin": MARGIN}


def sentence(found: dict | None) -> str:
    """What `explain` found, as a limit of the claim; "" where there is no gap to explain."""
    if found is None:
        return ""
    if found["n"] is None:
        return "Wrong labels cannot explain the gap: it remains if every label that the report contradicts is replaced."
    return (
        f"Wrong labels could explain the gap: it would be at most {found['margin']:g} if {found['n']} labels"
        f" ({found['share']:.1%} of the items) were wrong where the report contradicts them. Check the items in"
        " verdicts/audit.csv first."
    )


def audit(entry: dict, paired: Paired, *, most: int = MOST) -> pd.DataFrame:
    """At most `most` items whose label the words contradict: those where the probe says the same as the words first,
    then those where the probe is surest of the label. `label` may be edited and given to `tacit compare --labels`."""
    frame, support = paired.frame, _support(paired)
    rows = _contradicted(paired)
    says = probe_names(entry, frame)
    agree = says[rows] == frame["report_name"].astype(str).to_numpy()[rows]
    if not entry["classes"]:
        agree = support[rows] < 0
    rows = rows[np.lexsort((np.where(agree, support[rows], -support[rows]), ~agree))]
    agree = np.sort(agree)[::-1]
    found = frame.iloc[rows].assign(
        rank=np.arange(1, len(rows) + 1), why=np.where(agree, BOTH, REPORT_ALONE), label=frame["label_name"].iloc[rows],
        probe_says=says[rows], report_says=frame["report_name"].iloc[rows],
    )  # fmt: skip
    return found.reindex(columns=list(COLUMNS)).head(most)


def _said(paired: Paired) -> np.ndarray:
    """(n_items,) float64, what the words say, as a class index or a count; nan where they say nothing."""
    said = paired.pred("said")
    if paired.scoring.kind == "binary":
        return np.where(np.isnan(said) | (said == 0), np.nan, (said > 0).astype(float))
    if paired.scoring.kind == "multiclass":
        return np.where(has_answer(said), np.argmax(np.nan_to_num(said), axis=1), np.nan)
    return said


def _contradicted(paired: Paired) -> np.ndarray:
    """Positions of the items whose words are an answer, and another than the label."""
    said = _said(paired)
    return np.flatnonzero(~np.isnan(said) & (said != paired.scoring.y))


def _support(paired: Paired) -> np.ndarray:
    """(n_items,) float64, above 0 where the probe is nearer to the label than to what the words say."""
    y, probe, said, kind = paired.scoring.y, paired.pred(paired.head), _said(paired), paired.scoring.kind
    if kind == "count":
        return np.nan_to_num(np.abs(said - probe) - np.abs(y - probe))
    if kind == "binary":
        return np.nan_to_num(2 * expit(np.where(y == 1, probe, -probe)) - 1)
    rows, other = np.arange(len(y)), np.nan_to_num(said).astype(int)
    return np.nan_to_num(probe[rows, y.astype(int)] - probe[rows, other])


def _gap(paired: Paired, rows: np.ndarray) -> float:
    """Probe minus best report, with the labels of these items replaced by what the words say."""
    y = paired.scoring.y.copy()
    y[rows] = _said(paired)[rows]
    scoring = paired.scoring.with_labels(y)
    probe, report = (float(measure(scoring.primary, scoring, paired.pred(m))[0]) for m in (paired.head, BEST))
    return probe - report


def _first(holds, most: int) -> int | None:
    """The smallest k from 1 to `most` at which `holds(k)`, to within a step; None where it never does."""
    step = max(1, most // STEPS)
    for k in range(step, most + step, step):
        if holds(min(k, most)):
            return next(j for j in range(max(1, k - step + 1), min(k, most) + 1) if holds(j))
    return None
