"""The line about labels: their numbers, a rare one, a missing one, and counts."""

from tacit.probes.label_counts import label_line
from tests.probes.worlds import WorldTarget, make_world


def line(y, **world) -> str:
    store, target = make_world(y, said=[str(v) for v in y], surface=[f"text {k}" for k in range(len(y))], **world)
    return label_line(store, target, "plain", None)


def test_every_label_is_counted():
    assert line(["no"] * 30 + ["yes"] * 30) == "labels: 30 no, 30 yes"


def test_of_a_rare_label_it_says_how_many_items_a_verdict_would_need():
    told = line(["no"] * 55 + ["yes"] * 5)
    assert told.startswith('labels: 55 no, 5 yes; a verdict needs 10 independent groups of "yes", and there are 5')
    assert "about 120 items would do" in told


def test_a_single_label_is_told_with_what_to_do():
    told = line(["no"] * 40)
    assert "all 40 usable items have the same label, no" in told
    assert told.endswith("An interruption now keeps what was cached.")


def test_counts_have_a_range():
    counts = WorldTarget(name="token_count", kind="count", classes=())
    assert line(list(range(5, 45)), target=counts) == "40 counts from 5 to 44"
