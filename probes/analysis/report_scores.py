"""What the model says, scored like the probe: every rung of the report, raw and given the same labels.

In: `Examples`, scoring, folds. Out: one `Held` per rung, and the best rung chosen on training folds.

- ``said``: the text reply to the primary question as it stands; every further form of question by its own name. A
  non-answer is NaN, which `metrics` scores as wrong and ranks as a tie.
- ``said calibrated``: the same after a 1-D map fitted on the probe's own training folds, so that the report has seen
  the labels that the probe has seen. "Off by three" is mis-scaled, not unsaid, and vanishes here. Classes: the share of
  each class among the training items that said this. Counts: the line with the least absolute error (the metric's
  own) or an isotonic map, whichever does better on inner folds, for a report may be bent as well as shifted.
- ``logits``: what the model would have said, read from the log-probabilities of the valid answers, averaged over the
  paraphrases, orders and label words in which it was asked. A confidence said in per cent is graded like these.
- ``logits calibrated``: isotonic in the log-odds (classes, one against the rest), the line again and curve (counts).

The maps may turn a report around where the training items say so clearly (a consistent liar has said it); they
never answer for the model where it did not.
"""

import numpy as np
from scipy.special import logit
from scipy.stats import spearmanr
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import QuantileRegressor

from tacit.names import BEST
from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import Folds
from tacit.probes.data.reports import ParsedReports, averaged
from tacit.probes.estimators.families import Family
from tacit.probes.estimators.nested_cv import Held, as_is, choose, cross_fit
from tacit.probes.statistics.metrics import Scoring, has_answer
from tacit.targets.elicitations import PRIMARY, Elicitation

TURN_P = 0.01
"""A map may decrease where the training items show a negative rank correlation at this level (two-sided)."""


class Values:
    """A report as the only feature: nothing is standardised, NaN stays."""

    def __init__(self, pred: np.ndarray) -> None:
        self.pred = pred if pred.ndim == 2 else pred[:, None]

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.pred[train], self.pred[test]


def rungs(examples: Examples, scoring: Scoring, folds: Folds) -> dict[str, Held]:
    """Every rung by name, in the order of the module's docstring, and `BEST`, chosen on training folds alone.

    Forms that are no reports about this model (`own_report`) are scored like the others and never chosen.
    """
    out: dict[str, Held] = {}
    others: dict[str, Held] = {}
    for name, heard in examples.heard.items():
        if heard.elicitation.rung != "logits":
            named = "said" if heard.elicitation == PRIMARY else name
            target = out if own_report(heard.elicitation, examples) else others
            target |= _spoken(heard, examples, scoring, folds, named)
    for name, pred in read_outs(examples).items():
        out |= _read_out(name, pred, scoring, folds)
    out[BEST] = choose(list(out.values()), list(out), folds.fold)
    return out | others


def own_report(elicitation: Elicitation, examples: Examples) -> bool:
    """Whether a form is a report about this model that the probe is compared with: not what a typical model would say,
    and not a property of a reply that stands in the prompt, which the model need only read off."""
    shown = elicitation.context == "after" and "property" in examples.frame and (examples.frame["property"] != "").any()
    return elicitation.framing == "you" and not shown


def _spoken(heard: ParsedReports, examples: Examples, scoring: Scoring, folds: Folds, name: str) -> dict[str, Held]:
    """A form's replies as they stand, and after the map fitted on training folds."""
    if heard.graded is not None:
        return _read_out(name, heard.graded, scoring, folds)
    said = said_scores(heard.value, examples)
    feature = heard.value if scoring.kind != "count" else said
    calibrate = (AFFINE, MONOTONE) if scoring.kind == "count" else (SHARES,)
    return {
        name: as_is(said, scoring, folds, name),
        f"{name} calibrated": cross_fit(Values(feature), scoring, folds, calibrate),
    }


def _read_out(name: str, pred: np.ndarray, scoring: Scoring, folds: Folds) -> dict[str, Held]:
    calibrate = (AFFINE, MONOTONE) if scoring.kind == "count" else (ISOTONIC,)
    return {
        name: as_is(pred, scoring, folds, name),
        f"{name} calibrated": cross_fit(Values(pred), scoring, folds, calibrate),
    }


def read_outs(examples: Examples) -> dict[str, np.ndarray]:
    """`logits`: the mean over the forms that ask the model about itself before the act, whatever their paraphrase,
    order or label words; forms that show examples or the act have read-outs of their own, `shots4/you/0 logits`."""
    out = {}
    plain = [
        h
        for h in examples.heard.values()
        if h.elicitation.framing == "you" and h.readouts and not h.elicitation.needs_act
    ]
    keys = {"expected": "logits", "median": "logits median", "odds": "logits"}
    for key, name in keys.items():
        held = [h.readouts[key] for h in plain if key in h.readouts]
        if held:
            out[name] = averaged(held, shares=examples.kind == "multiclass")
    for h in examples.heard.values():
        if own_report(h.elicitation, examples) and h.elicitation.needs_act:
            for key in ("expected", "odds"):
                if key in h.readouts:
                    out[f"{h.elicitation.name} logits"] = averaged(
                        [h.readouts[key]], shares=examples.kind == "multiclass"
                    )
    return out


def said_scores(said: np.ndarray, examples: Examples) -> np.ndarray:
    """Text replies as predictions: the number; ±1 for two classes (0: said another class); one column per class."""
    if examples.kind == "count":
        return said
    if examples.kind == "binary":
        return np.where(np.isnan(said), np.nan, np.select([said == 1, said == 0], [1.0, -1.0], 0.0))
    one_hot = (said[:, None] == np.arange(len(examples.classes))).astype(np.float64)
    one_hot[np.isnan(said)] = np.nan
    return one_hot


def fit_shares(x_train, y_train, x_test, *, n_classes: int, only: int | None = None) -> np.ndarray:
    """For each thing that was said, the class shares of the training items that said it, shrunk to the overall shares
    by one item each; log-odds for two classes."""
    answered = has_answer(x_train)
    base = (np.bincount(y_train.astype(int), minlength=n_classes) + 1) / (len(y_train) + n_classes)
    shares = np.full((len(x_test), n_classes), np.nan)
    shares[has_answer(x_test)] = base
    for said in np.unique(x_train[answered, 0]):
        seen = y_train[answered & (x_train[:, 0] == said)].astype(int)
        shares[x_test[:, 0] == said] = (np.bincount(seen, minlength=n_classes) + base) / (len(seen) + 1)
    return (logit(shares[:, 1]) if n_classes == 2 else shares)[None]


def fit_isotonic(x_train, y_train, x_test, *, n_classes: int, only: int | None = None) -> np.ndarray:
    """Isotonic regression of each class on its own read-out; two classes: of class 1 on the log-odds."""
    if n_classes == 2:
        share = _monotone(x_train[:, 0], (y_train == 1).astype(float), x_test[:, 0])
        return logit(np.clip(share, 1e-3, 1 - 1e-3))[None]
    columns = [_monotone(x_train[:, k], (y_train == k).astype(float), x_test[:, k]) for k in range(n_classes)]
    return np.stack(columns, axis=1)[None]


def fit_affine(
    x_train, y_train, x_test, *, n_classes: int = 0, only: int | None = None, within: bool = True
) -> np.ndarray:
    """The line a + b x with the least absolute error on the training items; `within` clips to the labels seen there."""
    x, new = x_train[:, 0], x_test[:, 0]
    answered = ~np.isnan(x)
    if answered.sum() < 3 or np.ptp(x[answered]) == 0:
        middle = np.median(y_train[answered]) if answered.sum() >= 3 else np.median(y_train)
        return np.where(np.isnan(new), np.nan, middle)[None]
    # A wild reply ("1000000") must not set the scale for the solver; the map is the same on the rest.
    low, high = np.quantile(x[answered], [0.01, 0.99])
    centre, scale = np.median(x[answered]), max(high - low, 1e-9)

    tame = (np.clip(x[answered], low - scale, high + scale) - centre) / scale
    line = QuantileRegressor(quantile=0.5, alpha=0.0, solver="highs").fit(tame[:, None], y_train[answered])
    out = np.full(len(new), np.nan)
    known = ~np.isnan(new)
    if known.any():
        out[known] = line.predict(((new[known] - centre) / scale)[:, None])
        out = np.clip(out, y_train.min(), y_train.max()) if within else out
    return out[None]


def fit_monotone(x_train, y_train, x_test, *, n_classes: int = 0, only: int | None = None) -> np.ndarray:
    """Isotonic regression of the count on what was said, within the labels seen in training."""
    return _monotone(x_train[:, 0], y_train, x_test[:, 0], low=y_train.min(), high=y_train.max())[None]


def _monotone(x: np.ndarray, y: np.ndarray, new: np.ndarray, *, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Isotonic map fitted on the answered training items, applied to `new`; NaN stays NaN."""
    answered, out = ~np.isnan(x), np.full(len(new), np.nan)
    known = ~np.isnan(new)
    if answered.sum() < 3 or np.ptp(x[answered]) == 0 or np.ptp(y[answered]) == 0:
        out[known] = y.mean()
        return out
    rho, p = spearmanr(x[answered], y[answered])
    rising = not (rho < 0 and p < TURN_P)
    model = IsotonicRegression(increasing=rising, out_of_bounds="clip", y_min=low, y_max=high)
    model.fit(x[answered], y[answered])
    if known.any():
        out[known] = model.predict(new[known])
    return out


SHARES = Family("shares", ("",), fit_shares)
MONOTONE = Family("isotonic", ("",), fit_monotone)
ISOTONIC = Family("isotonic", ("",), fit_isotonic)
AFFINE = Family("affine", ("",), fit_affine)
