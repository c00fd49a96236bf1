"""The line about labels: their numbers, a rare one, a missing one, and counts."""

from tacit.probes.data.examples import items_of
from tacit.probes.label_counts import LabelCounts, count_labels
from tests.probes.worlds import WorldTarget, make_world


def counted(y, **world) -> LabelCounts:
    store, target = make_world(y, said=[str(v) for v in y], surface=[f"text {k}" for k in range(len(y))], **world)
    replies = store.replies[store.replies["prompt"] == "object"]  # no report was asked yet
    return count_labels(target, "plain", items_of(store, target.name), store.items, replies)


def line(y, **world) -> str:
    return counted(y, **world).line


def test_every_label_is_counted():
    assert line(["no"] * 30 + ["yes"] * 30) == "labels: 30 no, 30 yes"


def test_of_a_rare_label_it_says_how_many_items_a_verdict_would_need():
    told = line(["no"] * 55 + ["yes"] * 5)
    assert told.startswith('labels: 55 no, 5 yes; a verdict needs 10 independent groups of "yes", and there are 5')
    assert "about 120 items would do" in told


def test_a_single_label_is_one_class():
    found = counted(["no"] * 40)
    assert found.one_class and found.line.startswith("all 40 usable items have the same label, no")
    assert not counted(["no"] * 39 + ["yes"]).one_class


def test_items_too_few_to_be_probed_are_told_as_such_and_not_as_one_class():
    found = counted(["no"] * 5)
    assert not found.one_class and "5 usable items; at least 12 are needed" in found.line


def test_a_class_of_two_with_fewer_than_eight_items_is_named():
    assert "fewer than 8 items: yes" in line(["no"] * 55 + ["yes"] * 5)


def test_rare_classes_are_named_with_their_items_and_what_becomes_of_them():
    colours = WorldTarget(name="behavior", kind="categorical", classes=("red", "green", "blue", "pink", "grey"))
    many = ["red"] * 30 + ["green"] * 30
    folded = line([*many, *["blue"] * 5, *["pink"] * 4], target=colours)
    assert 'classes of fewer than 8 items are folded into "other": 5 blue, 4 pink' in folded
    assert "classes of fewer than 8 items are left out: 5 blue" in line([*many, *["blue"] * 5], target=colours)


def test_counts_have_a_range():
    counts = WorldTarget(name="token_count", kind="count", classes=())
    assert line(list(range(5, 45)), target=counts) == "40 counts from 5 to 44"
