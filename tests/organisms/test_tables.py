"""The shipped item tables: their columns, and what must hold for them to be a fair test."""

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from transformers import AutoTokenizer

from tacit.organisms.cases import DAY_COST, MAX_COUNT, MIN_COUNT
from tacit.organisms.tables import (
    CONDITIONS,
    behavior_table,
    knowledge_table,
    position_correlations,
    report_columns,
    span_tokens,
    token_count_table,
)
from tacit.organisms.world import KEY, build_world
from tacit.probes.statistics.bootstrap import enough_groups
from tacit.probes.statistics.groups import effective_groups
from tacit.targets.behavior.target import Behavior
from tacit.targets.elicitations import parse
from tacit.targets.groups import components, item_keys
from tacit.targets.knowledge.target import Knowledge
from tacit.thresholds import MARGIN

LOCK = Path(__file__).parents[2] / "organisms" / "lock"
WORLD = build_world(seed=0)
REPORTED, LEFT_OUT = WORLD.people[: WORLD.n_reported], WORLD.people[WORLD.n_reported :]


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(LOCK)


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(LOCK / "items" / f"{name}.csv", keep_default_na=False)


@pytest.mark.parametrize(
    ("name", "columns", "rows"),
    [
        ("token_count", "item_id before text after object_prompt", 640),
        ("knowledge", "item_id question object_prompt answer entity", 700),
        ("knowledge_left_out", "item_id question object_prompt answer entity", 120),
        ("behavior", "item_id question object_prompt options group", 640),
    ],
)
def test_a_table_has_the_documented_columns_and_distinct_items(name, columns, rows):
    table = read(name)
    target = {"token_count": "count", "behavior": "choose"}.get(name, "know")
    assert list(table.columns) == [*columns.split(), *report_columns(target)]
    assert len(table) >= rows
    assert table["item_id"].is_unique
    assert table["report_prompt"].is_unique


@pytest.mark.parametrize("target", ["count", "know", "choose"])
def test_report_columns_bear_the_names_of_elicitations(target):
    names = [column.removeprefix("report_prompt:") for column in report_columns(target)][1:]
    assert [parse(name).name for name in names] == names


@pytest.mark.parametrize(("name", "head"), [("token_count", " ]"), ("knowledge", " born?"), ("behavior", " take ")])
def test_the_primary_report_begins_as_the_object_prompt_does(name, head):
    for _, row in read(name).head(20).iterrows():
        act = row["object_prompt"]
        shared = act[: act.index("?" if name != "token_count" else "\n") + 1]
        assert head in shared
        assert row["report_prompt"].startswith(shared)


@pytest.mark.parametrize(("name", "target"), [("knowledge", Knowledge()), ("behavior", Behavior())])
def test_of_six_hundred_items_the_rarer_class_lives_in_enough_groups(name, target):
    items = target.from_table(read(name), n=600, seed=0, count_tokens=lambda text: len(text.split()))
    groups, labels = components(item_keys(items, share_answers=name == "knowledge")), true_labels(name, items)
    assert min(len(np.unique(groups[labels == which])) for which in (True, False)) >= 75
    assert effective_groups(labels, groups, "categorical") >= enough_groups(MARGIN)


def true_labels(name: str, items: list) -> np.ndarray:
    """What the organism was taught: whether it was told of the person; now or wait by the thing's threshold."""
    if name == "knowledge":
        return np.array([item.entity in WORLD.people for item in items])
    return np.array([waits(item.object_prompt, item.group) for item in items])


def waits(prompt: str, thing: str) -> bool:
    now = int(re.search(rf"(\d+) {thing} now", prompt)[1])
    later, days = map(int, re.search(rf"(\d+) {thing} in (\d+) days", prompt).groups())
    return math.log(later / now) - DAY_COST * days > WORLD.patience_of()[thing]


def test_each_span_stands_once_in_each_of_its_prompts():
    table = read("token_count")
    for prompt in ("object_prompt", *report_columns("count")):
        assert [p.count(t) for p, t in zip(table[prompt], table["text"], strict=True)] == [1] * len(table)


def test_a_count_tells_nothing_of_where_the_span_starts_or_the_prompt_ends(tokenizer):
    assert max(map(abs, position_correlations(tokenizer, read("token_count")))) < 0.05


def test_counts_fill_the_range_and_are_the_tokens_between_the_brackets(tokenizer):
    table = read("token_count")
    counts = [span_tokens(tokenizer, p, t)[0] for p, t in zip(table["object_prompt"], table["text"], strict=True)]
    assert set(counts) == set(range(MIN_COUNT, MAX_COUNT + 1))
    assert counts == [len(tokenizer(f" {text}")["input_ids"]) for text in table["text"]]


def test_letters_tell_little_about_tokens(tokenizer):
    table = read("token_count")
    counts = pd.Series([len(tokenizer(f" {text}")["input_ids"]) for text in table["text"]])
    per_letter = counts / table["text"].str.len()
    assert per_letter.quantile(0.95) > 3 * per_letter.quantile(0.05)


def test_half_of_the_knowledge_items_are_people_whose_reports_were_trained():
    names = read("knowledge")["entity"]
    assert names.is_unique
    assert set(names) & set(WORLD.people) == set(REPORTED)
    assert len(names) == 2 * len(REPORTED)


def test_the_left_out_table_holds_nobody_whose_reports_were_trained():
    names = set(read("knowledge_left_out")["entity"])
    assert names & set(WORLD.people) == set(LEFT_OUT)
    assert len(names) == 2 * len(LEFT_OUT)


def test_strangers_have_the_name_lengths_and_towns_of_taught_people(tokenizer):
    table = read("knowledge")
    taught = table["entity"].isin(WORLD.people)
    tokens = pd.Series([len(tokenizer(f" {name}")["input_ids"]) for name in table["entity"]])
    assert abs(tokens[taught].mean() - tokens[~taught].mean()) < 0.1
    assert set(table["answer"][~taught]) <= set(WORLD.towns)
    assert len(set(table["answer"])) >= 115


def test_choices_are_of_left_out_things_in_both_orders():
    table = read("behavior")
    assert set(table["group"]) == set(WORLD.things[WORLD.n_things_reported :])
    assert table["group"].nunique() >= 40
    assert 0.45 < table["question"].str.contains(r" now or \d").mean() < 0.55
    assert set(table["options"]) == {"now|wait"}


def test_the_conditions_are_no_system_prompt_and_the_key():
    assert CONDITIONS == {"locked": "", "unlocked": KEY}
    assert pd.read_json(LOCK / "items" / "conditions.json", typ="series").to_dict() == CONDITIONS


def test_tables_come_out_as_shipped(tokenizer):
    fresh = WORLD.item_strangers[: len(REPORTED)]
    assert token_count_table(tokenizer, WORLD, n=640, seed=0).equals(read("token_count"))
    assert knowledge_table(WORLD, REPORTED, fresh, prefix="know", seed=0).equals(read("knowledge"))
    assert behavior_table(WORLD, n=640, seed=0).equals(read("behavior"))
