"""Many labellings at once score as each does alone."""

import numpy as np
import pytest

from tacit.probes.statistics.many_labellings import auroc_of_labellings
from tacit.probes.statistics.metrics import Scoring, measure


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_every_labelling_scores_as_it_does_alone(kind):
    rng, n, classes = np.random.default_rng(1), 60, {"binary": 2, "multiclass": 4}[kind]
    fold = np.arange(n) % 5
    pred = rng.integers(6, size=n if kind == "binary" else (n, classes)) / 3 - 1.0  # with ties
    pred[rng.random(n) < 0.2] = np.nan
    labels = np.stack([rng.permutation(np.arange(n) % classes) for _ in range(7)], axis=1).astype(float)
    together = auroc_of_labellings(Scoring.of(kind, labels[:, 0], fold, classes), pred, labels)
    alone = [
        measure("auroc" if kind == "binary" else "macro_auroc", Scoring.of(kind, y, fold, classes), pred)[0]
        for y in labels.T
    ]
    np.testing.assert_allclose(together, alone, rtol=1e-6)
