"""Does the model use what the probe reads? The probe's direction taken out of the states, against other directions.

In: kept directions, cached states, and a function that moves states in the model. Out: `<run>/probes/used.json`, a row
per target, condition and reading. A direction is ablated by taking out of every state what varies with the probe's
score: the score's own weights tell little (they cancel what disturbs the reading, Haufe et al. 2014, NeuroImage 87:96),
the pattern that goes with it is what the model may read as well (Belrose et al. 2023, arXiv 2306.03819). Afterwards
the states are uncorrelated with the score.

The rivals are patterns that go with other scores, drawn as the states themselves vary, along which every state is moved
as far: a direction in which no state ever lies would be none. What is measured is what the model would write next
(Kullback-Leibler divergence, nats), so the labels play no part, and that a direction was fitted on these items favours
nothing. Decodable is not used (Belinkov 2022); only this says whether what the model does depends on the direction.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from .directions import load_direction
from .errors import ProbeError
from .evidence import Used
from .results import Results
from .tables import write_json

FILE = "used.json"
N_ITEMS, N_RANDOM = 64, 99
SITES = ("object", "report")
"""The sites at which a prompt ends: what is moved there changes the next token and nothing before it."""

Move = Callable[[str, str, str, int, np.ndarray, np.ndarray], np.ndarray]
"""(target, condition, site, layer, rows, shifts) -> (n_moves, n_rows) divergences."""


def measure_usage(
    results: Results,
    store,
    move: Move,
    *,
    n_items: int = N_ITEMS,
    n_random: int = N_RANDOM,
    seed: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[Used, ...]:
    """Ablate the direction of every reading that a verdict may be about, and write the outcomes.

    Raises ProbeError where no direction is kept at a reading that ends a prompt, and where nothing was probed.
    """
    found = []
    for entry, frame in results.parts():
        for site, layer in readings_of(entry):
            place = (entry["target"], entry["condition"], site, layer)
            rng = np.random.default_rng([seed, layer, SITES.index(site)])
            ids = store.items.loc[store.items["target"] == entry["target"], "item_id"]
            rows = np.flatnonzero(ids.isin(set(_one_a_group(frame, n_items, rng))))
            weight = load_direction(results.run, place[0], layer, condition=place[1], site=site).weight
            shifts = ablations(store.load(*place), rows, weight, n_random=n_random, rng=rng)
            found.append(_judged(place, move(*place, rows, shifts)))
            say(line(found[-1]))
    if not found:
        raise ProbeError(f"{results.run}: nothing was probed at the last token of a prompt, so nothing can be ablated")
    written = {"probes": _digest(results.run), "seed": seed, "used": [asdict(one) for one in found]}
    write_json(results.run / "probes" / FILE, written)
    return tuple(found)


def read_usage(run: Path) -> tuple[Used, ...]:
    """What `measure_usage` wrote of these very probe results; () where it is not there, or of others."""
    path = Path(run) / "probes" / FILE
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        return tuple(Used(**one) for one in written["used"]) if written["probes"] == _digest(run) else ()
    except FileNotFoundError:
        return ()
    except (ValueError, KeyError, TypeError, OSError) as error:
        again = f"Run: tacit ablate {Path(run).name}"
        raise ProbeError(f"{path} cannot be read ({type(error).__name__}). {again}") from None


def n_ablated(results: Results, n_items: int) -> int:
    """How many prompts `measure_usage` will move states of."""
    return sum(len(readings_of(entry)) * min(n_items, frame["group"].nunique()) for entry, frame in results.parts())


def readings_of(entry: dict) -> list[tuple[str, int]]:
    """(site, layer) that the nested choices read most often, as far as a prompt ends there."""
    every = [tuple(reading) for reading in (entry.get("readings") or {}).values()]
    return sorted({reading for reading in every if reading[0] in SITES})


def ablations(
    x: np.ndarray, rows: np.ndarray, weight: np.ndarray, *, n_random: int, rng: np.random.Generator
) -> np.ndarray:
    """(1 + n_random, n_rows, d_model) float32: the ablation of the rows of `weight`, and moves as far elsewhere.

    x: (n_items, d_model) states; weight: (n_directions, d_model), of which all are ablated together. The other moves
    are as long (one direction: for every item; several: on average), along mixtures of the states whose coefficients
    are normal and uncorrelated with the score.
    """
    centred = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
    score = _whitened(centred @ weight.astype(np.float64).T)
    pattern = centred.T @ score / len(x)
    moves = [-score[rows] @ pattern.T]
    for _ in range(n_random):
        drawn = rng.standard_normal(score.shape)
        other = centred.T @ (drawn - score @ (score.T @ drawn) / len(x))
        other *= np.linalg.norm(pattern) / max(np.linalg.norm(other), 1e-300)
        moves.append(-score[rows] @ other.T)
    return np.stack(moves).astype(np.float32)


def line(one: Used) -> str:
    """One outcome for the terminal."""
    return (
        f"{one.target}, {one.condition}, {one.site} {one.layer}: {one.effect:.3g} nats; {one.n_random} other directions"
        f" {one.other_mean:.3g}, 95th percentile {one.other_q95:.3g}; p = {one.p:.2g}"
    )


def _judged(place: tuple[str, str, str, int], divergences: np.ndarray) -> Used:
    effect, *others = divergences.mean(axis=1)
    p = (1 + sum(other >= effect for other in others)) / (1 + len(others))
    high = float(np.quantile(others, 0.95, method="higher"))
    return Used(*place, float(effect), float(np.mean(others)), high, float(p), divergences.shape[1], len(others))


def _whitened(scores: np.ndarray) -> np.ndarray:
    """(n_items, rank) uncorrelated scores of variance one with the same span."""
    u, sizes, _ = np.linalg.svd(scores, full_matrices=False)
    return u[:, sizes > 1e-6 * max(sizes[0], 1e-300)] * np.sqrt(len(scores))


def _one_a_group(frame, n: int, rng: np.random.Generator) -> Sequence[str]:
    mixed = frame.iloc[rng.permutation(len(frame))].drop_duplicates("group")
    return list(mixed["item_id"].iloc[:n])


def _digest(run: Path) -> str:
    return hashlib.sha256((Path(run) / "probes" / "probes.json").read_bytes()).hexdigest()
