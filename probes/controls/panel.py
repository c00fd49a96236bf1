"""The control panel: everything that must be ruled out before "the model knows" may be said, on the probe's own folds.

In: `Examples`, yardstick, folds, the nested headline. Out: one `Baseline` per name, in the order in which they are
printed, those left out that this store holds nothing for. Of kind baseline are the rivals that the probe must beat; of
kind control, what it is checked by.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tacit.names import CONTROL_TASK, LOGIT_LENS, LOGIT_LENS_HERE, OUTPUT_CONFIDENCE, RANDOM_MODEL
from tacit.probes.controls.confounds import REGRESSED_OUT, regressed_out
from tacit.probes.controls.control_task import control_task, seen_control_task
from tacit.probes.controls.logit_lens import logit_lens
from tacit.probes.controls.output_confidence import gain_beyond, output_confidence, output_signals
from tacit.probes.controls.random_models import random_model
from tacit.probes.controls.surface import MEAN_EMBEDDINGS, Baseline, mean_embeddings
from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import Folds
from tacit.probes.estimators.nested_cv import Held, readings_by_fold
from tacit.probes.statistics.metrics import Scoring, value


def panel(
    examples: Examples,
    scoring: Scoring,
    folds: Folds,
    headline: Held,
    *,
    sites: Sequence[str],
    layers: Sequence[int],
    seed: int,
    before: Held | None = None,
    n_jobs: int = 1,
    p_true: np.ndarray | None = None,
) -> dict[str, Baseline]:
    """Name -> baseline or control; see the modules that these come from.

    before: the nested probe of the object prompt alone, which the logit lens follows; None is the headline.
    p_true: (n_items,) float64, log-odds that the model gives to its own reply being right, where it was asked.
    """
    ends = examples.store.lens_and_embeddings(examples.target, examples.condition)
    lens = logit_lens(ends, examples.rows, scoring, folds, before or headline, rival=_is_behaviour(examples))
    stores = examples.store.twins
    twins = random_model(examples, scoring, folds, stores, sites=sites, layers=layers, n_jobs=n_jobs)
    found = {
        MEAN_EMBEDDINGS: mean_embeddings(ends, examples.rows, scoring, folds),
        RANDOM_MODEL: twins and twins.baseline,
        LOGIT_LENS: lens and lens.best,
        LOGIT_LENS_HERE: lens and lens.same,
        CONTROL_TASK: _control_task(examples, scoring, folds, headline, seed),
        REGRESSED_OUT: regressed_out(examples, scoring, folds, headline),
    }
    signals = output_signals(examples, p_true)
    if signals is not None:
        found[OUTPUT_CONFIDENCE] = output_confidence(signals, scoring, folds)
        found |= gain_beyond(examples, scoring, folds, headline, signals)
    return {name: one for name, one in found.items() if one is not None}


def _is_behaviour(examples: Examples) -> bool:
    """Whether the label is a property of what the reply does, which its first token may give away."""
    return "property" in examples.frame and bool((examples.frame["property"].fillna("") != "").any())


def _control_task(examples: Examples, scoring: Scoring, folds: Folds, headline: Held, seed: int) -> Baseline:
    """The control task, with what the probe memorises where groups recur in training noted beside it."""
    held_out = control_task(examples, scoring, folds, headline, seed=seed)
    seen = seen_control_task(examples, scoring, folds, readings_by_fold(headline)[0], seed=seed)
    if seen is None:
        return held_out
    return replace(held_out, note=f"{value(scoring.primary, seen[0], seen[1].pred):.3f} where groups recur in training")
