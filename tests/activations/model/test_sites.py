"""Sites and layers as they are typed."""

from __future__ import annotations

import pytest

from tacit.activations.model.prompts import Prompt
from tacit.activations.model.sites import parse_layers, parse_site, sites_of, token_range
from tacit.errors import ActivationError

PROMPT = Prompt("text", tuple(range(10)), (3, 6))


@pytest.mark.parametrize(
    ("name", "tokens"), [("object", (9, 10)), ("object:end", (5, 6)), ("object:mean", (3, 6)), ("object:-3", (7, 8))]
)
def test_a_site_is_a_range_of_tokens(name, tokens):
    assert token_range(parse_site(name), PROMPT) == tokens


@pytest.mark.parametrize("name", ["", "subject", "object:3", "object:-0", "report:start"])
def test_an_unknown_site_says_what_to_type(name):
    with pytest.raises(ActivationError, match="--sites object,report:-3"):
        parse_site(name)


def test_a_position_before_the_prompt_is_an_error():
    with pytest.raises(ActivationError, match="has only 10 tokens"):
        token_range(parse_site("object:-11"), PROMPT)


@pytest.mark.parametrize(
    ("text", "layers"), [("all", (0, 1, 2, 3, 4, 5)), ("every:4", (0, 4)), ("5,0", (0, 5)), ("1-3,5", (1, 2, 3, 5))]
)
def test_layers_are_read_as_typed(text, layers):
    assert parse_layers(text, 6) == layers


@pytest.mark.parametrize("text", ["", "0-6", "six", "every:0", "3-1"])
def test_layers_that_are_not_there_say_what_to_type(text):
    with pytest.raises(ActivationError, match="--layers"):
        parse_layers(text, 6)


def test_a_site_without_a_span_is_left_out_where_nothing_is_marked():
    assert [site.name for site in sites_of(("object", "object:mean"), marked=False)] == ["object"]
    assert parse_site("report:-4").where == "-4"
