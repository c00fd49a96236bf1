"""Tuned reports: can the model say it once a soft prompt was trained on the labels that the probe was given?

In: probe results, a store, and a function that trains a soft prompt. Out: `<run>/probes/tuned.json`, with a held-out
answer for every item. For each outer fold, a soft prompt is trained on the items of the other folds, one of which is
the validation fold for early stopping. So no item is answered after a prompt that was trained on its group.

If the tuned report says it, the gap was only missing supervision, and level A of the claims is refuted. If it does not,
training itself may have failed, so failure counts as evidence only where training worked in every fold (`Tuning.took`).
A model that cannot say it often fails to fit its training items too, which is inconclusive: level A is more easily
refuted here than confirmed.

A control task (Hewitt & Liang 2019, EMNLP, arXiv 1909.03368) is trained in the same way on labels by a hash of the
group, for no more epochs: labels that cannot be learned take longer to be given up. What the tuned report scores beyond
that, its selectivity, is not owed to training on labels of any kind.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from tacit.errors import ProbeError, in_a_line
from tacit.files import check_seal, sealed, write_json
from tacit.names import BEST, LABEL_COLUMN, NESTED, TUNED, TUNED_CONTROL
from tacit.probes.analysis.tuning_task import TuningTask
from tacit.probes.comparison.collect import headline
from tacit.probes.comparison.paired_scores import Paired, limits, stick_of
from tacit.probes.data.examples import positions, target_of
from tacit.probes.data.folds import Folds
from tacit.probes.data.items_table import method_columns, predictions
from tacit.probes.data.results import Results, digest
from tacit.probes.statistics.metrics import Scoring, value
from tacit.probes.verdicts.tuning import Tuning, TuningControl
from tacit.thresholds import N_RESAMPLES

FILE = "tuned.json"
Place = tuple[str, str]
"""(target, condition)"""

Tune = Callable[..., object | None]
"""Trains a soft prompt: (target, condition, rows, answers, right, watch, cached=…, seed=…) -> an object with `epochs`
and `logprobs`, (n_items, n_answers) float64 log-probabilities of the answers; None if no prompt can be trained. For a
control task also epochs=…, how many at most.

rows: (n_items,) int64, positions among the target's items in the store; answers: the valid answers; right: (n_items,)
int64, index of the right answer, -1 for items not to train on; watch: (n_items,) bool, validation items; cached:
(n_items, n_answers) float64, log-probabilities without a soft prompt."""


def measure_tuned(
    results: Results, store, tune: Tune, *, how: Mapping[str, float], every: bool = False,
    control: bool = True, targets: Mapping[str, object] | None = None, say: Callable[[str], None] = lambda line: None,
) -> tuple[Tuning, ...]:  # fmt: skip
    """Tune a report for each target and condition whose probe significantly beats the best report (every: for all).

    how: `seed` and the hyperparameters of the training; control: train the control task too; targets: as in
    `probe_run`; say: gets one line per outcome.
    Outcomes of the same probe results and hyperparameters are kept from earlier calls; the file is written after each
    new one. Raises ProbeError if nothing of the run was probed.
    """
    done = dict(_kept(results, how))
    for entry, items in to_tune(results, how=how, every=every, control=control):
        place, target = _place(entry), target_of(store, entry["target"], targets)
        task = TuningTask.of(entry, items, store, target)
        train = partial(_cross_fit, place, items, store, tune, how)
        tuning = done.get(place) or (train(task) if task else None)
        if tuning is None:
            why = "" if task else ": not every class has a valid answer to its report prompt"
            say(f"{', '.join(place)} is not tuned{why}")
            continue
        done[place] = tuning
        _write(results, done)
        if control:
            hashed = TuningTask.of(entry, items, store, target, control=int(how["seed"]))
            found = train(hashed, most=tuning.epochs) if hashed else None
            done[place] = replace(tuning, control=_as_control(found, hashed))
            _write(results, done)
        say(line(done[place], entry, items))
    return tuple(done.values())


def _write(results: Results, done: Mapping[Place, Tuning]) -> None:
    content = {"probes": digest(results.run), "tuned": [asdict(each) for each in done.values()]}
    write_json(results.run / "probes" / FILE, sealed(content))


def _as_control(found: Tuning | None, task: TuningTask) -> TuningControl | None:
    if found is None:
        return None
    return TuningControl(found.score, found.learned, found.epochs, tuple(task.scoring.y.tolist()), found.pred)


def to_tune(
    results: Results, *, how: Mapping[str, float], every: bool = False, control: bool = True
) -> list[tuple[dict, pd.DataFrame]]:
    """(entry, items) of every target and condition that `measure_tuned` would tune now: none that is kept, unless its
    control task is missing.

    Raises ProbeError if nothing of the run was probed.
    """
    kept, parts = _kept(results, how), list(results.parts())
    if not parts:
        raise ProbeError(f"{results.run}: nothing could be probed, so there is nothing to tune. See: tacit compare")
    whole = {place for place, tuning in kept.items() if tuning.control is not None or not control}
    missing = [(entry, items) for entry, items in parts if _place(entry) not in whole]
    return [(entry, items) for entry, items in missing if every or _ahead(entry, items)]


def n_tuned(parts: Sequence[tuple[dict, pd.DataFrame]], *, epochs: int, control: bool = True) -> int:
    """How many items are run through the model at most, with the control task as often again.

    In every fold: the training items once per epoch without the validation items and once with them, then all items.
    """
    folds = [fold for _, items in parts for fold in _training_folds(items)]
    once = sum(epochs * int((train & ~watch).sum() + train.sum()) + len(train) for train, watch in folds)
    return (1 + control) * once


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
        raise ProbeError(f"{path} cannot be read ({in_a_line(error)}). {again}") from None


def with_tuned(frame: pd.DataFrame, tuning: Tuning | None) -> pd.DataFrame:
    """The items table of one target and condition, with the tuned report as one more method if there is one.

    Raises KeyError if the tuned report lacks an item of the table.
    """
    if tuning is None:
        return frame
    row_of = {item: row for row, item in enumerate(tuning.item_ids)}
    rows = [row_of[item] for item in frame["item_id"]]
    columns = method_columns(TUNED, np.array(tuning.pred, dtype=np.float64)[rows])
    if tuning.control is not None:
        control, labels = (np.array(x, dtype=np.float64)[rows] for x in (tuning.control.pred, tuning.control.labels))
        columns |= method_columns(TUNED_CONTROL, control) | {f"{LABEL_COLUMN}{TUNED_CONTROL}": labels}
    return pd.concat([frame, pd.DataFrame(columns, index=frame.index)], axis=1)


def tuned_figures(paired: Paired, tuning: Tuning | None) -> dict:
    """What verdicts.json says of the report that was tuned on labels and how that went; null where none was."""
    if tuning is None:
        return dict.fromkeys((TUNED, f"{TUNED}_lower", f"{TUNED}_upper", "tuning"))
    told = {key: getattr(tuning, key) for key in ("score", "learned", "taught", "epochs", "how")}
    told["took"] = tuning.took(paired.score(paired.head).value)
    told["control"] = None
    selectivity = paired.selectivity(TUNED, TUNED_CONTROL)
    if tuning.control is not None and selectivity is not None:
        scores = {"score": tuning.control.score, "learned": tuning.control.learned}
        told["control"] = scores | limits("selectivity", selectivity)
    return limits(TUNED, paired.score(TUNED)) | {"tuning": told}


def line(tuning: Tuning, entry: dict, items: pd.DataFrame) -> str:
    """One outcome for the terminal, with the scores of the probe and the best report on the same items."""
    scoring = stick_of(entry, items)
    best, probe = (_score(scoring, predictions(items, name, scoring.n_classes)) for name in (BEST, NESTED))
    control = "" if tuning.control is None else f" ({tuning.control.score:.3f} on labels permuted by group)"
    return (
        f"{tuning.target}, {tuning.condition}: {scoring.primary} {tuning.score:.3f} tuned{control}, {best:.3f} best"
        f" report, {probe:.3f} probe ({tuning.learned:.3f} on its training items, in the worst fold)"
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
    place: Place, items: pd.DataFrame, store, tune: Tune, how: Mapping[str, float], task: TuningTask, *,
    most: Sequence[int] = (),
) -> Tuning | None:  # fmt: skip
    """One soft prompt per outer fold, which answers the held-out items; None if no prompt can be trained.

    most: the largest number of epochs of each fold, where it is limited."""
    rows, held_out, train_scores, epochs = positions(store, place[0], items["item_id"]), task.no_answer(), [], []
    for k, (train, watch) in enumerate(_training_folds(items)):
        right = np.where(train, task.right, -1)
        terms = {"cached": task.cached, "seed": int(how["seed"]) + k} | ({"epochs": most[k]} if most else {})
        trained = tune(*place, rows, task.answers, right, watch, **terms)
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
