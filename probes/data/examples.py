"""Join what was cached with what it means: items, replies and a target become `Examples`.

In: a store, a target, a condition. Out: for every usable item its label, group, surface text and report, in one order.
Items without a usable label, or without a report reply at all, leave both arms here, before any split, and are counted.
Everything after this file works on arrays and knows neither prompts nor parsers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from tacit.errors import ProbeError
from tacit.probes.data.answers import Coding, answer
from tacit.probes.data.labels import OTHER, check_labels, groups_of, labels_of, surface_of
from tacit.probes.data.reports import ParsedReports, outcome_shares, parse_controls, parse_reports, tally
from tacit.targets.available_forms import words_its_question
from tacit.targets.base import CONTROL, NATURAL
from tacit.targets.elicitations import PRIMARY, Elicitation, parse
from tacit.targets.groups import components
from tacit.targets.readers.thoughts import thoughts_in


@dataclass(frozen=True)
class Examples:
    target: str
    condition: str
    kind: str
    """binary, multiclass or count"""
    classes: tuple[str, ...]
    """class names in the order of their indices, the positive one last when there are two; () for counts"""
    item_ids: tuple[str, ...]
    y: np.ndarray
    """(n_items,) float64, count or class index"""
    groups: np.ndarray
    """(n_items,) int64, connected components"""
    heard: dict[str, ParsedReports]
    """elicitation -> what was said in that form; `choice/you/0` is always there"""
    frame: pd.DataFrame = field(repr=False)
    """n_items rows: the store's item columns, and reply, thoughts, object_reply, report_name, surface; share_right and
    ranking where the model's samples and candidate answers were judged, nan elsewhere"""
    dropped: dict[str, int]
    """reason -> number of items that left both arms"""
    near_duplicates: int
    """pairs of near-duplicate texts, each put into one group"""
    folded: dict[str, int]
    """classes of too few items that are in "other" or left out -> their items (`Labels.folded`)"""
    store: object = field(repr=False)
    rows: np.ndarray = field(repr=False)
    """(n_items,) int64, positions of these items in the store's arrays"""

    @property
    def primary(self) -> ParsedReports:
        """The report at whose prompt the states are read."""
        return self.heard[PRIMARY.name]

    @property
    def report(self) -> np.ndarray:
        """(n_items,) float64, what the primary report says: see `ParsedReports.value`"""
        return self.primary.value

    @property
    def outcome(self) -> tuple[str, ...]:
        """answered, refused, unreadable or out of range: the primary report"""
        return self.primary.outcome

    @property
    def control(self) -> dict[str, list[int]]:
        """Planted answer -> [how often it came back, how often it was planted], of the primary form."""
        return tally(self.primary.control_planted, self.primary.control_right)

    @property
    def natural(self) -> dict[str, list[int]]:
        """The same of the natural control."""
        return tally(self.primary.natural_planted, self.primary.natural_right)

    def acts(self, site: str, layer: int) -> np.ndarray:
        """(n_items, d_model) float32, the residual stream there."""
        x = np.asarray(self.store.load(self.target, self.condition, site, layer))[self.rows]
        if not np.isfinite(x).all():
            bad = int((~np.isfinite(x)).any(axis=1).sum())
            raise ProbeError(
                f"{self.target}/{self.condition}: {bad} of {len(x)} activation rows at {site} layer {layer} are not"
                " finite. Cache again with DTYPE=float32."
            )
        return x


def make_examples(
    store, target, condition: str, items: Sequence | None = None, forms: Sequence[Elicitation] | None = None
) -> Examples:
    """Build the examples of one target under one condition.

    items: the target's `Item`s in the store's order; None rebuilds them from the store's item table.
    forms: the elicitations to be read; None reads all that were asked.
    Raises ProbeError, with the reason and what to do, where nothing can be probed: too few usable items, one class.
    """
    table = store.items
    table = table[table["target"] == target.name].reset_index(drop=True)
    items = _items(table) if items is None else list(items)
    told = Replies(store.replies, target.name, condition)
    labels = labels_of(
        target, items, table, told.object, reported=told.primary, absent=store.absent(target.name, condition)
    )
    kind, classes, y, rows, dropped = labels.kind, labels.classes, labels.y, labels.rows, labels.dropped
    check_labels(labels, f"{target.name}/{condition}", told.object)
    own = [items[r] for r in rows]
    coding = Coding(kind, classes, OTHER if OTHER in classes else "")
    heard = {
        elicitation.name: parse_reports(
            target,
            own,
            elicitation,
            told.reports[elicitation.name],
            told.controls.get(elicitation.name, {}),
            items,
            coding,
            largest=float(y.max()) if kind == "count" else np.inf,
            natural=told.natural.get(elicitation.name, {}),
        )
        for elicitation in (map(parse, told.reports) if forms is None else forms)
    }
    frame = _frame(table.iloc[rows].reset_index(drop=True), target, own, told, heard[PRIMARY.name])
    groups, pairs = groups_of(target, own, frame)
    return Examples(
        target=target.name, condition=condition, kind=kind, classes=classes, y=y, rows=rows, store=store, frame=frame,
        item_ids=tuple(i.item_id for i in own), dropped=dropped, heard=heard, near_duplicates=pairs, groups=groups,
        folded=labels.folded,
    )  # fmt: skip


def grouped_by(examples: Examples, column: str) -> Examples:
    """The same items with those that share a value of this column in one group too; "" leaves the groups as they are.

    Items without a value keep the groups they have.
    """
    if not column:
        return examples
    values = examples.frame[column].fillna("").astype(str).str.strip()
    keys = [
        (("group", group), *((("column", value),) if value else ()))
        for group, value in zip(examples.groups, values, strict=True)
    ]
    return replace(examples, groups=components(keys))


class Replies:
    """The replies of one target and condition, by kind of question."""

    def __init__(self, replies: pd.DataFrame, target: str, condition: str) -> None:
        """replies: of a store."""
        mine = replies[(replies["target"] == target) & (replies["condition"] == condition)]
        mine = mine.assign(text=mine["text"].astype(object).where(mine["text"].notna(), None))  # read back, None is nan
        greedy = mine[mine["sample"] == 0]
        self.object = _by_item(greedy[greedy["prompt"] == "object"])
        """item id -> greedy reply to the object prompt"""
        self.reports = _by_form(greedy[greedy["prompt"] == "report"])
        """elicitation -> item id -> reply"""
        self.controls = _by_form(greedy[greedy["prompt"] == CONTROL])
        self.natural = _by_form(greedy[greedy["prompt"] == NATURAL])
        drawn = mine[(mine["prompt"] == "object") & (mine["sample"] > 0)]
        self.samples = {item: list(texts) for item, texts in drawn.groupby("item_id", sort=False)["text"]}
        """item id -> replies drawn at temperature 1"""
        scored = mine[mine["prompt"] == "candidate"]
        self.candidates = {
            item: list(zip(rows["text"], (float(logp[0]) for logp in rows["logprobs"]), strict=True))
            for item, rows in scored.groupby("item_id", sort=False)
        }
        """item id -> (candidate answer, its log-probability after the object prompt)"""

    @property
    def primary(self) -> dict[str, dict]:
        """item id -> reply to the primary report prompt"""
        return self.reports.get(PRIMARY.name, {})


def _frame(table: pd.DataFrame, target, own: Sequence, told: Replies, primary: ParsedReports) -> pd.DataFrame:
    """The items' columns beside what was said and, where it was sampled, how often that was right; where the site
    `report` is read after thoughts, `report_last` is the position there."""
    texts = [told.primary[i.item_id]["text"] for i in own]
    if "report_last" in table:
        after = [told.primary[i.item_id].get("thoughts") for i in own]
        table = table.assign(report_last=table["report_last"] + [0 if _absent(some) else len(some) for some in after])
    return table.assign(
        reply=texts,
        thoughts=[thoughts_in(text) if isinstance(text, str) else "" for text in texts],
        object_reply=[told.object.get(i.item_id, {}).get("text") for i in own],
        report_name=list(primary.names),
        surface=[surface_of(i) for i in own],
        question=[i.report_prompt for i in own] if words_its_question(target, own) else "",
        share_right=[_judged(target, "share_right", i, told.samples) for i in own],
        ranking=[_judged(target, "ranking", i, told.candidates) for i in own],
    )


def _absent(tokens) -> bool:
    """Whether a reply has no such column, or none of its own in a table with others."""
    return tokens is None or isinstance(tokens, float)


def _judged(target, elicitation: str, item, of_item: dict) -> float:
    """What the target makes of an item's samples or candidates; nan where there are none."""
    return float(getattr(target, elicitation)(item, of_item[item.item_id])) if item.item_id in of_item else float("nan")


def report_facts(store, target, condition: str) -> dict[str, dict]:
    """What can be said of the reports alone, where the labels allow no comparison: coverage, and positive controls.

    Returns ``coverage``, outcome -> share of the replies, and ``control`` and ``natural`` (the two positive controls),
    answer -> [right, asked].
    """
    items = {item.item_id: item for item in items_of(store, target.name)}
    told = Replies(store.replies, target.name, condition)
    read = [answer(target, items[item_id], reply, PRIMARY).outcome for item_id, reply in told.primary.items()]
    found = {"coverage": outcome_shares(read)}
    for name, replies in (("control", told.controls), ("natural", told.natural)):
        right, planted = parse_controls(target, list(items.values()), replies.get(PRIMARY.name, {}), PRIMARY)
        found[name] = tally(planted, right)
    return found


def _items(table: pd.DataFrame) -> list:
    from tacit.targets import frame_to_items

    return list(frame_to_items(table))


def _by_item(replies: pd.DataFrame) -> dict[str, dict]:
    if replies["item_id"].duplicated().any():
        twice = replies.loc[replies["item_id"].duplicated(), "item_id"].iloc[0]
        raise ProbeError(f"item {twice} has two replies to one prompt. Run: make cache")
    return {row["item_id"]: row for row in replies.to_dict("records")}


def _by_form(replies: pd.DataFrame) -> dict[str, dict[str, dict]]:
    return {name: _by_item(rows) for name, rows in replies.groupby("elicitation", sort=False)}


def items_of(store, target: str) -> list:
    """The target's `Item`s, in the store's order."""
    table = store.items
    return _items(table[table["target"] == target].reset_index(drop=True))


def target_of(store, name: str, targets: Mapping[str, object] | None = None):
    """The target of this name: of `targets`, else the one that the store's items belong to."""
    if targets is not None and name in targets:
        return targets[name]
    from tacit.targets import get_target

    return get_target(name, items_of(store, name))


def positions(store, target: str, item_ids: Iterable[str]) -> np.ndarray:
    """(n_items,) int64, where these items stand among the target's in the store; ProbeError for an absent one."""
    table = store.items
    place = {item: row for row, item in enumerate(table.loc[table["target"] == target, "item_id"])}
    try:
        return np.array([place[item] for item in item_ids], dtype=np.int64)
    except KeyError as error:
        raise ProbeError(
            f"{target}: item {error} was probed and is not among the activations, which were cached again since. Run:"
            " tacit probe, with the same run"
        ) from None
