"""Of forty replies to questions in the layout of PopQA, those that give an accepted answer are counted right."""

import csv
import json

import pytest

from tacit.targets import get_target, load_items, resolve_data

RIGHT = (
    "{answer}", "{answer}.", "It is {answer}.", "The capital is {answer}, I think.", "{alias}", "{lower}",
    '"{answer}"', "**{answer}**", "The capital of {subject} is {answer}.", "That would be {answer}!",
    "Answer: {answer}", "{answer}, of course", "I believe that it is {alias}.",
)  # fmt: skip
WRONG = (
    "{other}",
    "It is {other}.",
    "I do not know.",
    "",
    "{subject}",
    "The answer is a large city.",
    "It is not {answer}.",
)
"""Each of these twice makes forty: 26 right replies and 14 wrong ones."""
CAPITALS = ("France Paris", "Japan Tokyo", "Peru Lima", "Kenya Nairobi", "Norway Oslo", "Cuba Havana", "Egypt Cairo",
            "Togo Lomé", "Fiji Suva", "Iran Tehran")  # fmt: skip


def _own_rows(folder):
    """Forty rows of the layout, with the columns of the release that are read and one that is not."""
    path = folder / "rows.tsv"
    names = ["id", "subj", "prop", "obj", "s_uri", "s_pop", "question", "possible_answers"]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t")
        table.writerow(names)
        for i in range(40):
            subject, answer = CAPITALS[i % len(CAPITALS)].split()
            accepted = json.dumps([answer, f"{answer} City"])
            asked = f"What is the capital of {subject}, number {i}?"
            table.writerow([i, subject, "capital", answer, "http://example.org/s", 100 + i, asked, accepted])
    return str(path)


def _replies(items):
    """A reply to each of forty items, and whether it is right."""
    for i, (item, other) in enumerate(zip(items, [*items[1:], items[0]], strict=True)):
        text, right = (RIGHT[i % 13], True) if i < 26 else (WRONG[i % 7], False)
        answer = item.answers[0]
        words = {"answer": answer, "alias": item.answers[1], "lower": answer.lower(), "other": other.answers[0]}
        yield item, text.format(**words, subject=item.entity or item.surface.split()[-1].rstrip("?")), right


def _counted_right(path):
    assert resolve_data((path,), None).targets == ("knowledge",)
    items, _ = load_items("knowledge", path, n=1000, seed=0, count_tokens=len)
    target, judged = get_target("knowledge", items), [*_replies(items[:40])]
    wrong = [(reply, right) for item, reply, right in judged if (target.label(item, reply=reply) == "yes") != right]
    assert wrong == []
    return sum(target.label(item, reply=reply) == "yes" for item, reply, _ in judged)


def test_of_forty_replies_to_rows_of_the_layout_26_are_right(tmp_path):
    path = _own_rows(tmp_path)
    assert _counted_right(path) == 26
    items, ignored = load_items("knowledge", path, n=1000, seed=0, count_tokens=len)
    assert {(item.source, item.entity) for item in items} == {("capital", each.split()[0]) for each in CAPITALS}
    assert "s_uri" not in ignored


@pytest.mark.parametrize("name", ["rows.tsv", "renamed.csv", "aliases-as-json.csv"])
def test_the_same_replies_are_right_however_the_answers_are_written(shared, name):
    path = shared / "cases" / "B05-popqa-layout" / name
    if not path.is_file():
        pytest.skip(f"no {path}")
    assert _counted_right(str(path)) == 26
