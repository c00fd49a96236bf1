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
- ``said calibrated by source``, ``logits calibrated by source``: a map with an offset for every source, where there are
  several: a report may be right within each relation and shifted between them.
- ``kind of reply``, of every form in which it tells more than the answers (``free/you/0 kind of reply``), and
  ``logits and kind of reply``: what refusals, unreadable texts and wordings reveal to someone who has seen labels.

The maps may turn a report around where the training items say so clearly (a consistent liar has said it). Only those of
the kind of reply answer for the model where it did not.
"""

import numpy as np

from tacit.names import BEST
from tacit.probes.analysis.by_category import FILLED, OFFSETS, POOLED_MAP, Beside, Categorised
from tacit.probes.analysis.maps import AFFINE, ISOTONIC, MONOTONE, SHARES
from tacit.probes.analysis.reply_kinds import reply_kinds, tells_more
from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import Folds
from tacit.probes.data.read_outs import averaged
from tacit.probes.data.reports import ParsedReports
from tacit.probes.data.rung_names import BY_SOURCE, KIND
from tacit.probes.data.sources import enough_sources
from tacit.probes.estimators.nested_cv import Held, as_is, choose, cross_fit
from tacit.probes.statistics.metrics import Scoring
from tacit.targets.elicitations import PRIMARY, Elicitation

PLAIN = "logits"
"""The report from log-probabilities of the plain forms."""
LEAST_SHARE = 1e-6
"""Shares of classes are kept above this before their logarithm is taken."""


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
    readouts = read_outs(examples)
    for name, pred in readouts.items():
        out |= _read_out(name, pred, scoring, folds)
    out |= _by_category(readouts.get("logits"), examples, scoring, folds)
    out[BEST] = choose(list(out.values()), list(out), folds.fold)
    return out | others


def own_report(elicitation: Elicitation, examples: Examples) -> bool:
    """Whether a form is a report about this model that the probe is compared with: not what a typical model would say,
    and not a property of a reply that stands in the prompt, which the model need only read off."""
    shown = elicitation.context == "after" and "property" in examples.frame and (examples.frame["property"] != "").any()
    return elicitation.framing == "you" and not shown


def _spoken(heard: ParsedReports, examples: Examples, scoring: Scoring, folds: Folds, name: str) -> dict[str, Held]:
    """A form's replies as they stand, after the map fitted on training folds, and their kinds."""
    kinds, form = reply_kinds(heard, examples), "" if name == "said" else f"{name} "
    more = {f"{form}{KIND}": kinds} if tells_more(kinds, heard.value) else {}
    if heard.graded is not None:
        by_kind = {n: _pooled(heard.graded, k, scoring, folds, fill=True) for n, k in more.items()}
        return _read_out(name, heard.graded, scoring, folds) | by_kind
    said = said_scores(heard.value, examples)
    feature = heard.value if scoring.kind != "count" else said
    calibrate = (AFFINE, MONOTONE) if scoring.kind == "count" else (SHARES,)
    return {
        name: as_is(said, scoring, folds, name),
        f"{name} calibrated": cross_fit(Values(feature), scoring, folds, calibrate),
    } | {n: _of_kinds(said, k, scoring, folds) for n, k in more.items()}


def _of_kinds(said: np.ndarray, kinds: np.ndarray, scoring: Scoring, folds: Folds) -> Held:
    """Classes: the class shares of each kind in training. Counts: the line, and the median of each silent kind."""
    if scoring.kind == "count":
        return cross_fit(Beside(said, kinds), scoring, folds, (FILLED,))
    return cross_fit(Values(kinds.astype(np.float64)), scoring, folds, (SHARES,))


def _by_category(logits: np.ndarray | None, examples: Examples, scoring: Scoring, folds: Folds) -> dict[str, Held]:
    """The primary words and the log-probabilities by source, and the latter by the kind of the primary reply."""
    said, out = said_scores(examples.report, examples), {}
    if logits is not None and scoring.kind == "multiclass":
        logits = np.log(np.clip(logits, LEAST_SHARE, 1.0))  # shares shift by factors, their logarithms by offsets
    source = examples.frame["source"].to_numpy(dtype=str)
    if enough_sources(source):
        codes = np.unique(source, return_inverse=True)[1]
        for name, pred in (("said", said), ("logits", logits)):
            if pred is not None:
                out[f"{name}{BY_SOURCE}"] = _pooled(pred, codes, scoring, folds, fill=False)
    kinds = reply_kinds(examples.primary, examples)
    if logits is not None and tells_more(kinds, examples.report):
        out[f"logits and {KIND}"] = _pooled(logits, kinds, scoring, folds, fill=True)
    return out


def _pooled(pred: np.ndarray, category: np.ndarray, scoring: Scoring, folds: Folds, *, fill: bool) -> Held:
    """A read-out mapped with an offset for each category; fill: items without a read-out get that of their category."""
    if scoring.kind == "count":
        return cross_fit(Beside(pred, category), scoring, folds, (FILLED if fill else OFFSETS,))
    return cross_fit(Categorised(pred, category, fill), scoring, folds, (POOLED_MAP,))


def _read_out(name: str, pred: np.ndarray, scoring: Scoring, folds: Folds) -> dict[str, Held]:
    calibrate = (AFFINE, MONOTONE) if scoring.kind == "count" else (ISOTONIC,)
    return {
        name: as_is(pred, scoring, folds, name),
        f"{name} calibrated": cross_fit(Values(pred), scoring, folds, calibrate),
    }


def read_outs(examples: Examples) -> dict[str, np.ndarray]:
    """Reports from log-probabilities by the name of their rung: of classes the log-odds or shares; of counts the
    expected value and the median."""
    names = {"expected": PLAIN, "median": f"{PLAIN} median", "odds": PLAIN}
    by_form = {key: read_by_form(examples, key) for key in names}
    plain = {names[key]: _mean(forms.pop(PLAIN), key, examples) for key, forms in by_form.items() if PLAIN in forms}
    apart = {name: _mean(forms, key, examples) for key in ("expected", "odds") for name, forms in by_form[key].items()}
    return plain | apart


def _mean(forms: list[ParsedReports], key: str, examples: Examples) -> np.ndarray:
    return averaged([form.readouts[key] for form in forms], shares=examples.kind == "multiclass")


def read_by_form(examples: Examples, key: str) -> dict[str, list[ParsedReports]]:
    """The forms whose log-probabilities are averaged into one report, by its name; key: one of `readouts`.

    `logits`: the forms that ask the model about itself before the act, whatever their paraphrase, order or label words;
    forms that show examples or the act, or begin the reply, stand alone: `shots4/you/0 logits`.
    """
    found: dict[str, list[ParsedReports]] = {}
    for form in (form for form in examples.heard.values() if key in form.readouts):
        if _apart(form) and own_report(form.elicitation, examples):
            found[f"{form.elicitation.name} {PLAIN}"] = [form]
        elif not _apart(form) and form.elicitation.framing == "you":
            found.setdefault(PLAIN, []).append(form)
    return found


def _apart(heard: ParsedReports) -> bool:
    """Whether a form shows examples or the act, or begins the reply."""
    return bool(heard.elicitation.needs_act or heard.elicitation.opening)


def said_scores(said: np.ndarray, examples: Examples) -> np.ndarray:
    """Text replies as predictions: the number; ±1 for two classes (0: said another class); one column per class."""
    if examples.kind == "count":
        return said
    if examples.kind == "binary":
        return np.where(np.isnan(said), np.nan, np.select([said == 1, said == 0], [1.0, -1.0], 0.0))
    one_hot = (said[:, None] == np.arange(len(examples.classes))).astype(np.float64)
    one_hot[np.isnan(said)] = np.nan
    return one_hot
