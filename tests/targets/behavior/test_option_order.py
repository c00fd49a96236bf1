"""The order of options is counted, and balanced where it is ours to balance."""

from dataclasses import replace

import pytest

from tacit.targets import Behavior
from tacit.targets.behavior.option_order import first_option, order_balance, rotations


@pytest.mark.parametrize("n", [80, 240, 601])
def test_built_in_choices_are_balanced_within_every_group(n):
    balance = order_balance(Behavior().items(n, 0))
    assert balance.n == n
    assert balance.worst_group <= 1
    assert abs(balance.matching_first - 0.5) < 0.05


def test_built_in_lists_show_every_thing_under_every_letter():
    items = Behavior("among:a,c").items(80, 0)
    for group in {item.group for item in items}:
        lists = [item.object_prompt for item in items if item.group == group]
        assert len({text.split("(A) ")[1].split("\n")[0] for text in lists}) == len(lists) == 4


def test_an_unbalanced_order_is_seen():
    items = [item for item in Behavior().items(80, 0) if item.source == "wait-first"]
    balance = order_balance(items)
    assert (balance.first, balance.matching_first) == ({"wait": len(items)}, 1.0)


def test_an_item_that_does_not_name_its_options_has_no_first_one():
    item = Behavior().items(1, 0)[0]
    assert first_option(replace(item, object_prompt="Which?")) is None
    assert first_option(replace(item, answers=())) is None
    assert first_option(replace(item, object_prompt="x\n(B) a\n(A) b", answers=("A", "B"))) == "B"


def test_no_items_have_no_balance():
    balance = order_balance([])
    assert (balance.n, balance.worst_group) == (0, 0) and balance.matching_first != balance.matching_first


def test_over_all_rotations_each_option_has_each_place_once():
    turned = rotations("abcd")
    assert all(sorted(place) == list("abcd") for place in zip(*turned, strict=True))
