"""The position of the token that is read is a rival, a confound and a condition, at every site."""

import numpy as np
import pytest

from tacit.probes.controls.confounds import confounds_of
from tacit.probes.controls.read_positions import position_couplings, read_positions
from tacit.probes.controls.surface import prompt_lengths
from tacit.validation.pipeline import judged
from tacit.validation.worlds import WorldTarget
from tests.probes.settings import setting

COUNTS = WorldTarget(name="token_count", kind="count", classes=())
N = 120


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    sizes, starts = rng.integers(4, 30, N), rng.integers(2, 16, N)
    span = (starts, starts + sizes - 1)
    return sizes, span, setting([int(v) for v in sizes], layers=(1,), target=COUNTS, span=span, last=np.full(N, 50))


def test_the_end_of_the_span_is_read_at_its_end_and_its_extent_at_its_mean(world):
    sizes, (start, end), s = world
    frame = s.examples.frame
    assert set(read_positions(frame, ["object", "report:-3"])) == {"object_last", "report_last"}
    assert read_positions(frame, ["object:end"])["object_end"].tolist() == end.tolist()
    mean = read_positions(frame, ["report:mean"])
    assert [mean[k].tolist() for k in ("report_start", "report_end", "report_span_length")] == [
        start.tolist(), end.tolist(), sizes.tolist(),
    ]  # fmt: skip


def test_what_is_read_is_among_the_baselines_and_the_confounds(world):
    _, (_, end), s = world
    assert end.tolist() in prompt_lengths(s.examples, ["object:end"]).T.tolist()
    assert end.tolist() in confounds_of(s.examples, ["object:end"]).T.tolist()
    assert end.tolist() not in prompt_lengths(s.examples, ["object"]).T.tolist()


def test_runs_without_the_columns_have_the_object_prompts_end_from_the_spans_size(world):
    sizes, (_, end), s = world
    frame = s.examples.frame.drop(columns=["object_end", "report_end"]).assign(n_tokens=sizes)
    assert read_positions(frame, ["object:end"])["object_end"].tolist() == end.tolist()
    assert np.isnan(read_positions(frame, ["report:end"])["report_end"]).all()


def test_a_count_is_coupled_to_the_end_of_its_span_and_not_to_the_end_of_the_prompt(world):
    _, _, s = world
    coupled = {c.position: c.coupled for c in position_couplings(s.examples, ["object", "object:end"])}
    assert coupled == {"span_start": False, "object_last": False, "object_end": True}


def verdict_at(site, seed=1):
    """States that hold where the span starts and ends, as accurately as a position can be read; words that do not."""
    rng = np.random.default_rng(seed)
    sizes, starts = rng.integers(4, 30, N), rng.integers(2, 16, N)
    states = np.stack([starts, starts + sizes - 1], axis=1) * 3.0
    found = judged(
        [int(v) for v in sizes], said=[str(v) for v in rng.permutation(sizes)], target=COUNTS, seed=seed, sites=(site,),
        span=(starts, starts + sizes - 1), last=np.full(N, 60),
        signal=lambda _, layer: states if layer else None,
    )  # fmt: skip
    (condition,) = [c for c in found["conditions"] if c["id"] == "position_decoupled"]
    return found, condition


@pytest.mark.parametrize("site", ["object:end", "report:end", "object:mean"])
def test_a_count_read_within_its_span_is_no_gap(site):
    found, condition = verdict_at(site)
    assert found["verdict"] in ("INCONCLUSIVE", "SURFACE_ONLY")
    assert (condition["held"], found["level"].split(",")[0]) == (False, "D")
    assert "COUPLED" in condition["evidence"]


def test_the_same_states_at_the_last_token_are_a_gap():
    found, condition = verdict_at("object")
    assert (found["verdict"], condition["held"]) == ("GAP", True)
    assert "COUPLED" not in condition["evidence"]
