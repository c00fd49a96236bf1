"""Tuned reports: can the model say it once a soft prompt was trained on the labels that the probe was given?

In: probe results, a store, and a function that trains a soft prompt. Out: `<run>/probes/tuned.json`, with a held-out
answer for every item. For each outer fold, a soft prompt is trained on the items of the other folds, one of which is
the validation fold for early stopping. So no item is answered after a prompt that was trained on its group.

If the tuned report says it, the gap was only missing supervision, and level A of the claims is refuted. If it does not,
training itself may have failed, so failure counts as evidence only where training worked in every fold (`Tuning.took`).
A model that cannot say it often fails to fit its training items too, which is inconclusive: level A is more easily
refuted here than confirmed.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tacit.errors import ProbeError
from tacit.files import check_seal, sealed, write_json
from tacit.names import BEST, NESTED, TUNED
from tacit.probes.comparison.collect import headline
from tacit.probes.comparison.paired_scores import Paired, stick_of
from tacit.probes.data.answers import Coding
from tacit.probes.data.examples import OTHER, Replies, items_of, positions, target_of
from tacit.probes.data.folds import Folds
from tacit.probes.data.items_table import method_columns, predictions
from tacit.probes.data.read_outs import listed, meaning_of, read_logprobs
from tacit.probes.data.results import Results, digest
from tacit.probes.statistics.metrics import Scoring, value
from tacit.probes.verdicts.evidence import Tuning
from tacit.targets.elicitations import PRIMARY
from tacit.thresholds import N_RESAMPLES

FILE = "tuned.json"
Place = tuple[str, str]
"""(target, condition)"""

Tune = Callable[..., object | None]
"""Trains a soft prompt: (target, condition, rows, answers, right, watch, cached=…, seed=…) -> an object with `epochs`
and `logprobs`, (n_items, n_answers) float64 log-probabilities of the answers; None if no prompt can be trained.

rows: (n_items,) int64, positions among the target's items in the store; answers: the valid answers; right: (n_items,)
int64, index of the right answer, -1 for items not to train on; watch: (n_items,) bool, validation items; cached:
(n_items, n_answers) float64, log-probabilities without a soft prompt."""


def measure_tuned(
    results: Results, store, tune: Tune, *, how: Mapping[str, float], every: bool = False,
    targets: Mapping[str, object] | None = None, say: Callable[[str], None] = lambda line: None,
) -> tuple[Tuning, ...]:  # fmt: skip
    """Tune a report for each target and condition whose probe significantly beats the best report (every: for all).

    how: `seed` and the hyperparameters of the training; targets: as in `probe_run`; say: gets one line per outcome.
    Outcomes of the same probe results and hyperparameters are kept from earlier calls; the file is written after each
    new one. Raises ProbeError if nothing of the run was probed.
    """
    done = dict(_kept(results, how))
    for entry, items in to_tune(results, how=how, every=every):
        place = _place(entry)
        task = TuningTask.of(entry, items, store, target_of(store, place[0], targets))
        tuning = _cross_fit(place, items, store, tune, how, task) if task else None
        if tuning is None:
            why = "" if task else ": not every class has a valid answer to its report prompt"
            say(f"{', '.join(place)} is not tuned{why}")
            continue
        done[place] = tuning
        content = {"probes": digest(results.run), "tuned": [asdict(each) for each in done.values()]}
        write_json(results.run / "probes" / FILE, sealed(content))
        say(line(tuning, entry, items))
    return tuple(done.values())


def to_tune(results: Results, *, how: Mapping[str, float], every: bool = False) -> list[tuple[dict, pd.DataFrame]]:
    """(entry, items) of every target and condition that `measure_tuned` would tune now: none that is kept.

    Raises ProbeError if nothing of the run was probed.
    """
    kept, parts = _kept(results, how), list(results.parts())
    if not parts:
        raise ProbeError(f"{results.run}: nothing could be probed, so there is nothing to tune. See: tacit compare")
    missing = [(entry, items) for entry, items in parts if _place(entry) not in kept]
    return [(entry, items) for entry, items in missing if every or _ahead(entry, items)]


def n_tuned(parts: Sequence[tuple[dict, pd.DataFrame]], *, epochs: int) -> int:
    """How many items are run through the model at most.

    In every fold: the training items once per epoch without the validation items and once with them, then all items.
    """
    folds = [fold for _, items in parts for fold in _training_folds(items)]
    return sum(epochs * int((train & ~watch).sum() + train.sum()) + len(train) for train, watch in folds)


def read_tuned(run: str | Path) -> tuple[Tuning, ...]:
    """What `measure_tuned` wrote; () if there is no file, or if it belongs to other probe results.

    Raises ProbeError for a file that cannot be read.
    """
    path = Path(run) / "probes" / FILE
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        if written["probes"] != digest(run):
            return ()
        check_seal(written)
        return tuple(map(Tuning.read, written["tuned"]))
    except FileNotFoundError:
        return ()
    except (ValueError, KeyError, TypeError, OSError) as error:
        again = f"Delete it and run: tacit tune {Path(run).name}"
        raise ProbeError(f"{path} cannot be read ({type(error).__name__}). {again}") from None


def with_tuned(frame: pd.DataFrame, tuning: Tuning | None) -> pd.DataFrame:
    """The items table of one target and condition, with the tuned report as one more method if there is one.

    Raises KeyError if the tuned report lacks an item of the table.
    """
    if tuning is None:
        return frame
    row_of = {item: row for row, item in enumerate(tuning.item_ids)}
    pred = np.array(tuning.pred, dtype=np.float64)[[row_of[item] for item in frame["item_id"]]]
    return pd.concat([frame, pd.DataFrame(method_columns(TUNED, pred), index=frame.index)], axis=1)


def line(tuning: Tuning, entry: dict, items: pd.DataFrame) -> str:
    """One outcome for the terminal, with the scores of the probe and the best report on the same items."""
    scoring = stick_of(entry, items)
    best, probe = (_score(scoring, predictions(items, name, scoring.n_classes)) for name in (BEST, NESTED))
    return (
        f"{tuning.target}, {tuning.condition}: {scoring.primary} {tuning.score:.3f} tuned, {best:.3f} best report,"
        f" {probe:.3f} probe ({tuning.learned:.3f} on its training items, in the worst fold)"
    )


def _kept(results: Results, how: Mapping[str, float]) -> dict[Place, Tuning]:
    """Earlier outcomes of these probe results that were trained with the same seed and hyperparameters."""
    return {(t.target, t.condition): t for t in read_tuned(results.run) if t.how == dict(how)}


def _place(entry: dict) -> Place:
    return entry["target"], entry["condition"]


def _ahead(entry: dict, items: pd.DataFrame) -> bool:
    """Whether the verdict's probe significantly beats the best report: the interval of its lead is above 0."""
    paired = Paired(entry, items, N_RESAMPLES)
    return bool(paired.lead(headline(entry, paired)[0], BEST).lower > 0)


def _score(scoring: Scoring, pred: np.ndarray) -> float:
    return value(scoring.primary, scoring, pred)


def _training_folds(items: pd.DataFrame) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For every outer fold (training items, validation items among them), (n_items,) bool each.

    The validation items are the next fold's.
    """
    fold, groups = items["fold"].to_numpy(dtype=np.int64), items["group"].to_numpy(dtype=np.int64)
    n_folds = int(fold.max()) + 1
    for i, _, _ in Folds(fold, groups, n_folds).outer():
        yield fold != i, fold == (i + 1) % n_folds


def _cross_fit(
    place: Place, items: pd.DataFrame, store, tune: Tune, how: Mapping[str, float], task: "TuningTask"
) -> Tuning | None:
    """One soft prompt per outer fold, which answers the held-out items; None if no prompt can be trained."""
    rows, held_out, train_scores, epochs = positions(store, place[0], items["item_id"]), task.no_answer(), [], []
    for k, (train, watch) in enumerate(_training_folds(items)):
        right = np.where(train, task.right, -1)
        trained = tune(*place, rows, task.answers, right, watch, cached=task.cached, seed=int(how["seed"]) + k)
        if trained is None:
            return None
        pred, fitted = task.predictions(trained.logprobs), right >= 0
        held_out[~train] = pred[~train]
        train_scores.append(_score(task.scoring.rows(fitted), pred[fitted]))
        epochs.append(trained.epochs)
    return Tuning(
        *place, _score(task.scoring, held_out), float(np.min(train_scores)), task.taught, tuple(epochs), dict(how),
        tuple(items["item_id"]), tuple(held_out.tolist()),
    )  # fmt: skip


@dataclass(frozen=True)
class TuningTask:
    """What a soft prompt is trained to say: valid answers to the primary report prompt, and each item's right one."""

    items: Sequence
    target: object
    coding: Coding
    scoring: Scoring
    answers: tuple[str, ...]
    right: np.ndarray
    """(n_items,) int64, index of the answer that means the label (for counts, the nearest one); -1 if there is none"""
    taught: float
    """share of items whose right answer means the label exactly"""
    cached: np.ndarray
    """(n_items, n_answers) float64, log-probabilities without a soft prompt; nan for items with none in the store"""

    @classmethod
    def of(cls, entry: dict, frame: pd.DataFrame, store, target) -> "TuningTask | None":
        """None if no answers were scored, or if no answer means one of the classes."""
        by_id = {item.item_id: item for item in items_of(store, entry["target"])}
        items = [by_id[item_id] for item_id in frame["item_id"]]
        primary = Replies(store.replies, *_place(entry)).primary
        replies = [primary.get(item.item_id, {}) for item in items]
        answers = tuple(map(str, listed(replies[0], "answers")))  # the same for every item
        coding = Coding(entry["kind"], tuple(entry["classes"]), OTHER if OTHER in entry["classes"] else "")
        label = frame["label"].to_numpy(dtype=np.float64)
        right, exact = _right_answers(_meanings(target, items, answers, coding), label, coding.kind)
        if not _can_be_said(label, right >= 0, coding.kind):
            return None
        scoring, cached = stick_of(entry, frame), _cached_logprobs(replies, len(answers))
        return cls(items, target, coding, scoring, answers, right, float(exact.mean()), cached)

    def no_answer(self) -> np.ndarray:
        """Predictions before any item is answered: nan, (n_items,) or (n_items, n_classes) float64."""
        shape = (len(self.items), len(self.coding.classes))
        return np.full(shape if self.coding.kind == "multiclass" else shape[:1], np.nan)

    def predictions(self, logprobs: np.ndarray) -> np.ndarray:
        """The answers' log-probabilities, (n_items, n_answers), as predictions: read like the `logits` rung."""
        replies = {
            item.item_id: {"answers": list(self.answers), "logprobs": row}
            for item, row in zip(self.items, logprobs, strict=True)
        }
        readouts = read_logprobs(self.target, self.items, replies, PRIMARY, self.coding)
        pred = readouts.get("expected" if self.coding.kind == "count" else "odds", self.no_answer())
        return np.exp(pred) if self.coding.kind == "multiclass" else pred


def _meanings(target, items: Sequence, answers: Sequence[str], coding: Coding) -> np.ndarray:
    """(n_items, n_answers) float64, the count or class index that each answer means for each item; nan if none."""
    known: dict[str, float | None] = {}
    found = [[meaning_of(target, item, answer, PRIMARY, coding, known) for answer in answers] for item in items]
    return np.array(found, dtype=np.float64).reshape(len(items), len(answers))


def _right_answers(meanings: np.ndarray, label: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Each item's right answer and whether it means the label exactly: (n_items,) int64 and bool.

    The right answer of a count is the nearest one, the first of equals. -1 if no answer means the class, or any count.
    """
    n_items, n_answers = meanings.shape
    if not n_answers:
        return np.full(n_items, -1), np.zeros(n_items, dtype=bool)
    distance = np.where(np.isnan(meanings), np.inf, np.abs(meanings - label[:, None]))
    nearest, off = distance.argmin(axis=1), distance.min(axis=1)
    sayable = np.isfinite(off) if kind == "count" else off == 0
    return np.where(sayable, nearest, -1), off == 0


def _can_be_said(label: np.ndarray, sayable: np.ndarray, kind: str) -> bool:
    """Whether every class can be said of some item that has it; for counts, whether any count can be said."""
    if kind == "count":
        return bool(sayable.any())
    return all(sayable[label == one].any() for one in np.unique(label))


def _cached_logprobs(replies: Sequence[dict], n_answers: int) -> np.ndarray:
    """(n_items, n_answers) float64; nan for an item whose reply does not have one per answer."""
    rows = [listed(reply, "logprobs") for reply in replies]
    complete = [row if len(row) == n_answers else [np.nan] * n_answers for row in rows]
    return np.array(complete, dtype=np.float64)
