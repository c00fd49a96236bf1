"""The verb `plan`: settings → what `cache` would ask, compute and write, and how long that takes on several machines.

In: a run's settings. Out: an `Estimate`. Only the config and the tokenizer of the model are read, and nothing is
written. Prompts that depend on the model's replies are made up (`follow_ups.py`), and the lengths of replies assumed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import torch
from nnsight.modeling.quantization import QUANTIZATIONS

from tacit.activations.cost.cards import CARDS
from tacit.activations.cost.count import Counts, Passes, asked_of, count_unit, expected_thoughts
from tacit.activations.cost.follow_ups import expected_follow_ups
from tacit.activations.cost.machines import Load, Machine, machine_of, n_needed, this_machine
from tacit.activations.cost.weights import Weights, weights_of
from tacit.activations.model.load import dtype_name, pick_device
from tacit.activations.model.sites import parse_layers
from tacit.activations.plan import ACTS, Entry
from tacit.activations.planning.run_plan import RunPlan
from tacit.activations.random_models import twin_entry
from tacit.activations.templates.thinking import thinking_of
from tacit.activations.trees.ask import Part
from tacit.activations.trees.shared_acts import keys_of, left_to_ask, turns
from tacit.activations.work import CPU_TOKENS, GPU_TOKENS, units_of
from tacit.settings import Settings

COUNTED = 200_000
"""Tokens of prompts that are put into trees here; of a larger run, evenly spaced units stand for the others."""
FILE_BYTES, ROW_BYTES, TOKEN_BYTES, ANSWER_BYTES = 11_000, 40, 6, 18
"""Bytes on disk of a shard's empty table of replies, of a row, of each token that it says, and of each answer's
log-probability; all rows are there twice, since a table of the whole run has them again."""
NAMES = {ACTS: "act", "states": "states and first report"}
"""Part of the store -> its name in the table; other parts have the names of their elicitations."""
TWIN = "random-initialised models"
CARD_BYTES = 2.0
"""Bytes of a weight on a card, where the weights are not quantized."""


@dataclass(frozen=True)
class Row:
    """One form of asking, of one target under one condition."""

    target: str
    condition: str
    form: str
    counts: Counts
    flops: float
    state_bytes: float
    reply_bytes: float
    made_up: bool
    """Whether its prompts depend on replies and were made up."""


@dataclass(frozen=True)
class Place:
    """A machine, and how long the run takes on it."""

    machine: Machine
    devices: int
    """How many of it the weights need."""
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """What a run is expected to cost."""

    model: str
    dtype: str
    weights: Weights
    bytes_a_weight: float
    rows: tuple[Row, ...]
    places: tuple[Place, ...]
    """This machine first, then the cards of `cards.py`."""

    def plain(self) -> dict:
        """Everything in JSON's types: tokens, FLOPs, bytes, seconds, GPU-hours (nan where the machine is no GPU)."""
        rows = [
            {
                "target": row.target, "condition": row.condition, "form": row.form, "estimated": row.made_up,
                "prompts": round(row.counts.prompts), "asked": round(row.counts.asked), "tree": round(row.counts.tree),
                "written": round(row.counts.written), "flops": row.flops, "state_bytes": round(row.state_bytes),
                "reply_bytes": round(row.reply_bytes),
            }
            for row in self.rows
        ]  # fmt: skip
        places = [
            {
                "machine": place.machine.name, "memory_bytes": place.machine.memory, "devices": place.devices,
                "seconds": place.seconds,
                "gpu_hours": place.devices * place.seconds / 3600 if place.machine.is_gpu else math.nan,
                "flops_per_second": place.machine.rate, "bytes_per_second": place.machine.bandwidth,
            }
            for place in self.places
        ]  # fmt: skip
        model = {"id": self.model, "dtype": self.dtype, "bytes_a_weight": self.bytes_a_weight, **asdict(self.weights)}
        return {"model": model, "rows": rows, "machines": places}


def estimate_run(settings: Settings, say: Callable[[str], None]) -> Estimate:
    """What caching a run would cost, all of it, whatever is cached already.

    Raises ActivationError and TargetError as `cache` does, and where the weights cannot be counted from the config.
    """
    plan = RunPlan(settings, say, fingerprinted=False)
    weights, settings = weights_of(plan.config, settings.model), plan.settings
    name = dtype_name(settings, plan.config)
    quantized = QUANTIZATIONS.get(name)
    dtype = getattr(torch, quantized.compute_dtype if quantized else name)
    counter = _Counter(plan, weights, dtype)
    whole = counter.count()
    twins = counter.count_twins(settings.twins if not settings.remote else 0)
    a_weight = quantized.bytes_per_element if quantized else dtype.itemsize
    on_card = quantized.bytes_per_element if quantized else CARD_BYTES
    here = this_machine(weights, pick_device(settings.device), dtype)
    places = [_place(here, counter, a_weight, dtype.itemsize)]
    places += [_place(machine_of(card), counter, on_card, CARD_BYTES) for card in CARDS]
    return Estimate(settings.model, name, weights, a_weight, (*whole, *twins), tuple(places))


def _place(machine: Machine, counter: _Counter, a_weight: float, twin_weight: float) -> Place:
    batches = int(machine.is_gpu)
    loads = [Load(counter.weights, a_weight, counter.total, counter.passes[batches])]
    loads += [Load(counter.weights, twin_weight, counter.twin_total, counter.twin_passes[batches])]
    devices = n_needed(counter.weights, a_weight, machine)
    return Place(machine, devices, sum(load.seconds(machine) for load in loads))


class _Counter:
    """Goes through the stages of a run as `cache` does."""

    def __init__(self, plan: RunPlan, weights: Weights, dtype: torch.dtype) -> None:
        self.plan, self.weights, self.itemsize = plan, weights, dtype.itemsize
        self.layers = parse_layers(plan.settings.layers, weights.n_blocks + 1)
        self.entries = plan.in_advance()
        self.total, self.passes = Counts(), _no_passes()
        self.twin_total, self.twin_passes = Counts(), _no_passes()

    def count(self) -> list[Row]:
        """The model's own rows: acts, then states and reports, then what depends on replies."""
        acts = [entry for entry in self.entries if entry.ask.part == ACTS]
        found, known = [], {}
        for turn in turns(acts):
            found += self._stage(turn, [left_to_ask(part, known) for part in _parts(turn)])
            known |= {key: {} for entry in turn for key in keys_of(entry).values()}
        others = [entry for entry in self.entries if entry.ask.part != ACTS]
        found += self._stage(others, _parts(others))
        later = self._follow_ups()
        return found + self._stage(later, _parts(later), made_up=True)

    def count_twins(self, n: int) -> list[Row]:
        """The rows of `n` random-initialised models, which read the prompts of states and write nothing."""
        states = [entry for entry in self.entries if entry.sites]
        if not n or not states:
            return []
        total, passes, self.total, self.passes = self.total, self.passes, Counts(), _no_passes()
        rows = self._stage(twins := [self._twin(entry) for entry in states], _parts(twins))
        self.twin_total, self.twin_passes = self.total.scaled(n), [each.scaled(n) for each in self.passes]
        self.total, self.passes = total, passes
        return [
            replace(
                row, form=f"{n} {TWIN}", counts=row.counts.scaled(n), flops=n * row.flops,
                state_bytes=n * row.state_bytes,
            )
            for row in rows
        ]  # fmt: skip

    def _twin(self, entry: Entry) -> Entry:
        thoughts = round(expected_thoughts(entry)) if thinking_of(self.plan.tokenizer).on else 0
        each = {"report": [[0] * thoughts for _ in entry.ask.items["item_id"]]} if thoughts else {}
        return twin_entry(entry, 0, each)

    def _follow_ups(self) -> list[Entry]:
        asked = self.plan.settings
        return [
            entry
            for subject in self.plan.subjects
            for ask in expected_follow_ups(subject, samples=asked.samples, seed=asked.seed)
            for condition in asked.conditions
            for entry in self.plan.fitting(ask, condition)
        ]

    def _stage(self, entries: Sequence[Entry], parts: Sequence[Part], *, made_up: bool = False) -> list[Row]:
        """The rows of entries that are asked together; parts: what is left to ask of them."""
        parts = [part for part in parts if len(part[1])]
        units = units_of(parts, entries, lambda *_: ())
        whole = {entry.key: Counts() for entry in entries}
        for entry, rows in parts:
            whole[entry.key] += asked_of((entry, rows))
        counted = {entry.key: Counts() for entry in entries}
        passes = _no_passes()
        for unit in _spaced(units, sum(counts.asked for counts in whole.values())):
            counts, own = count_unit(unit, self.plan.tokenizer, self.weights, (CPU_TOKENS, GPU_TOKENS))
            _add(passes, own, 1)
            for (entry, _), each in zip(unit, counts, strict=True):
                counted[entry.key] += each
        scale = sum(c.asked for c in whole.values()) / max(sum(c.asked for c in counted.values()), 1)
        _add(self.passes, passes, scale)
        found = [self._row(entry, whole[entry.key], counted[entry.key], made_up) for entry in entries]
        for row in found:
            self.total += row.counts
        return found

    def _row(self, entry: Entry, whole: Counts, counted: Counts, made_up: bool) -> Row:
        counts = counted.scaled(whole.asked / counted.asked if counted.asked else 0.0)
        counts.prompts, counts.asked = whole.prompts, whole.asked
        flops = self.weights.flops(counts.tree, counts.read_attended, counts.logits)
        flops += self.weights.flops(counts.written, counts.written_attended, counts.written)
        n, width = len(entry.ask.items), self.weights.d_model
        states = n * len(entry.sites) * len(self.layers) * width * self.itemsize
        means = 2 * n * width * 4 if entry.sites else 0  # mean embeddings of both prompts, in float32
        replies = (
            FILE_BYTES * len(entry.rows)
            + ROW_BYTES * counts.replies
            + TOKEN_BYTES * counts.written
            + ANSWER_BYTES * counts.answers
        )
        form = NAMES.get(entry.ask.part, entry.ask.part)
        return Row(entry.ask.target, entry.condition, form, counts, flops, states + means, replies, made_up)


def _no_passes() -> list[Passes]:
    """For the batches of a CPU, and for those of a GPU."""
    return [Passes(), Passes()]


def _add(to: Sequence[Passes], each: Sequence[Passes], factor: float) -> None:
    for one, other in zip(to, each, strict=True):
        one += other.scaled(factor)


def _parts(entries: Sequence[Entry]) -> list[Part]:
    return [(entry, rows) for entry in entries for rows in entry.rows]


def _spaced(units: Sequence[Sequence[Part]], asked: float) -> list[Sequence[Part]]:
    """Units of every kind, evenly spaced, that ask no more than about COUNTED tokens."""
    every = math.ceil(asked / COUNTED) or 1
    kinds: dict[tuple, list[Sequence[Part]]] = {}
    for unit in units:
        kinds.setdefault(tuple(entry.key for entry, _ in unit), []).append(unit)
    return [unit for own in kinds.values() for unit in own[::every]]
