"""What reports score that know nothing: permuted replies are at chance, and the commonest truth is always said."""

import numpy as np
import pytest

from tacit.probes.comparison.report_floors import commonest_elsewhere
from tacit.validation.pipeline import judged
from tacit.validation.worlds import along, flipped


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(4)
    y = np.where(rng.permutation(120) < 36, "yes", "no").tolist()
    said = [s if k % 10 else "well, well" for k, s in enumerate(flipped(y, 0.1, 4))]
    return judged(y, said=said, signal=along(y, 4, layers=(1,)), seed=4) | {"y": y, "said": said}


def test_permuted_replies_score_at_chance_and_the_report_above_their_quantile(found):
    said = next(r for r in found["rungs"] if r["rung"] == "said")
    assert said["permuted"] == pytest.approx(0.5, abs=0.02)
    # 36 against 84 items: the standard deviation of an AUROC at chance is below .06
    assert 0.5 < said["permuted_q975"] < 0.62 < said["score"]
    assert all({"permuted", "permuted_q975"} <= set(r) for r in found["rungs"])


def test_the_words_are_compared_with_the_commonest_truth_item_by_item(found):
    right = np.mean([s == y for s, y in zip(found["said"], found["y"], strict=True)])
    mode = found["against_mode"]
    assert mode["mode"] == ["no"] and mode["mode_right"] == pytest.approx(0.7)
    assert mode["report_right"] == pytest.approx(right)
    assert mode["report_minus_mode"] == pytest.approx(right - 0.7)
    assert mode["report_minus_mode_lower"] < right - 0.7 < mode["report_minus_mode_upper"]
    assert mode["compliance"] == pytest.approx(0.9)


def test_the_mode_is_that_of_the_other_folds():
    y, fold = np.array([0.0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 1, 1, 1])
    assert commonest_elsewhere(y, fold).tolist() == [1, 1, 1, 0, 0, 0, 0]
