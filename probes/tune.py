"""Can the model say it when it is tuned to? A report learned from the labels that the probe was given.

In: probe results, a store, and a function that learns a prompt. Out: `<run>/probes/tuned.json`: held-out answers of
every item. For each outer fold a prompt is learned from the items of the others, one of which says for how long; so no
answer comes from a prompt that has seen the item's group, and the labels are those that the probe has used.

What a tuned report says, the model can say: then the gap is missing supervision (PROTOCOL level A). Where it fails, the
tuning itself may have failed, so a failure counts only where learning worked in every fold (`Tuning.took`). What cannot
be said can hardly be learned either: this takes access away more easily than it confirms it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tacit.errors import ProbeError
from tacit.files import write_json
from tacit.names import BEST, NESTED, TUNED
from tacit.probes.data.examples import OTHER, Replies, items_of, positions, target_of
from tacit.probes.data.folds import Folds
from tacit.probes.data.items_table import method_columns, predictions
from tacit.probes.data.reports import Coding, listed, meaning_of, read_logprobs
from tacit.probes.data.results import Results, digest
from tacit.probes.statistics.metrics import Scoring, measure
from tacit.probes.verdicts.collect import headline
from tacit.probes.verdicts.evidence import Tuning
from tacit.probes.verdicts.paired_scores import Paired, stick_of
from tacit.targets.elicitations import PRIMARY
from tacit.thresholds import N_RESAMPLES

FILE = "tuned.json"
Place = tuple[str, str]
"""(target, condition)"""

Tune = Callable[..., object | None]
"""(target, condition, rows, answers, right, watch, cached=…, seed=…) -> an object with `epochs` and `logprobs`,
(n_items, n_answers), or None where nothing can be learned. rows: (n_items,) positions in the store; right: (n_items,)
index of the right answer, -1 wherever an item is held out; watch: (n_items,) bool."""


def measure_tuned(
    results: Results, store, tune: Tune, *, how: Mapping[str, float], every: bool = False,
    targets: Mapping[str, object] | None = None, say: Callable[[str], None] = lambda line: None,
) -> tuple[Tuning, ...]:  # fmt: skip
    """Tune a report for each target and condition whose probe is shown to be ahead of the best report, or for all.

    how: `seed`, and whatever else makes a tuning what it is. Each outcome is written as it comes, and those that are
    there already, of these very results and made in this way, are kept. targets: as in `probe_run`.
    """
    found = dict(_kept(results, how))
    for entry, items in to_tune(results, how=how, every=every):
        place = _place(entry)
        lesson = Lesson.of(entry, items, store, target_of(store, place[0], targets))
        one = _tuned(place, items, store, tune, how, lesson) if lesson else None
        if one is None:
            why = "" if lesson else ": no valid answer to its report prompt is known for every class"
            say(f"{', '.join(place)} is not tuned{why}")
            continue
        found[place] = one
        content = {"probes": digest(results.run), "tuned": [asdict(each) for each in found.values()]}
        write_json(results.run / "probes" / FILE, content)
        say(line(one, entry, items))
    return tuple(found.values())


def to_tune(results: Results, *, how: Mapping[str, float], every: bool = False) -> list[tuple[dict, pd.DataFrame]]:
    """(entry, items) of what `measure_tuned` would learn: nothing of what is kept.

    Raises ProbeError where nothing of the run was probed.
    """
    kept, parts = _kept(results, how), list(results.parts())
    if not parts:
        raise ProbeError(f"{results.run}: nothing could be probed, so there is nothing to tune. See: tacit compare")
    missing = [(entry, items) for entry, items in parts if _place(entry) not in kept]
    return [(entry, items) for entry, items in missing if every or _ahead(entry, items)]


def n_tuned(parts: Sequence[tuple[dict, pd.DataFrame]], *, epochs: int) -> int:
    """How many items are gone through at most: in every fold and epoch once without those that are watched and once
    with them, and at last all of them."""
    folds = [part for _, items in parts for part in _parts(items)]
    return sum(epochs * int((known & ~watch).sum() + known.sum()) + len(known) for known, watch in folds)


def read_tuned(run: str | Path) -> tuple[Tuning, ...]:
    """What `measure_tuned` wrote of these very probe results; () where it is not there, or of others.

    Raises ProbeError for a file that cannot be read.
    """
    path = Path(run) / "probes" / FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return tuple(Tuning.read(one) for one in told["tuned"]) if told["probes"] == digest(run) else ()
    except FileNotFoundError:
        return ()
    except (ValueError, KeyError, TypeError, OSError) as error:
        again = f"Delete it and run: tacit tune {Path(run).name}"
        raise ProbeError(f"{path} cannot be read ({type(error).__name__}). {again}") from None


def with_tuned(frame: pd.DataFrame, one: Tuning | None) -> pd.DataFrame:
    """The items table of one target and condition with the tuned report's answers among its methods, where it has any.

    Raises KeyError where an item is missing there.
    """
    if one is None:
        return frame
    at = {item: row for row, item in enumerate(one.item_ids)}
    pred = np.array(one.pred, dtype=np.float64)[[at[item] for item in frame["item_id"]]]
    return pd.concat([frame, pd.DataFrame(method_columns(TUNED, pred), index=frame.index)], axis=1)


def line(one: Tuning, entry: dict, items: pd.DataFrame) -> str:
    """One outcome for the terminal, beside what the probe and the best report score on the same items."""
    scoring = stick_of(entry, items)
    best, probe = (
        measure(scoring.primary, scoring, predictions(items, name, scoring.n_classes))[0] for name in (BEST, NESTED)
    )
    return (
        f"{one.target}, {one.condition}: {scoring.primary} {one.score:.3f} tuned, {best:.3f} best report, {probe:.3f}"
        f" probe ({one.learned:.3f} on its training items, in the worst fold)"
    )


def _kept(results: Results, how: Mapping[str, float]) -> dict[Place, Tuning]:
    return {(one.target, one.condition): one for one in read_tuned(results.run) if one.how == dict(how)}


def _place(entry: dict) -> Place:
    return entry["target"], entry["condition"]


def _ahead(entry: dict, items: pd.DataFrame) -> bool:
    """Whether the interval of what the verdict's probe has over the best report is above 0."""
    paired = Paired(entry, items, N_RESAMPLES)
    return bool(paired.lead(headline(entry, paired)[0], BEST).lower > 0)


def _parts(items: pd.DataFrame) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(may be learned from, is watched), (n_items,) bool each, for every outer fold; the watched fold is the next."""
    fold, groups = items["fold"].to_numpy(dtype=np.int64), items["group"].to_numpy(dtype=np.int64)
    n_folds = int(fold.max()) + 1
    for i, _, _ in Folds(fold, groups, n_folds).outer():
        yield fold != i, fold == (i + 1) % n_folds


def _tuned(
    place: Place, items: pd.DataFrame, store, tune: Tune, how: Mapping[str, float], lesson: "Lesson"
) -> Tuning | None:
    scoring, rows = lesson.scoring, positions(store, place[0], items["item_id"])
    pred, learned, epochs = lesson.nothing(), [], []
    for k, (known, watch) in enumerate(_parts(items)):
        right = np.where(known, lesson.right, -1)
        told = tune(*place, rows, lesson.answers, right, watch, cached=lesson.cached, seed=int(how["seed"]) + k)
        if told is None:
            return None
        found = lesson.read(told.logprobs)
        pred[~known] = found[~known]
        part = scoring.rows(np.flatnonzero(right >= 0))
        learned.append(float(measure(part.primary, part, found[right >= 0])[0]))
        epochs.append(told.epochs)
    score = float(measure(scoring.primary, scoring, pred)[0])
    return Tuning(
        *place, score, float(np.min(learned)), lesson.taught, tuple(epochs), dict(how), tuple(items["item_id"]),
        tuple(pred.tolist()),
    )  # fmt: skip


@dataclass(frozen=True)
class Lesson:
    """The primary report's valid answers, and which of them is right for each item."""

    items: Sequence
    target: object
    coding: Coding
    scoring: Scoring
    answers: tuple[str, ...]
    right: np.ndarray
    """(n_items,) int64 index among the answers; of counts the nearest; -1 where none of them means the label"""
    taught: float
    """share of items of which an answer means the label itself"""
    cached: np.ndarray
    """(n_items, n_answers) log-probabilities that the run holds of them; nan where it holds none"""

    @classmethod
    def of(cls, entry: dict, frame: pd.DataFrame, store, target) -> "Lesson | None":
        """None where no answers were weighed, or a class has none that means it."""
        by_id, told = {i.item_id: i for i in items_of(store, entry["target"])}, Replies(store, *_place(entry)).primary
        items = [by_id[item_id] for item_id in frame["item_id"]]
        answers = tuple(map(str, listed(told.get(items[0].item_id, {}), "answers")))
        coding = Coding(entry["kind"], tuple(entry["classes"]), OTHER if OTHER in entry["classes"] else "")
        means, label = _meanings(target, items, answers, coding), frame["label"].to_numpy(dtype=np.float64)
        off = np.where(np.isnan(means), np.inf, np.abs(means - label[:, None]))
        right = off.argmin(axis=1) if answers else np.zeros(len(items), dtype=np.int64)
        nearest = off[np.arange(len(items)), right] if answers else np.full(len(items), np.inf)
        right = np.where(nearest < (np.inf if coding.kind == "count" else 0.5), right, -1)
        every = [0.0] if coding.kind == "count" else np.unique(label)
        if not all((right[label == one] >= 0).any() if coding.classes else (right >= 0).any() for one in every):
            return None
        cached = [listed(told.get(item.item_id, {}), "logprobs") for item in items]
        cached = [row if len(row) == len(answers) else [np.nan] * len(answers) for row in cached]
        return cls(
            items, target, coding, stick_of(entry, frame), answers, right, float((nearest == 0).mean()),
            np.array(cached, dtype=np.float64),
        )  # fmt: skip

    def nothing(self) -> np.ndarray:
        """Predictions of nothing: nan, (n_items,) or (n_items, n_classes)."""
        shape = (len(self.items), len(self.coding.classes))
        return np.full(shape if self.coding.kind == "multiclass" else shape[:1], np.nan)

    def read(self, logprobs: np.ndarray) -> np.ndarray:
        """Log-probabilities of the answers as predictions, in the way in which the `logits` rung is read."""
        replies = {
            item.item_id: {"answers": list(self.answers), "logprobs": row}
            for item, row in zip(self.items, logprobs, strict=True)
        }
        found = read_logprobs(self.target, self.items, replies, PRIMARY, self.coding)
        pred = found.get("expected" if self.coding.kind == "count" else "odds", self.nothing())
        return np.exp(pred) if self.coding.kind == "multiclass" else pred


def _meanings(target, items: Sequence, answers: Sequence[str], coding: Coding) -> np.ndarray:
    """(n_items, n_answers) count or class index that each answer means for each item; nan for none."""
    known: dict[str, float | None] = {}
    found = [[meaning_of(target, item, answer, PRIMARY, coding, known) for answer in answers] for item in items]
    return np.array(found, dtype=np.float64).reshape(len(items), len(answers))
