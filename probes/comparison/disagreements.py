"""The items where probe and report differ most, both ways, with their texts, for a person to read.

In: `Paired` of a target and condition. Out: rows of disagreements.csv, the clearest first. For classes: the probability
that the probe gave the true class, against 1 for a right report, 0 for a wrong one and ½ for none. For counts: how
much nearer to the truth the one is than the other (no report: the median guess).
"""

import numpy as np
import pandas as pd
from scipy.special import expit

from tacit.probes.comparison.paired_scores import Paired
from tacit.probes.statistics.metrics import has_answer

MOST = 25
PROBE_KNOWS, REPORT_KNOWS = "the probe is right, the report is not", "the report is right, the probe is not"
COLUMNS = (
    "target", "condition", "direction", "rank", "item_id", "label_name", "probe", "report_name", "outcome",
    "difference", "source", "surface", "object_reply", "reply",
)  # fmt: skip


def disagreements(entry: dict, paired: Paired, *, most: int = MOST) -> pd.DataFrame:
    """At most `most` rows each way; `difference` above 0 where the probe is nearer to the truth."""
    frame, apart = paired.frame, apartness(paired)
    right = [frame[f"{who}_right"].to_numpy(bool) for who in ("probe", "report")]
    parts = []
    for direction, mine, sign in ((PROBE_KNOWS, right[0] & ~right[1], -1), (REPORT_KNOWS, right[1] & ~right[0], 1)):
        rows = np.flatnonzero(mine & np.isfinite(apart) & (sign * apart < 0))
        rows = rows[np.argsort(sign * apart[rows], kind="stable")][:most]
        part = frame.iloc[rows].assign(direction=direction, rank=np.arange(1, len(rows) + 1), difference=apart[rows])
        parts.append(part.assign(probe=probe_names(entry, frame)[rows]))
    found = pd.concat(parts, ignore_index=True)
    return found.reindex(columns=list(COLUMNS))


def apartness(paired: Paired) -> np.ndarray:
    """(n_items,) float64, how much nearer to the truth the probe is than the words; NaN where the probe has none."""
    scoring, probe, said = paired.scoring, paired.pred(paired.head), paired.pred("said")
    if scoring.kind == "count":
        said = np.where(np.isnan(said), scoring.reference, said)
        return np.abs(said - scoring.y) - np.abs(probe - scoring.y)
    if scoring.kind == "binary":
        true = expit(np.where(scoring.y == 1, probe, -probe))
    else:
        true = probe[np.arange(len(probe)), scoring.y.astype(int)]
    answered, right = has_answer(said), paired.frame["report_right"].to_numpy(bool)
    return true - np.where(answered, right, 0.5)


def probe_names(entry: dict, frame: pd.DataFrame) -> np.ndarray:
    """What the probe says of every item, in the words of the labels."""
    probe, classes = frame["probe"].to_numpy(dtype=np.float64), entry["classes"]
    if not classes:
        return np.array(["" if np.isnan(v) else f"{v:.4g}" for v in probe], dtype=object)
    index = (probe > 0).astype(int) if len(classes) == 2 else np.nan_to_num(probe).astype(int)
    return np.array(["" if np.isnan(v) else classes[k] for v, k in zip(probe, index, strict=True)], dtype=object)
