"""A correlation is judged by its interval, and a sample of a decoupled table stays decoupled."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tacit.targets import SpanCount, position_correlations
from tacit.targets.counting.coupling import coupling
from tacit.targets.counting.padding import CHECKED_FROM
from tacit.targets.counting.sample import sample_decoupled


def test_the_interval_is_fishers():
    rng = np.random.default_rng(0)
    x = rng.normal(size=50)
    z = x + rng.normal(size=50)
    found = coupling("end", x, z)
    middle, half = np.arctanh(np.corrcoef(x, z)[0, 1]), stats.norm.ppf(0.975) / np.sqrt(47)
    np.testing.assert_allclose([found.lower, found.upper], np.tanh([middle - half, middle + half]))
    assert found.coupled


def test_unrelated_numbers_are_seldom_called_coupled_however_few_they_are():
    rng = np.random.default_rng(1)
    called = [coupling("end", rng.normal(size=60), rng.normal(size=60)) for _ in range(400)]
    assert np.mean([each.coupled for each in called]) < 0.05
    assert np.mean([abs(each.r) > 0.05 for each in called]) > 0.5


@pytest.mark.parametrize("n", [2, 3])
def test_three_items_show_nothing(n):
    assert not coupling("end", np.arange(n), np.arange(n) ** 2 + np.arange(n) % 2).coupled


def test_a_constant_reveals_nothing_and_an_unknown_position_is_called_so():
    assert coupling("end", [1, 2, 3, 4], [7, 7, 7, 7]).r == 0
    unknown = coupling("end", [1, 2, 3, 4], [7, np.nan, 7, 7])
    assert not unknown.known
    assert "unknown" in unknown.words
    assert coupling("end", np.arange(9), np.arange(9)).coupled


@pytest.mark.parametrize("n", [12, CHECKED_FROM - 1])
def test_even_a_handful_of_built_in_items_is_decoupled(n, toy):
    items = SpanCount().items(n, 3, count_tokens=toy)
    assert max(map(abs, position_correlations(items, toy).values())) < 0.06


def table_of(n, *, coupled):
    rng = np.random.default_rng(2)
    sizes = rng.integers(3, 20, n)
    starts = sizes if coupled else rng.integers(1, 17, n)
    words = lambda k: " ".join(["ab"] * k)  # noqa: E731
    return pd.DataFrame({
        "text": [f"x{i} {words(size)}" for i, size in enumerate(sizes)],
        "before": [words(start) for start in starts],
        "after": [words(40 - size - start) for size, start in zip(sizes, starts, strict=True)],
    })  # fmt: skip


def worst(rows):
    size, start = (rows[name].str.split().str.len() for name in ("text", "before"))
    return abs(np.corrcoef(size, start)[0, 1])


def test_rows_of_a_decoupled_table_are_drawn_until_they_are_decoupled_too():
    table = table_of(2000, coupled=False)
    samples = [sample_decoupled(table, 40, seed, lambda text: len(text.split())) for seed in range(5)]
    assert all(worst(rows) < 0.05 for rows in samples)
    again = sample_decoupled(table, 40, 4, lambda text: len(text.split()))
    assert again["item_id"].tolist() == samples[4]["item_id"].tolist()


def test_a_table_that_is_coupled_as_a_whole_is_not_made_to_look_decoupled():
    table = table_of(300, coupled=True)
    rows = sample_decoupled(table, 40, 0, lambda text: len(text.split()))
    assert worst(rows) > 0.9
