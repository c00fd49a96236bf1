"""Does the model use what the probe reads? The probe direction is ablated, and compared with control directions.

In: cached states, labels, and a function that shifts states in the model. Out: `<run>/probes/used.json`, a row per
target, condition and reading. To ablate a direction is to remove from every state what varies with the probe's score.
The direction is the pattern that goes with the score and not the probe's weights, which also cancel noise (Haufe et
al. 2014, NeuroImage 87:96; Belrose et al. 2023, arXiv 2306.03819); afterwards the states are uncorrelated with the
score. The effect is the Kullback-Leibler divergence, in nats, of the next-token distribution. The output of the last
block already is that distribution, so the block before it is ablated instead.

Two kinds of control. Label-shuffled probes (labels permuted by group), fitted and ablated by the same code: if the
label had nothing to do with what the model uses, its own probe would be one more of these, so p is a permutation p.
And random directions, drawn as the states vary, uncorrelated with the score and scaled to shift the states equally far:
a large shift has an effect even along a direction that is not used. A direction counts as used if it exceeds both.

Decodable does not mean used (Belinkov 2022), and "use not shown" does not mean unused: one token is shifted, and the
next one is looked at.
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tacit.errors import ProbeError, in_a_line
from tacit.files import check_seal, sealed, write_json
from tacit.probes.controls.permutation_null import permutations
from tacit.probes.data.examples import positions
from tacit.probes.data.results import Results, digest
from tacit.probes.estimators.directions import fit_weights
from tacit.probes.estimators.families import families
from tacit.probes.estimators.nested_cv import candidate_named
from tacit.probes.verdicts.evidence import Used
from tacit.probes.verdicts.ladder import in_use
from tacit.seeds import stream
from tacit.thresholds import ALPHA

FILE = "used.json"
N_ITEMS, N_RANDOM = 64, 99
"""Items, one a group, and the fewest directions of each kind that are ablated unless more are asked for."""
SITES = ("object", "report")
"""The sites at which a prompt ends: what is moved there changes the next token and nothing before it."""

Move = Callable[[str, str, str, int, np.ndarray, np.ndarray], np.ndarray]
"""(target, condition, site, layer, rows, shifts) -> (n_moves, n_rows) divergences."""


@dataclass(frozen=True)
class States:
    """The states of a reading, and the moves that ablations of them make."""

    centred: np.ndarray
    """(n_items, d_model) float64, less their mean"""
    span: np.ndarray | None
    """(n_items, rank) orthonormal columns: what a linear score of the states can be; None where that is anything"""

    @classmethod
    def of(cls, x: np.ndarray) -> "States":
        """x: (n_items, d_model) float."""
        centred = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
        if len(x) <= x.shape[1]:
            return cls(centred, None)
        u, sizes, _ = np.linalg.svd(centred, full_matrices=False)
        return cls(centred, u[:, sizes > 1e-6 * max(sizes[0], 1e-300)])

    def ablation(self, rows: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """(n_rows, d_model) float32, what is added to states to take out what varies with the scores of `weight`,
        (n_directions, d_model), all of which are ablated together."""
        return self._without(self._score(weight), rows).astype(np.float32)

    def as_far(self, own: np.ndarray, rows: np.ndarray, weight: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The ablation of scores drawn as the states vary, uncorrelated with the probe's; the root mean square length
        of its moves is that of `own`."""
        score = self._score(weight)
        drawn = rng.standard_normal(score.shape)
        mixed = drawn if self.span is None else self.span @ (self.span.T @ drawn)
        moves = self._without(_whitened(mixed - score @ (score.T @ mixed) / len(score)), rows)
        return (moves * (np.linalg.norm(own) / max(np.linalg.norm(moves), 1e-300))).astype(np.float32)

    def _score(self, weight: np.ndarray) -> np.ndarray:
        return _whitened(self.centred @ weight.astype(np.float64).T)

    def _without(self, score: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return -score[rows] @ (self.centred.T @ score / len(score)).T


def measure_usage(
    results: Results,
    store,
    move: Move,
    *,
    n_items: int = N_ITEMS,
    n_random: int | None = None,
    seed: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[Used, ...]:
    """Ablate the direction of every reading that a verdict may be about; each outcome is written as it comes.

    A count that was read by LDA over its values has no single direction and is left out, with a line.
    n_random: control directions of each kind; None for as many as a verdict for each target and condition can need.
    Raises ProbeError where nothing was probed at the last token of a prompt, or all of it was read by LDA.
    """
    found, path = [], results.run / "probes" / FILE
    n_random = enough_random(len(results.entries)) if n_random is None else n_random
    readings = [(entry, frame, *reading) for entry, frame in results.parts() for reading in readings_of(entry)]
    if not readings:
        raise ProbeError(f"{results.run}: nothing was probed at the last token of a prompt, so nothing can be ablated")
    for entry, frame, site, reading in readings:
        layer = ablated_layer(reading, store)
        place = (entry["target"], entry["condition"], site, layer)
        rng = stream(seed, "ablation controls", [layer, SITES.index(site)])
        where = positions(store, place[0], frame["item_id"])
        x = np.asarray(store.load(*place))[where]
        weights = _weights(entry, frame, x, (site, layer), n_random, rng)
        if weights is None:
            say(f"{', '.join(place[:2])}, {site} {layer}: skipped: LDA over count values has no single direction")
            continue
        rows, states = _one_a_group(frame, n_items, rng), States.of(x)
        shifts = [states.ablation(rows, weight) for weight in weights]
        shifts += [states.as_far(shifts[0], rows, weights[0], rng) for _ in range(n_random)]
        divergences = move(*place, where[rows], np.stack(shifts))
        found.append(_judged((*place[:3], reading, layer), divergences, n_random))
        content = {"probes": digest(results.run), "seed": seed, "used": [asdict(one) for one in found]}
        write_json(path, sealed(content))
        say(line(found[-1]))
    if not found:
        raise ProbeError(f"{results.run}: every reading is one of LDA over values, so there is no direction to ablate")
    return tuple(found)


def enough_random(n: int) -> int:
    """Directions of each kind with which p, adjusted over n ablations, can fall to half of `ALPHA`: one shuffled probe
    that happens to lie along the label's must not decide."""
    return max(N_RANDOM, math.ceil(2 * n / ALPHA) - 1)


def read_usage(run: Path) -> tuple[Used, ...]:
    """What `measure_usage` wrote of these very probe results; () where it is not there, or of others."""
    path = Path(run) / "probes" / FILE
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        if written["probes"] != digest(run):
            return ()
        check_seal(written)
        return tuple(Used(**one) for one in written["used"])
    except FileNotFoundError:
        return ()
    except (ValueError, KeyError, TypeError, OSError) as error:
        again = f"Run: tacit ablate {Path(run).name}"
        raise ProbeError(f"{path} cannot be read ({in_a_line(error)}). {again}") from None


def n_ablated(results: Results, n_items: int) -> int:
    """How many prompts `measure_usage` will move states of, at most."""
    return sum(len(readings_of(entry)) * min(n_items, frame["group"].nunique()) for entry, frame in results.parts())


def readings_of(entry: dict) -> list[tuple[str, int]]:
    """(site, layer) that the nested choices read most often, as far as a prompt ends there."""
    every = [tuple(reading) for reading in entry["readings"].values()]
    return sorted({reading for reading in every if reading[0] in SITES})


def ablated_layer(reading: int, store) -> int:
    """The layer itself, or, of those that are kept, the one before the last block, whose output is the next token."""
    inside = [layer for layer in store.layers if layer < store.n_layers - 1]
    return max((layer for layer in inside if layer <= reading), default=reading)


def line(one: Used) -> str:
    """One outcome for the terminal."""
    return (
        f"{one.target}, {one.condition}, {one.site} {one.layer}: {one.effect:.2g} nats; label-shuffled probes"
        f" {one.shuffled_mean:.2g} (p = {one.p_shuffled:.2g}), random directions matched in norm {one.other_mean:.2g}"
        f" (p = {one.p_other:.2g}): {'used' if in_use(one) else 'use not shown'}"
    )


def _weights(entry: dict, frame, x: np.ndarray, reading: tuple[str, int], n: int, rng) -> np.ndarray | None:
    """(1 + n, n_directions, d_model): the probe's weights, then those of probes of shuffled labels; None where the
    probe that was chosen there has none."""
    name = entry["families"][f"probe {reading[0]} {reading[1]}"]
    if name.startswith("lda"):
        return None
    family, k = candidate_named(families(entry["kind"]), name)
    y, groups = frame["label"].to_numpy(dtype=np.float64), frame["group"].to_numpy(dtype=np.int64)
    every = np.column_stack([y, permutations(y, groups, n=n, rng=rng)])
    return fit_weights(x, every, n_classes=len(entry["classes"]), family=family, k=k)


def _judged(place: tuple, divergences: np.ndarray, n: int) -> Used:
    effect, *others = divergences.mean(axis=1)
    facts = []
    for rivals in (others[:n], others[n:]):
        p = (1 + sum(rival >= effect for rival in rivals)) / (1 + n)
        facts += [float(np.mean(rivals)), float(np.quantile(rivals, 0.95, method="higher")), float(p)]
    return Used(*place, float(effect), *facts, divergences.shape[1], n)


def _whitened(scores: np.ndarray) -> np.ndarray:
    """(n_items, rank) uncorrelated scores of variance one with the same span; float32 weights leave 1e-6 of noise."""
    u, sizes, _ = np.linalg.svd(scores, full_matrices=False)
    return u[:, sizes > 1e-4 * max(sizes[0], 1e-300)] * np.sqrt(len(scores))


def _one_a_group(frame, n: int, rng: np.random.Generator) -> np.ndarray:
    """Positions of at most n items of different groups."""
    order = rng.permutation(len(frame))
    first = ~frame["group"].iloc[order].duplicated().to_numpy()
    return np.sort(order[first][:n])
