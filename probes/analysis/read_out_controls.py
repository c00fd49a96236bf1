"""The positive controls of reports that are read from log-probabilities.

In: `Examples`. Out: a `ReadOut` for each such report. What is averaged for the report is averaged for its controls:
the forms of a question that were asked with the answer stated above, which are those of the first wording.
"""

from collections.abc import Sequence

import numpy as np

from tacit.probes.analysis.report_scores import read_by_form
from tacit.probes.data.examples import Examples
from tacit.probes.data.positive_controls import ReadOut, ToldApart
from tacit.probes.data.read_outs import ControlReadOut, averaged
from tacit.probes.statistics.metrics import METRICS, Scoring, has_answer, value


def control_read_outs(examples: Examples) -> list[ReadOut]:
    """Every report of classes from log-probabilities; [] for counts, whose expected values are far from exact in models
    that cannot count, whether or not they follow what they are told."""
    if examples.kind == "count":
        return []
    return [
        ReadOut(
            name,
            float(has_answer(_mean([form.readouts["odds"] for form in forms], examples)).mean()),
            METRICS[examples.kind][0],
            _told_apart([form.control_odds for form in forms], examples),
            _told_apart([form.natural_odds for form in forms], examples),
        )
        for name, forms in read_by_form(examples, "odds").items()
    ]


def _told_apart(controls: Sequence[ControlReadOut | None], examples: Examples) -> ToldApart | None:
    """The stated answers as labels, the log-probabilities as predictions, of the items that all forms have."""
    asked = [control for control in controls if control is not None]
    if not asked:
        return None
    shared = set.intersection(*(set(control.item_ids) for control in asked))
    kept = [np.array([item in shared for item in control.item_ids], dtype=bool) for control in asked]
    pred = _mean([control.odds[rows] for control, rows in zip(asked, kept, strict=True)], examples)
    planted = asked[0].planted[kept[0]]
    known = (planted >= 0) & has_answer(pred)
    planted, pred = planted[known], pred[known]
    times = np.bincount(planted.astype(int), minlength=len(examples.classes))
    scoring = Scoring(examples.kind, planted, np.zeros(len(planted), dtype=np.int64), len(examples.classes))
    score = value(scoring.primary, scoring, pred) if times.all() else float("nan")
    return ToldApart(score, len(planted), int(times.min()))


def _mean(read_outs: Sequence[np.ndarray], examples: Examples) -> np.ndarray:
    return averaged(read_outs, shares=examples.kind == "multiclass")
