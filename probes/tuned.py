"""Can the model say it when it is tuned to? A report learned from the labels that the probe was given.

In: probe results, a store, and a function that tunes a prompt. Out: `<run>/probes/tuned.parquet` and `.json`: held-out
answers of every item. For each outer fold a prompt is learned from the items of the others, all but one fold, which
says when to stop; so no answer comes from a prompt that has seen the item's group. The probe has used the same labels.

What a tuned report says, the model can say: then the gap is missing supervision (PROTOCOL level A). Where it fails, the
tuning itself may have failed. So it counts only where the last prompt does as well on the items it was learned from as
the probe does on held-out ones: then what was learned did not carry over, although learning worked.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .analysis import NESTED
from .errors import ProbeError
from .evidence import MARGIN
from .examples import OTHER, Told, items_of, positions, target_of
from .heard import Coding, listed, meaning_of, read_logprobs
from .metrics import measure
from .paired import stick_of
from .reports import BEST
from .results import Results, digest
from .splits import Folds
from .tables import method_columns, predictions, write_atomic, write_json
from .targets.elicitations import PRIMARY

TUNED = "tuned"
"""The method's name among the reports."""
FILE = "tuned.json"
PLACE = ["target", "condition", "item_id"]

Tune = Callable[..., object]
"""(target, condition, rows, answers, right, train, watch, seed=…) -> an object with `best` and `last`, (n_items,
n_answers) log-probabilities, and `epochs`."""


@dataclass(frozen=True)
class Tuning:
    """How one target and condition was tuned."""

    target: str
    condition: str
    score: float
    """held out, in the primary metric"""
    learned: float
    """the last prompts' on the items they were learned from, mean over folds"""
    probe: float
    """the nested probe's, held out"""
    epochs: tuple[int, ...]
    """one per outer fold"""
    n: int
    how: Mapping[str, int]
    """`seed`, and what else makes a tuning what it is"""

    @property
    def took(self) -> bool:
        """Whether learning worked, so that a failure on held-out items says something of the model."""
        return bool(max(self.learned, self.score) >= self.probe - MARGIN)


def measure_tuned(
    results: Results, store, tune: Tune, *, how: Mapping[str, int], every: bool = False,
    targets: Mapping[str, object] | None = None, say: Callable[[str], None] = lambda line: None,
) -> tuple[Tuning, ...]:  # fmt: skip
    """Tune a report for each target and condition whose probe is ahead of the best report by MARGIN, or for all.

    how: `seed`, and whatever else makes a tuning what it is. Each outcome is written as it comes, and those that are
    there already, of these very results and made in this way, are kept. targets: as in `probe_run`.
    Raises ProbeError where nothing of the run was probed, or no report's valid answers are known.
    """
    found, frame = read_tuned(results.run)
    if any(one.how != dict(how) for one in found):
        found, frame = (), frame.iloc[:0]
    done = {(one.target, one.condition) for one in found}
    wanted = to_tune(results, every=every)
    for entry, items in wanted:
        place = (entry["target"], entry["condition"])
        if place in done:
            say(f"{', '.join(place)}: kept from before")
            continue
        target = target_of(store, place[0], targets)
        one, part = _tuned(entry, items, store, target, tune, how)
        if one is None:
            say(f"{', '.join(place)}: no valid answers to its report prompt are known, so none can be learned")
            continue
        found, frame = (*found, one), pd.concat([frame, part], ignore_index=True)
        _write(results.run, found, frame)
        say(line(one))
    return found


def to_tune(results: Results, *, every: bool) -> list[tuple[dict, pd.DataFrame]]:
    """(entry, items) of what `measure_tuned` would go through."""
    return [(entry, items) for entry, items in results.parts() if every or _ahead(entry, items) > MARGIN]


def n_tuned(results: Results, *, every: bool, epochs: int) -> int:
    """How many items are gone through at most: those that are learned from, in every fold and epoch."""
    return sum(epochs * sum(len(train) for _, train, _ in _parts(items)) for _, items in to_tune(results, every=every))


def read_tuned(run: str | Path) -> tuple[tuple[Tuning, ...], pd.DataFrame]:
    """What `measure_tuned` wrote of these very probe results: how it went, and `tuned.parquet`; empty where it is not
    there, or of others. Raises ProbeError for files that cannot be read."""
    folder = Path(run) / "probes"
    nothing = (), pd.DataFrame(columns=PLACE)
    try:
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if told["probes"] != digest(run):
            return nothing
        found = tuple(Tuning(**_numbers(one) | {"epochs": tuple(one["epochs"])}) for one in told["tuned"])
        table = folder / "tuned.parquet"
        if hashlib.sha256(table.read_bytes()).hexdigest() != told["sha256"]:
            raise ValueError("its checksum differs")
        return found, pd.read_parquet(table)
    except FileNotFoundError:
        return nothing
    except (ValueError, KeyError, TypeError, OSError) as error:
        again = f"Delete it and run: tacit tune {Path(run).name}"
        raise ProbeError(f"{folder / FILE} cannot be read ({type(error).__name__}). {again}") from None


def with_tuned(frame: pd.DataFrame, entry: dict, tuned: pd.DataFrame) -> pd.DataFrame:
    """The items table of one target and condition with the tuned report's answers among its methods, where it has any.

    Raises KeyError where an item is missing there.
    """
    mine = tuned[(tuned["target"] == entry["target"]) & (tuned["condition"] == entry["condition"])]
    if not len(mine):
        return frame
    columns = mine.set_index("item_id").loc[frame["item_id"]].drop(columns=["target", "condition"])
    return pd.concat([frame, columns.dropna(axis=1, how="all").reset_index(drop=True)], axis=1)


def line(one: Tuning) -> str:
    """One outcome for the terminal."""
    took = "" if one.took else "; learning did not take, so this shows nothing"
    return (
        f"{one.target}, {one.condition}: tuned {one.score:.3f} held out ({one.learned:.3f} on what it learned from),"
        f" probe {one.probe:.3f}{took}"
    )


def _ahead(entry: dict, items: pd.DataFrame) -> float:
    stick = stick_of(entry, items)
    probe, report = (predictions(items, name, len(entry["classes"])) for name in (NESTED, BEST))
    return float(measure(stick.primary, stick, probe)[0] - measure(stick.primary, stick, report)[0])


def _parts(items: pd.DataFrame) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(held out, learned from, watched) of every outer fold; the watched fold is the next one."""
    fold, groups = items["fold"].to_numpy(dtype=np.int64), items["group"].to_numpy(dtype=np.int64)
    n_folds = int(fold.max()) + 1
    for i, known, out in Folds(fold, groups, n_folds).outer():
        watched = fold[known] == (i + 1) % n_folds
        yield out, known[~watched], known[watched]


def _tuned(
    entry: dict, items: pd.DataFrame, store, target, tune: Tune, how: Mapping[str, int]
) -> tuple[Tuning | None, pd.DataFrame]:
    name, condition = entry["target"], entry["condition"]
    lesson = Lesson.of(entry, items, store, target)
    if lesson is None:
        return None, pd.DataFrame(columns=PLACE)
    stick, rows = stick_of(entry, items), positions(store, name, items["item_id"])
    pred, learned, epochs = None, [], []
    for k, (out, train, watch) in enumerate(_parts(items)):
        told = tune(name, condition, rows, lesson.answers, lesson.right, train, watch, seed=how["seed"] + k)
        best, last = lesson.read(told.best), lesson.read(told.last)
        pred = np.full_like(best, np.nan) if pred is None else pred
        pred[out] = best[out]
        part = stick.rows(train)
        learned.append(float(measure(part.primary, part, last[train])[0]))
        epochs.append(told.epochs)
    score = float(measure(stick.primary, stick, pred)[0])
    probe = float(measure(stick.primary, stick, predictions(items, NESTED, len(entry["classes"])))[0])
    frame = items[["item_id"]].assign(target=name, condition=condition, **method_columns(TUNED, pred))
    return Tuning(name, condition, score, float(np.mean(learned)), probe, tuple(epochs), len(items), dict(how)), frame


@dataclass(frozen=True)
class Lesson:
    """The primary report's valid answers, and which of them is right for each item."""

    items: Sequence
    target: object
    coding: Coding
    answers: tuple[str, ...]
    right: np.ndarray
    """(n_items,) int64 index among the answers; -1 where none of them means the label"""

    @classmethod
    def of(cls, entry: dict, frame: pd.DataFrame, store, target) -> "Lesson | None":
        """None where no answers were weighed, or none is right for anything."""
        by_id = {item.item_id: item for item in items_of(store, entry["target"])}
        items = [by_id[item_id] for item_id in frame["item_id"]]
        told = Told(store, entry["target"], entry["condition"]).primary
        answers = tuple(map(str, listed(told[items[0].item_id], "answers"))) if items[0].item_id in told else ()
        coding = Coding(entry["kind"], tuple(entry["classes"]), OTHER if OTHER in entry["classes"] else "")
        right = np.full(len(items), -1)
        known: dict[str, float | None] = {}
        for i, (item, label) in enumerate(zip(items, frame["label"], strict=True)):
            means = [meaning_of(target, item, answer, PRIMARY, coding, known) for answer in answers]
            right[i] = next((k for k, value in enumerate(means) if value == label), -1)
        return cls(items, target, coding, answers, right) if (right >= 0).any() else None

    def read(self, logprobs: np.ndarray) -> np.ndarray:
        """Log-probabilities of the answers as predictions, in the way in which the `logits` rung is read."""
        replies = {
            item.item_id: {"answers": list(self.answers), "logprobs": row}
            for item, row in zip(self.items, logprobs, strict=True)
        }
        found = read_logprobs(self.target, self.items, replies, PRIMARY, self.coding)
        pred = found["expected" if self.coding.kind == "count" else "odds"]
        return np.exp(pred) if self.coding.kind == "multiclass" else pred


def _write(run: Path, found: Sequence[Tuning], frame: pd.DataFrame) -> None:
    table = Path(run) / "probes" / "tuned.parquet"
    write_atomic(table, lambda path: frame.to_parquet(path, index=False))
    checksum = hashlib.sha256(table.read_bytes()).hexdigest()
    content = {"probes": digest(run), "sha256": checksum, "tuned": [asdict(one) for one in found]}
    write_json(table.with_name(FILE), content)


def _numbers(one: dict) -> dict:
    """nan was written as null."""
    return {key: float("nan") if value is None else value for key, value in one.items()}
