"""The control panel: every control on the probe's own folds, those left out that nothing is held for."""

import numpy as np
import pytest

from tacit.names import CONTROL_TASK, LOGIT_LENS, LOGIT_LENS_HERE, OUTPUT_CONFIDENCE, RANDOM_MODEL
from tacit.probes.controls.confounds import REGRESSED_OUT
from tacit.probes.controls.output_confidence import ALONE, BEYOND
from tacit.probes.controls.panel import panel
from tacit.probes.controls.surface import MEAN_EMBEDDINGS, mean_embeddings
from tacit.probes.data.reading import Reading
from tests.probes.settings import setting
from tests.probes.worlds import along, coin, make_world

OPTIONS = {"sites": ("object", "report"), "layers": (1, 2, 3), "seed": 0}


def test_a_store_that_holds_nothing_more_still_gives_the_two_controls():
    y = coin(80)
    s = setting(y, signal=along(y, 3.0))
    found = panel(s.examples, s.scoring, s.folds, s.headline, **OPTIONS)
    assert {name: one.kind for name, one in found.items()} == {CONTROL_TASK: "control", REGRESSED_OUT: "control"}


def test_what_is_memorised_where_groups_recur_is_noted_beside_the_control_task():
    y = coin(120)
    s = setting(y, groups=np.repeat(np.arange(30), 4), signal=along(y, 3.0))
    found = panel(s.examples, s.scoring, s.folds, s.headline, **OPTIONS)[CONTROL_TASK]
    assert found.note.endswith("where groups recur in training") and 0 <= float(found.note.split()[0]) <= 1


def test_a_full_store_gives_all_of_them_with_a_prediction_for_every_item(monkeypatch):
    y = coin(120)
    s = setting(y, signal=along(y, 3.0))
    store = s.examples.store
    rng, right = np.random.default_rng(0), s.scoring.y.astype(int)
    ends = {
        "tokens": np.array([5, 6]),
        "first": 5 + right,
        **{f"lens/00{n}": rng.normal(size=(120, 2)) for n in range(4)},
    }
    ends |= {f"mean/{prompt}": rng.normal(size=(120, 4)) for prompt in ("object", "report")}
    monkeypatch.setattr(store, "lens_and_embeddings", lambda target, condition: ends)
    monkeypatch.setattr(store, "twins", (make_world(y, said=y, seed=9)[0],))
    s.examples.frame["property"] = "option"
    found = panel(s.examples, s.scoring, s.folds, s.headline, p_true=rng.normal(size=120), **OPTIONS)
    assert list(found) == [
        MEAN_EMBEDDINGS,
        RANDOM_MODEL,
        LOGIT_LENS,
        LOGIT_LENS_HERE,
        CONTROL_TASK,
        REGRESSED_OUT,
        OUTPUT_CONFIDENCE,
        ALONE,
        BEYOND,
    ]
    assert all(np.isfinite(one.held.pred).all() and len(one.held.pred) == 120 for one in found.values())
    rivals = [name for name, one in found.items() if one.kind == "baseline"]
    assert rivals == [MEAN_EMBEDDINGS, RANDOM_MODEL, LOGIT_LENS, OUTPUT_CONFIDENCE]


def test_the_prompt_whose_mean_embedding_tells_more_is_chosen_on_inner_folds():
    y = coin(160)
    s = setting(y, layers=(2,))
    rng = np.random.default_rng(0)
    report = rng.normal(size=(160, 6))
    report[:, 0] += 4 * s.scoring.y
    found = mean_embeddings(
        {"mean/object": rng.normal(size=(160, 6)), "mean/report": report}, np.arange(160), s.scoring, s.folds
    )
    assert found.held.usual == Reading("report", 0) and s.score(found.held) > 0.95
    assert mean_embeddings({}, np.arange(160), s.scoring, s.folds) is None


def test_rows_pick_the_kept_items_out_of_the_store():
    y = coin(120)
    s = setting(y, layers=(2,))
    rows = np.random.default_rng(1).permutation(300)[:120]
    whole = np.zeros((300, 2))
    whole[rows, 0] = s.scoring.y
    assert s.score(mean_embeddings({"mean/object": whole}, rows, s.scoring, s.folds).held) == pytest.approx(1.0)
