"""The columns of the user's table as baselines."""

import numpy as np
import pandas as pd
import pytest

from tacit.probes.controls.metadata import metadata


def test_numbers_are_read_with_their_logarithm_and_what_is_missing():
    found = metadata(pd.DataFrame({"popularity": ["10", "1,000", "", "100"]}))["popularity"]
    assert found[:, 0].tolist() == [10, 1000, 100, 100]  # the median where nothing is given
    assert found[:, 1] == pytest.approx(np.log1p([10, 1000, 100, 100]))
    assert found[:, 2].tolist() == [0, 0, 1, 0]


def test_words_become_indicators_of_those_that_several_items_share():
    found = metadata(pd.DataFrame({"answer_type": ["person"] * 3 + ["place"] * 4 + ["date"]}))["answer_type"]
    assert found.shape == (8, 2)
    assert found.sum(axis=0).tolist() == [3, 4]
    assert found[-1].tolist() == [0, 0]


def test_the_tiers_of_made_up_entities_are_no_baseline():
    assert metadata(pd.DataFrame({"popularity": ["easy", "obscure", "invented"] * 4})) == {}


def test_columns_that_were_not_given_are_empty_or_absent():
    assert metadata(pd.DataFrame({"source": ["a"] * 4})) == {}
    blank = metadata(pd.DataFrame({"popularity": [""] * 4}))["popularity"]
    assert (blank == blank[0]).all()
