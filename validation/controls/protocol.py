"""The controls with known truth (docs/protocol.md, section 7): how each is simulated, and what the tool must return.

In: a seed. Out: the verdict on that data set. Every data set goes through the real pipeline, files included.
"""

import numpy as np
from scipy import stats

from tacit.validation.judge import (
    MANY,
    Control,
    Judged,
    at_least,
    at_most,
    never_called,
    never_gap,
    recovers,
    returns,
    without_a_gap,
)
from tacit.validation.pipeline import judged, matrix, needed
from tacit.validation.worlds import WorldTarget, along, coin, flipped, foretold, graded, letters

N, D_MODEL, N_FOLDS = 200, 4, 5
COUNTS = WorldTarget(name="token_count", kind="count", classes=())
NOISE_LAYERS = 40


def _signal(y, auroc: float, *, layers=(1,), n_train: float = N * (N_FOLDS - 1) / N_FOLDS):
    return along(y, needed(auroc, d_model=D_MODEL, n_train=n_train), layers=layers)


def _oracle(gap: float, report: float):
    def simulate(seed: int) -> dict:
        y = coin(N, seed)
        return judged(y, **graded(y, report, seed), signal=_signal(y, report + gap), seed=seed)

    return simulate


def _decided(seed: int) -> dict:
    """Probe and report have the same accuracy (3 in 4); only the probe has a continuous score; no gap in decisions."""
    y, auroc = coin(N, seed), stats.norm.cdf(np.sqrt(2) * stats.norm.ppf(0.75))
    return judged(y, said=flipped(y, 0.25, seed), signal=_signal(y, auroc), seed=seed)


def _clustered(seed: int) -> dict:
    """Groups of four share the label, half of the noise, and whether the report is right; no gap."""
    rng, n = np.random.default_rng([seed, 1]), 320
    groups = np.arange(n) // 4
    per_group = coin(n // 4, seed)
    y, said = ([names[g] for g in groups] for names in (per_group, flipped(per_group, 0.25, seed)))
    answers = ("no", "yes")
    logprobs = np.log(np.where(np.array(said)[:, None] == answers, 0.8, 0.2))
    distance = np.sqrt(2) * needed(0.75, d_model=D_MODEL, n_train=n * 0.8 / 2.5)
    shared = rng.normal(size=(n // 4, D_MODEL))[groups]
    shared[:, 0] += distance * (np.array([v == "yes" for v in y]) - 0.5)
    world = {"said": said, "logprobs": (answers, logprobs), "groups": groups, "seed": seed}
    return judged(y, signal=lambda site, layer: shared if layer else None, **world)


def _uneven(seed: int) -> dict:
    """Five groups of twenty among a hundred single items; no gap."""
    y = coin(N, seed)
    groups = np.r_[np.repeat(np.arange(5), 20), np.arange(5, 105)]
    return judged(y, **graded(y, 0.75, seed), signal=_signal(y, 0.75), groups=groups, seed=seed)


def _dominated(seed: int) -> dict:
    """Half of the items are one group, which fills a fold; no gap."""
    y = coin(N, seed)
    groups = np.r_[np.zeros(N // 2, dtype=int), np.arange(1, N // 2 + 1)]
    return judged(y, **graded(y, 0.75, seed), signal=_signal(y, 0.75), groups=groups, seed=seed)


def _searched(seed: int) -> dict:
    """Layer search over twelve one-dimensional layers with the same signal and independent noise; no gap."""
    # In one dimension a probe has only a sign to learn, so every layer is exactly as good as every other. In more, the
    # layer that inner folds prefer is also the one whose direction came out better, and the gap is not quite zero.
    y, layers = coin(N, seed), tuple(range(1, 13))
    signal = along(y, np.sqrt(2) * stats.norm.ppf(0.75), layers=layers)
    return judged(y, **graded(y, 0.75, seed), n_layers=13, d_model=1, signal=signal, seed=seed)


def _refused(seed: int) -> dict:
    """Forty per cent refused, whatever the label, and nineteen in twenty of the answers right; no gap."""
    rng, y = np.random.default_rng([seed, 2]), coin(N, seed)
    silent = rng.random(N) < 0.4
    said = np.where(silent, "I cannot say", flipped(y, 0.05, seed)).tolist()
    return judged(y, said=said, signal=_signal(y, ranked_by_kind(0.6, 0.95)), seed=seed)


def ranked_by_kind(answered: float, right: float) -> float:
    """AUROC of a report that is yes, refused or no, in this order, where a refusal is as likely for both labels."""
    true, false, silent = answered * right, answered * (1 - right), 1 - answered
    return true * (silent + true) + silent * true + (2 * true * false + silent**2) / 2


def _unequal(seed: int) -> dict:
    """One label in eight is positive; no gap."""
    rng, n = np.random.default_rng([seed, 3]), 320
    y = np.where(rng.permutation(n) < n // 8, "yes", "no").tolist()
    signal = _signal(y, 0.75, n_train=4 * n * 0.8 * (1 / 8) * (7 / 8))
    return judged(y, **graded(y, 0.75, seed), signal=signal, seed=seed)


def _given_away(seed: int) -> dict:
    """The object prompt's states and next-token logits reveal the act; neither report nor report prompt does."""
    y = coin(N, seed)
    signal = along(y, 5, layers=(1,))
    return judged(y, said=flipped(y, 0.5, seed), sites=("object", "report"), ends=foretold(y, layers=(0, 1)), seed=seed,
                  signal=lambda site, layer: signal(site, layer) if site == "object" else None)  # fmt: skip


def _asked(seed: int) -> dict:
    """Logits reveal the act at the object prompt; at the report prompt the probe beats the report: a gap there only."""
    y, report, gap = coin(N, seed), 0.7, 0.2
    early, late = along(y, 5, layers=(1,)), _signal(y, report + gap)
    return judged(y, **graded(y, report, seed), sites=("object", "report"), ends=foretold(y, layers=(0, 1)), seed=seed,
                  signal=lambda site, layer: (early if site == "object" else late)(site, layer))  # fmt: skip


def _hashed(seed: int) -> dict:
    rng = np.random.default_rng([seed, 4])
    groups = np.arange(400) // 2
    y = [("no", "yes")[k] for k in rng.integers(2, size=200)[groups]]
    return judged(y, said=flipped(y, 0.5, seed), groups=groups, seed=seed)


def _duplicated(seed: int) -> dict:
    """Four copies of every item with one random label, with and without groups that keep copies in one fold."""
    rng = np.random.default_rng([seed, 5])
    groups = rng.permutation(np.arange(200) // 4)
    y = [("no", "yes")[k] for k in rng.integers(2, size=50)[groups]]
    copies = 9 * rng.normal(size=(50, 24))[groups]
    world = {"said": flipped(y, 0.5, seed), "seed": seed, "d_model": 24,
             "signal": lambda site, layer: copies if layer else None}  # fmt: skip
    return judged(y, groups=groups, **world) | {"ungrouped": judged(y, **world)["probe"]}


def _noise_layers(seed: int) -> dict:
    y = coin(200, seed)
    return judged(y, said=flipped(y, 0.5, seed), n_layers=NOISE_LAYERS + 1, d_model=8, seed=seed)


def _surface(seed: int) -> dict:
    y = coin(N, seed)
    if seed % 2:
        surface = letters([9 if v == "yes" else 5 for v in y], seed)
    else:
        surface = [f"w{k} {'key' if v == 'yes' else 'lock'}" for k, v in enumerate(y)]
    return judged(y, said=flipped(y, 0.4, seed), signal=_signal(y, 0.97), surface=surface, seed=seed)


def _coupled(seed: int) -> dict:
    y = np.random.default_rng([seed, 6]).integers(5, 25, size=120)
    column = ((y - 15) * 2.0)[:, None]
    return judged([int(v) for v in y], said=["9"] * 120, target=COUNTS, seed=seed, last=y + 6,
                  signal=lambda site, layer: column if layer else None)  # fmt: skip


def _no_report(seed: int) -> dict:
    y = coin(N, seed)
    said = ["yes"] * N if seed % 2 else ["banana"] * N
    return judged(y, said=said, signal=_signal(y, 0.95), control="broken", seed=seed)


def _off_by_three(seed: int) -> dict:
    y = np.random.default_rng([seed, 7]).integers(5, 25, size=160)
    column = ((y - 15) * 9.0)[:, None]
    return judged([int(v) for v in y], said=[str(v + 3) for v in y], target=COUNTS, seed=seed,
                  signal=lambda site, layer: column if layer else None)  # fmt: skip


def _candid(seed: int) -> dict:
    y = coin(N, seed)
    return judged(y, said=y, signal=along(y, 6, layers=(1,)), seed=seed)


def _exclusive(seed: int) -> dict:
    bits = np.random.default_rng([seed, 8]).integers(2, size=(N, 2))
    y = ["yes" if a != b else "no" for a, b in bits]
    return judged(y, said=y, signal=lambda site, layer: (bits - 0.5) * 6 if layer else None, seed=seed)


def _private(seed: int) -> dict:
    """Two models whose states and reports follow their own truths, which differ on a third of the items."""
    mine = coin(N, seed)
    theirs = flipped(mine, 1 / 3, seed)
    texts = [f"fact {k}" for k in range(N)]
    found = matrix({
        name: {"y": y, "said": y, "signal": along(y, 6, layers=(1,)), "surface": texts, "seed": seed + k * 1000}
        for k, (name, y) in enumerate((("mine", mine), ("theirs", theirs)))
    })  # fmt: skip
    peer = found[(found["predictor"] != found["target_run"]) & (found["kind"] == "probe")]
    behind = {subset: part["behind_lower"].min() for subset, part in peer.groupby("subset")}
    on_shared = peer.loc[peer["subset"] == "truths agree", "behind"].mean()
    return {"private": float(behind["truths differ"]), "shared": float(on_shared)}


def _shifted(seed: int) -> dict:
    """Behaviour changed but the report did not: it is true of the old behaviour only."""
    old = coin(N, seed)
    new = flipped(old, 0.4, seed)
    texts = [f"item {k}" for k in range(N)]
    found = matrix({
        "old": {"y": old, "said": old, "signal": _signal(old, 0.97), "surface": texts, "seed": seed},
        "new": {"y": new, "said": old, "signal": _signal(new, 0.97), "surface": texts, "seed": seed + 1000},
    })  # fmt: skip
    said = found[(found["kind"] == "report") & (found["predictor"] == "new") & (found["subset"] == "all")]
    return dict(zip(said["target_run"], said["value"], strict=True))


def _decodable(found: list[dict]) -> int:
    return sum(not f["level"].startswith("none") for f in found)


def _nothing_known(found: list[dict]) -> Judged:
    judgement, known = returns(found, "NOT_KNOWN", "INCONCLUSIVE"), _decodable(found)
    passed = judgement.passed and at_most(known, len(found), 0.05)
    got = f"{judgement.got}; decodable {known / len(found):.1%}"
    return Judged(passed, "NOT_KNOWN; called decodable in at most 5 %", got)


def _grouping_matters(found: list[dict]) -> Judged:
    grouped, loose = (float(np.mean([f[key] for f in found])) for key in ("probe", "ungrouped"))
    known = _decodable(found)
    # The AUROC of 25 against 25 groups has a standard deviation of .08; few simulations may miss .5 by three errors.
    near = abs(grouped - 0.5) <= (0.02 if len(found) >= MANY else 3 * 0.08 / np.sqrt(len(found)))
    return Judged(near and loose > 0.8 and at_most(known, len(found), 0.05), "grouped AUROC .50, ungrouped above .80",
                  f"grouped {grouped:.3f}, ungrouped {loose:.3f}, decodable {known / len(found):.1%}")  # fmt: skip


def _search_is_free(found: list[dict]) -> Judged:
    nested, naive = (float(np.mean([f[key] for f in found])) for key in ("probe", "naive"))
    near = abs(nested - 0.5) <= (0.01 if len(found) >= MANY else 0.06)
    known = _decodable(found)
    p = np.array([f["null_p"] for f in found if f.get("null_p") is not None])
    uniform = stats.kstest(p, "uniform").pvalue if len(p) >= 10 else None  # too few p-values to test their distribution
    null = "" if uniform is None else f", p uniform (KS p = {uniform:.2f})"
    return Judged(
        near and naive > nested + 0.05 and at_most(known, len(found), 0.05) and (uniform is None or uniform > 0.01),
        "nested AUROC .50, naive maximum about .59, p uniform",
        f"nested {nested:.3f}, naive {naive:.3f}, decodable {known / len(found):.1%}{null}",
    )


def _about_the_report_prompt(found: list[dict]) -> Judged:
    judged, about = never_called(found), sum(f["probe_method"] == "nested report" for f in found)
    return Judged(judged.passed and about == len(found), f"{judged.expected}, all about the report prompt",
                  f"{judged.got}; about the report prompt {about / len(found):.0%}")  # fmt: skip


def _self_above_peer(found: list[dict]) -> Judged:
    hits = sum(f["private"] > 0 for f in found)
    shared = float(np.mean([f["shared"] for f in found]))
    got = f"self above peer {hits / len(found):.0%}, mean difference elsewhere {shared:.3f}"
    passed = at_least(hits, len(found), 0.9) and shared < 0.05
    return Judged(passed, "self above peer where truths differ, and there only", got)


def _old_not_new(found: list[dict]) -> Judged:
    old, new = (float(np.mean([f[key] for f in found])) for key in ("old", "new"))
    return Judged(old > 0.99 and abs(new - 0.6) < 0.03, "true of the old behaviour (1.00), of the new in .60",
                  f"old {old:.3f}, new {new:.3f}")  # fmt: skip


def _planted(gap: float, report: float) -> Control:
    return Control(f"P1 muted, gap {gap:g}", "only the report is broken", _oracle(gap, report),
                   lambda found: recovers(found, gap), statistical=True)  # fmt: skip


def _must_be(*names: str):
    return lambda found: returns(found, *names)


PROTOCOL_CONTROLS = (
    Control("N1 oracle", "signal and noise, report corrupted at a known rate", _oracle(0.17, 0.75),
            lambda found: recovers(found, 0.17), statistical=True),
    Control("N1 zero gap", "probe and report equally good", _oracle(0.0, 0.75), never_gap, statistical=True),
    Control("N1 zero gap, clustered", _clustered.__doc__, _clustered, never_gap, statistical=True),
    Control("N1 zero gap, uneven groups", _uneven.__doc__, _uneven, without_a_gap, statistical=True),
    Control("N1 zero gap, one group", _dominated.__doc__, _dominated, _must_be("INCONCLUSIVE")),
    Control("N1 zero gap, layer search", _searched.__doc__, _searched, without_a_gap, statistical=True),
    Control("N1 zero gap, heavy refusal", _refused.__doc__, _refused, never_gap, statistical=True),
    Control("N1 zero gap, unequal classes", _unequal.__doc__, _unequal, never_gap, statistical=True),
    Control("N1 zero gap, as decisions", _decided.__doc__, _decided, never_called, statistical=True),
    Control("N2 hash", "label = hash(group)", _hashed, _nothing_known, statistical=True),
    Control("N3 duplicates", _duplicated.__doc__, _duplicated, _grouping_matters),
    Control("N4 layer search", "forty noise layers, n = 200", _noise_layers, _search_is_free, statistical=True),
    Control("N5 surface", "label = f(length) or a keyword", _surface, _must_be("SURFACE_ONLY")),
    Control("N5 given away", _given_away.__doc__, _given_away, _about_the_report_prompt),
    Control("N6 position", "unpadded token count", _coupled, _must_be("SURFACE_ONLY")),
    Control("N7 constant", "one report, or no readable one", _no_report, _must_be("REPORT_INVALID")),
    _planted(0.1, 0.85), _planted(0.2, 0.7), _planted(0.4, 0.5),
    Control("P1 asked, gap 0.2", _asked.__doc__, _asked, lambda found: recovers(found, 0.2), statistical=True),
    Control("P1 off by three", "counts off by a constant are still informative", _off_by_three, _must_be("NO_GAP")),
    Control("P2 candid", "the report tells the truth", _candid, _must_be("NO_GAP")),
    Control("P4 private", _private.__doc__, _private, _self_above_peer),
    Control("P5 shifted", _shifted.__doc__, _shifted, _old_not_new),
    Control("P6 nonlinear", "label = XOR of two features, truthful report", _exclusive,
            _must_be("REPORT_EXCEEDS_PROBE")),
)  # fmt: skip
