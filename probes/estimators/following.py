"""Probe again where the headline looked: in every outer fold at the site and layer that its inner folds chose.

In: the nested headline, and a way to cross-fit one reading. Out: one `Held`. A control that was given another layer
than the probe, or one layer for all folds, would not be a control of that probe.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from tacit.probes.data.folds import Folds
from tacit.probes.estimators.families import Family
from tacit.probes.estimators.nested_cv import Held

Key = tuple[str, int]


def readings(headline: Held) -> tuple[Key, ...]:
    """(site, layer) that each outer fold's inner folds chose, from names such as "object 4"."""
    return tuple((site, int(layer)) for site, layer in (name.rsplit(" ", 1) for name in headline.chosen))


def follow(headline: Held, folds: Folds, fit: Callable[[str, int], Held]) -> Held:
    """Held-out predictions whose fold i comes from `fit` at the reading of fold i; each reading is fitted once."""
    fit, pred = cache(fit), None
    inner, chosen = np.full(folds.n_folds, -np.inf), []
    for i, (site, layer) in enumerate(readings(headline)):
        held = fit(site, layer)
        pred = np.array(held.pred, copy=True) if pred is None else pred
        pred[folds.fold == i] = held.pred[folds.fold == i]
        inner[i] = held.inner[i]
        chosen.append(f"{site} {layer}")
    return Held(pred, inner, tuple(chosen))


def candidate(probes: Sequence[Family], name: str) -> tuple[Family, int]:
    """The family, and the position in it, of a choice such as "logistic C=0.1"."""
    return next(
        (f, k) for f in probes for k, one in enumerate(f.candidates) if f"{f.name} {one}".strip() == name.strip()
    )
