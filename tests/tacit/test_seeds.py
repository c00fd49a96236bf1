"""Named streams: two draws share random numbers only if they share a name."""

import itertools

import numpy as np
import pytest

from tacit.seeds import STREAMS, stream


def test_streams_of_different_names_and_parts_differ():
    drawn = {name: stream(0, name).random(4).tolist() for name in STREAMS}
    assert all(a != b for a, b in itertools.combinations(drawn.values(), 2))
    assert stream(0, "few-shot examples", [1]).random() != stream(0, "few-shot examples", [2]).random()


def test_a_stream_is_the_same_each_time_and_another_for_another_seed():
    assert np.array_equal(stream(3, "bootstrap").random(9), stream(3, "bootstrap").random(9))
    assert stream(3, "bootstrap").random() != stream(4, "bootstrap").random()


def test_an_unknown_name_is_refused():
    with pytest.raises(KeyError):
        stream(0, "something")
