"""A world made into examples, scoring, folds and a headline: what every control is given."""

from dataclasses import dataclass

import numpy as np

from tacit.probes.data.examples import Examples, make_examples
from tacit.probes.data.folds import Folds, make_folds
from tacit.probes.estimators.layer_sweep import Sweep, sweep
from tacit.probes.estimators.nested_cv import Held
from tacit.probes.statistics.metrics import Scoring, training_median, value
from tests.probes.worlds import make_world


@dataclass(frozen=True)
class Setting:
    examples: Examples
    scoring: Scoring
    folds: Folds
    found: Sweep
    headline: Held

    def score(self, held: Held, y: np.ndarray | None = None) -> float:
        scoring = (
            self.scoring if y is None else Scoring(self.scoring.kind, y, self.scoring.fold, self.scoring.n_classes)
        )
        return value(scoring.primary, scoring, held.pred)


def setting(y, *, layers=(1, 2, 3), sites=("object", "report"), **world) -> Setting:
    """The world with these labels, swept."""
    store, target = make_world(y, said=[str(v) for v in y], **world)
    examples = make_examples(store, target, "plain")
    folds = make_folds(examples.y, examples.groups, kind=examples.kind, seed=0)
    reference = training_median(examples.y, folds.fold) if examples.kind == "count" else None
    scoring = Scoring(examples.kind, examples.y, folds.fold, len(examples.classes), reference)
    found = sweep(examples.acts, scoring, folds, sites=sites, layers=layers, n_jobs=1)
    return Setting(examples, scoring, folds, found, found.nested(folds.fold, layers=layers))
