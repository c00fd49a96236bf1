"""Probe directions kept: one weight vector per site, layer and class, in the activations' own units.

In: activations and labels of all items. Out: `<run>/probes/directions/<target>-<condition>.safetensors` with metadata,
no pickle. The scaler is folded in: ``x @ weight.T + bias`` of raw activations is the pipeline's decision function. A
direction is fitted on every item, so it is for use (steering, ablation, other data), and never a score of these items.

    from probes import load_direction
    found = load_direction("runs/default", "knowledge", 4, condition="locked")
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from tacit.errors import ProbeError
from tacit.files import write_file
from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import Trainings
from tacit.probes.data.reading import Reading
from tacit.probes.estimators.batched_cv import Prepared, fit_together
from tacit.probes.estimators.families import Dense, Family, families
from tacit.probes.estimators.nested_cv import candidate_named

FOLDER = "directions"


@dataclass(frozen=True)
class Direction:
    target: str
    condition: str
    site: str
    layer: int
    weight: np.ndarray
    """(1, d_model) float32 for two classes and counts, else (n_classes, d_model), per unit of activation"""
    bias: np.ndarray
    """(1,) or (n_classes,) float32"""
    metadata: dict
    """kind, classes, n, family and penalty that were chosen, and what the caller added"""

    def score(self, x: np.ndarray) -> np.ndarray:
        """(n_items,) log-odds of the last of two classes or a count, or (n_items, n_classes) class scores."""
        found = x @ self.weight.T + self.bias
        return found[:, 0] if len(self.bias) == 1 else found


def fit_direction(
    x: np.ndarray, y: np.ndarray, *, n_classes: int, family: Family, k: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """(weight, bias) of the family's k-th candidate trained on all rows, read off its own predictions.

    x: (n_items, d_model); y: (n_items,) counts (n_classes 0) or class indices. The prediction (log-odds, a number, or
    log-probabilities less their mean) is taken at the mean of the activations and one standard deviation along each
    dimension: where it is affine that is all there is to know, whatever scaling and rotation happened inside. Classes
    that are each read against the rest get the log-odds of that. None where nothing is affine, as LDA over values and
    networks are not.
    """
    if n_classes > 2 and family.along is not None:
        each = [fit_direction(x, y == c, n_classes=2, family=family, k=k) for c in range(n_classes)]
        return tuple(np.concatenate(part) for part in zip(*each, strict=True))
    x = x.astype(np.float64)
    mean, step, points = _probing_points(x)
    points = np.vstack([points, x])
    rows = np.arange(len(x))
    x_train, x_test = Dense(np.vstack([x, points])).split(rows, len(x) + np.arange(len(points)))
    found = _affine(family.fit(x_train, y, x_test, n_classes=n_classes, only=k)[0])
    at_mean, along, at_rows = found[0], found[1 : 1 + len(mean)], found[1 + len(mean) :]
    weight = (along - at_mean).T / step
    bias = at_mean - weight @ mean
    slack = 1e-3 * max(float(np.ptp(at_rows)), 1e-9)
    if np.abs(x @ weight.T + bias - at_rows).max() > slack:
        return None
    return weight.astype(np.float32), bias.astype(np.float32)


def fit_weights(x: np.ndarray, y: np.ndarray, *, n_classes: int, family: Family, k: int) -> np.ndarray:
    """(n_labellings, 1 or n_classes, d_model) float32, the weights of `fit_direction` for many labellings at once.

    x: (n_items, d_model); y: (n_items, n_labellings). For families that fit many labellings together alone.
    """
    if n_classes > 2:
        each = [fit_weights(x, y == c, n_classes=2, family=family, k=k) for c in range(n_classes)]
        return np.concatenate(each, axis=1)
    _, step, points = _probing_points(x.astype(np.float64))
    both = np.vstack([x, points]).astype(np.float64)
    train = np.arange(len(both)) < len(x)
    trainings = Trainings(train[:, None], ~train[:, None])
    labels = np.vstack([y, np.zeros((len(points), y.shape[1]))])
    prepared = Prepared.of(both, trainings, (family,))
    found = fit_together(trainings, labels, (family,), prepared, n_classes=n_classes)[0][k]
    return ((found[1:] - found[0]) / step[:, None]).T[:, None, :].astype(np.float32)


def _probing_points(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mean, standard deviation, the mean and one deviation from it along each dimension)."""
    mean, step = x.mean(axis=0), np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    return mean, step, np.vstack([mean, mean + np.diag(step)])


def _affine(pred: np.ndarray) -> np.ndarray:
    """(n, 1) numbers or log-odds, or (n, n_classes) log-probabilities less their mean: what may be affine in x."""
    if pred.ndim == 1:
        return pred[:, None]
    logs = np.log(np.maximum(pred, np.finfo(float).tiny))
    return logs - logs.mean(axis=1, keepdims=True)


def _ridge(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ridge on standardised activations, its penalty by leave-one-out, for counts that were read otherwise."""
    scaler = StandardScaler().fit(x)
    model = RidgeCV(alphas=np.logspace(-2, 5, 8)).fit(scaler.transform(x), y)
    weight = (model.coef_ / scaler.scale_)[None]
    return weight.astype(np.float32), (model.intercept_ - weight @ scaler.mean_).astype(np.float32)


def save_directions(
    run: str | Path,
    examples: Examples,
    chosen: Mapping[tuple[str, int], str],
    *,
    notes: Mapping[str, object] | None = None,
    probes: Sequence[Family] | None = None,
) -> Path:
    """Fit and write the direction of every (site, layer) in `chosen`; returns the file.

    chosen: (site, layer) -> what the sweep chose there (`Held.usual`); a count that was read by LDA over its values,
    which has no single direction, gets that of ridge instead. notes: further metadata, e.g. the model's id.
    """
    probes = families(examples.kind) if probes is None else probes
    tensors, ways = {}, {}
    for (site, layer), name in chosen.items():
        x, (family, k) = examples.acts(site, layer), candidate_named(probes, name)
        found = fit_direction(x, examples.y, n_classes=len(examples.classes), family=family, k=k)
        if found is None and examples.kind == "count":
            found, name = _ridge(x, examples.y), "ridge"
        if found is not None:
            key = f"{site}/{layer:03d}"
            tensors[f"{key}/weight"], tensors[f"{key}/bias"], ways[key] = *found, name
    facts = {
        "target": examples.target, "condition": examples.condition, "kind": examples.kind,
        "classes": list(examples.classes), "n": len(examples.y), "chosen": ways, **(notes or {}),
    }  # fmt: skip
    path = _path(run, examples.target, examples.condition)
    metadata = {"tacit": json.dumps(facts, ensure_ascii=False)}
    write_file(path, lambda sibling: save_file(tensors, sibling, metadata=metadata))
    return path


def load_direction(
    run: str | Path, target: str, layer: int, *, condition: str = "plain", site: str = "object"
) -> Direction:
    """The direction of one target at one site and layer; run is a folder such as ``runs/default``.

    Raises ProbeError where the file, the site or the layer is not there, and for a file that is damaged.
    """
    path, name = _path(run, target, condition), f"{site}/{layer:03d}"
    if not path.exists():
        held = ", ".join(sorted(file.stem for file in path.parent.glob("*.safetensors"))) or "none"
        raise ProbeError(f"{path} is not there (directions held: {held}). Run: tacit probe {Path(run).name}")
    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads(file.metadata()["tacit"])
            if f"{name}/weight" not in file.keys():  # noqa: SIM118  (not a dict)
                raise ProbeError(f"{path} holds no {site} layer {layer} (it holds {_held(file.keys())})")
            weight, bias = file.get_tensor(f"{name}/weight"), file.get_tensor(f"{name}/bias")
    except (OSError, SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ProbeError(f"{path} is damaged ({error}). Run: tacit probe {Path(run).name} --again") from error
    facts |= {"chosen": facts["chosen"][name]}
    return Direction(target, condition, site, layer, weight, bias, facts)


def _path(run: str | Path, target: str, condition: str) -> Path:
    return Path(run) / "probes" / FOLDER / f"{target}-{condition}.safetensors"


def _held(names: Iterable[str]) -> str:
    parts = (name.rsplit("/", 2) for name in names)  # site/layer/weight or site/layer/bias
    return ", ".join(sorted({Reading(site, int(layer)).name for site, layer, _ in parts}))
