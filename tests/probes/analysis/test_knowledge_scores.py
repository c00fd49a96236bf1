"""The share of right samples as a label: a probe is trained on it and scored by rank and by Brier score."""

import numpy as np

from tacit.probes.analysis.analyse import analyse
from tacit.probes.analysis.knowledge_scores import SOFT, knowledge_rows
from tacit.probes.data.examples import make_examples
from tacit.probes.statistics.bootstrap import resample
from tests.probes.worlds import coin, make_world


def rows_of(share: np.ndarray) -> list[dict]:
    n = len(share)
    y = np.where(np.nan_to_num(share, nan=np.arange(n) % 2) > 0.5, "yes", "no").tolist()
    signal = 8 * np.nan_to_num(share)[:, None]
    store, target = make_world(y, said=coin(n), n_layers=3, d_model=4,
                               signal=lambda site, layer: signal if layer else None)  # fmt: skip
    examples = make_examples(store, target, "plain")
    examples.frame["share_right"] = share
    found = analyse(examples, sites=("object",), layers=(0, 1, 2), n_layers=3, seed=0, n_jobs=1, n_permutations=0,
                    n_repeats=0)  # fmt: skip
    weights = resample(found.examples.groups, fold=found.folds.fold, n_resamples=50, rng=np.random.default_rng(0))
    return knowledge_rows(found, weights)


def test_a_probe_of_the_share_ranks_it_and_is_better_calibrated_than_a_constant():
    share = np.random.default_rng(3).integers(11, size=120) / 10
    rows = {(r["method"], r["metric"]): r for r in rows_of(share)}
    assert rows[SOFT, "spearman_share_right"]["value"] > 0.8
    brier = rows[SOFT, "brier_share_right"]
    assert brier["value"] < 0.5 * share.var() and brier["lower"] < brier["value"] < brier["upper"]
    assert brier["value"] < rows["nested", "brier_share_right"]["value"], "its own label is the greedy answer"


def test_without_samples_there_is_no_such_probe():
    assert not any(r["method"] == SOFT for r in rows_of(np.full(120, np.nan)))
