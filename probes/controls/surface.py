"""What is decodable without the model's later layers: rows of the same table, on the same folds and metric.

In: `Examples`, yardstick, folds, and the layer sweep. Out: one `Baseline` per name. Every baseline that has a penalty
chooses it on inner folds as the probe does, so that none of them is weak for want of tuning.

- ``majority`` or ``median``: the labels alone;
- ``surface numbers``: characters, words, digits, punctuation, capitals, distinct words, mean and longest word;
- ``prompt length``: tokens of the object and report prompts, and at a site within a span the position of the token
  that is read there. Where a count is coupled to the position, this reads it;
- ``source``: template, regime or relation, where there is more than one;
- ``popularity``, ``answer_type``: what the user's table says of the item beside its text (`metadata`);
- ``option order``: which of the options the prompt names first;
- ``surface together``, all of these in one linear probe, and ``surface boosted``, histogram gradient boosting on them:
  what bends, or needs two of them at once, is surface too;
- ``surface in pairs``: products of any two of these features and of the commonest words (`pairs`);
- ``words and characters``: TF-IDF of words and character 2- to 4-grams;
- ``words of the thoughts``: the same of what the model thinks before its report, where it does: the states after it
  may hold what these words say;
- ``embeddings``: layer 0, its site chosen on inner folds;
- ``embeddings, mean``: mean input embedding over the whole prompt: layer 0 of a last token that all prompts share
  tells no two of them apart;
- ``shuffled labels``: the labels permuted by group through the same pipeline at the layer fixed in advance, and
  measured against themselves.
"""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, hstack
from scipy.special import logit
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import Ridge

from tacit.probes.controls.metadata import metadata
from tacit.probes.controls.pairs import PAIRS, Pairable
from tacit.probes.controls.read_positions import read_positions
from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import Folds
from tacit.probes.data.reading import Reading
from tacit.probes.estimators.families import Dense, Family, families, fit_logistic
from tacit.probes.estimators.layer_sweep import each_cross_fit, sweep
from tacit.probes.estimators.nested_cv import Held, choose, cross_fit
from tacit.probes.statistics.groups import permute_by_group
from tacit.probes.statistics.metrics import Scoring

SHUFFLED = "shuffled labels"
MEAN_EMBEDDINGS = "embeddings, mean"
FLOORS = ("majority", "median", SHUFFLED)
"""Baselines that know nothing; the others are rivals that a probe must beat to be more than surface."""


@dataclass(frozen=True)
class Baseline:
    held: Held
    y: np.ndarray | None = None
    """(n_items,) float64, the labels it is measured against where these are not the true ones"""
    kind: str = "baseline"
    """baseline, or control for what is no rival of the probe"""
    note: str = ""
    """what else should be printed beside it; empty for what was chosen"""


@dataclass(frozen=True)
class Text:
    """TF-IDF of words and characters; which terms are kept and their frequencies are the training rows' own."""

    counts: tuple[csr_array, ...]
    """(n_items, n_terms) each: how often each term stands in each text"""

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Text":
        """Counting is done once for all rows: it looks at one text at a time."""
        kinds = ({"analyzer": "word", "token_pattern": r"\S+"}, {"analyzer": "char_wb", "ngram_range": (2, 4)})
        return cls(tuple(csr_array(_count(CountVectorizer(**options), texts)) for options in kinds))

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[csr_array, csr_array]:
        """(n_train, n_terms) and (n_test, n_terms) float64: the commonest 3,000 terms of two texts or more."""
        parts = []
        for counts in self.counts:
            seen = counts[train]
            often = np.where((seen > 0).sum(axis=0) >= 2, np.asarray(seen.sum(axis=0)), 0).ravel()
            kept = np.sort(np.argsort(-often, kind="stable")[: min(3000, int((often > 0).sum()))])
            model = TfidfTransformer(sublinear_tf=True).fit(seen[:, kept]) if len(kept) else None
            if model is not None:
                parts.append((model.transform(seen[:, kept]), model.transform(counts[test][:, kept])))
        if not parts:  # no term stands in two texts: nothing to learn from
            return csr_array((len(train), 1)), csr_array((len(test), 1))
        return tuple(csr_array(hstack(side)) for side in zip(*parts, strict=True))


def _count(model: CountVectorizer, texts: Sequence[str]):
    try:
        return model.fit_transform(texts).astype(np.float64)
    except ValueError:  # not one term in all texts
        return np.zeros((len(texts), 1))


def baselines(
    examples: Examples, scoring: Scoring, folds: Folds, *, sites: Sequence[str] = (), n_jobs: int = 1
) -> dict[str, Baseline]:
    """Every baseline that reads only labels, texts and token positions, by name. sites: those that the probe reads."""
    texts = texts_of(examples)
    numbers, probes = surface_numbers(texts), families(scoring.kind)
    parts = {
        "surface numbers": numbers,
        "prompt length": prompt_lengths(examples, sites),
        "source": one_hot(examples.frame["source"].to_numpy(dtype=object)),
        "option order": option_order(examples.frame),
        **metadata(examples.frame),
    }
    parts = {name: x for name, x in parts.items() if x is not None and x.shape[1] and (x != x[0]).any()}
    together = np.hstack(list(parts.values())) if parts else numbers
    plans = {
        "median" if scoring.kind == "count" else "majority": (Plain(np.zeros((len(scoring.y), 1))), (PRIOR,), False)
    }
    plans |= {name: (Dense(x), probes, True) for name, x in parts.items()}
    if len(parts) > 1:
        plans["surface together"] = Dense(together), probes, True
    plans["surface boosted"] = Plain(together), (BOOSTED,), False
    plans["surface in pairs"] = Pairable.of(together, texts), (PAIRS,), True
    plans["words and characters"] = Text.of(texts), (TEXT_RIDGE if scoring.kind == "count" else TEXT_LOGISTIC,), True
    if "thoughts" in examples.frame and (thoughts := examples.frame["thoughts"].tolist()) and any(thoughts):
        plans["words of the thoughts"] = Text.of(thoughts), plans["words and characters"][1], True
    jobs = ((features, scoring, folds, chosen, inner) for features, chosen, inner in plans.values())
    return {name: Baseline(held) for name, held in zip(plans, each_cross_fit(jobs, n_jobs=n_jobs), strict=True)}


def texts_of(examples: Examples) -> np.ndarray:
    """(n_items,) str, what the baselines read: the item's text and, where the user's table words the question itself,
    the question, for the label may be in its words."""
    text, question = (examples.frame[name].to_numpy(dtype=object) for name in ("surface", "question"))
    return np.array([f"{one}\n{other}" if other else one for one, other in zip(text, question, strict=True)], object)


def shuffled(
    examples: Examples,
    scoring: Scoring,
    folds: Folds,
    *,
    sites: Sequence[str],
    layer: int,
    rng: np.random.Generator,
    n_jobs: int = 1,
) -> Baseline:
    """The pipeline at one layer, site chosen inside, on labels permuted by group."""
    y = permute_by_group(scoring.y, folds.groups, rng)
    permuted = scoring.with_labels(y)
    found = sweep(examples.acts, permuted, folds, sites=sites, layers=[layer], n_jobs=n_jobs)
    return Baseline(found.nested(folds.fold, layers=[layer]), y)


def mean_embeddings(
    ends: Mapping[str, np.ndarray], rows: np.ndarray, scoring: Scoring, folds: Folds
) -> Baseline | None:
    """The mean input embedding of the object or of the report prompt, chosen on inner folds; None where none was kept.

    ends: what `Store.lens_and_embeddings` gives for the entry; rows: (n_items,) positions of the items in it.
    """
    names = sorted(name for name in ends if name.startswith("mean/"))
    if not names:
        return None
    held = [cross_fit(Dense(ends[name][rows]), scoring, folds, families(scoring.kind)) for name in names]
    return Baseline(choose(held, [Reading(name.removeprefix("mean/"), 0) for name in names], folds.fold))


def surface_numbers(texts: Sequence[str]) -> np.ndarray:
    """(n_items, 8) float64: characters, words, digits, punctuation, capitals, distinct words, mean and longest word."""
    rows = []
    for text in texts:
        words = text.split()
        lengths = [len(w) for w in words] or [0]
        rows.append(
            (
                len(text), len(words), sum(c.isdigit() for c in text), sum(c in string.punctuation for c in text),
                sum(c.isupper() for c in text), len(set(words)), float(np.mean(lengths)), max(lengths),
            )
        )  # fmt: skip
    return np.array(rows, dtype=np.float64)


def prompt_lengths(examples: Examples, sites: Sequence[str] = ()) -> np.ndarray | None:
    """(n_items, n_positions) float64: `read_positions` at these sites, those of all items known; None for none."""
    columns = [x for x in read_positions(examples.frame, sites).values() if np.isfinite(x).all()]
    return np.stack(columns, axis=1) if columns else None


def option_order(frame) -> np.ndarray | None:
    """(n_items, n_options) float64: which option the object prompt names first; None where there are no options."""
    if "answers" not in frame or "property" not in frame or not (frame["property"] == "option").all():
        return None
    rows = []
    for prompt, options in zip(frame["object_prompt"], frame["answers"], strict=True):
        at = [prompt.casefold().find(str(option).casefold()) for option in options]
        first = min((place, k) for k, place in enumerate(place if place >= 0 else len(prompt) for place in at))[1]
        rows.append(np.eye(len(at))[first])
    return np.array(rows) if len({len(row) for row in rows}) == 1 else None


def one_hot(names: np.ndarray) -> np.ndarray:
    """(n_items, n_distinct) float64 indicator of each name."""
    _, codes = np.unique(names.astype(str), return_inverse=True)
    return np.eye(codes.max() + 1)[codes]


@dataclass(frozen=True)
class Plain:
    """Features used as they are."""

    x: np.ndarray

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.x[train], self.x[test]


def fit_boosted(x_train, y_train, x_test, *, n_classes: int, only: int | None = None) -> np.ndarray:
    """Histogram gradient boosting, absolute error for counts; small trees, no early stopping, fixed seed."""
    options = {"max_iter": 60, "max_leaf_nodes": 8, "min_samples_leaf": 8, "early_stopping": False, "random_state": 0}
    if n_classes == 0:
        return (
            HistGradientBoostingRegressor(loss="absolute_error", **options).fit(x_train, y_train).predict(x_test)[None]
        )
    seen = np.unique(y_train).astype(int)
    if len(seen) < 2:
        return fit_prior(x_train, y_train, x_test, n_classes=n_classes)
    found = HistGradientBoostingClassifier(**options).fit(x_train, y_train.astype(int)).predict_proba(x_test)
    share = np.zeros((len(x_test), n_classes))
    share[:, seen] = found
    return (logit(np.clip(share[:, 1], 1e-6, 1 - 1e-6)) if n_classes == 2 else share)[None]


def fit_prior(x_train, y_train, x_test, *, n_classes: int, only: int | None = None) -> np.ndarray:
    """Median of the training labels, or their smoothed class shares (log-odds for two classes)."""
    if n_classes == 0:
        return np.full((1, len(x_test)), float(np.median(y_train)))
    return fit_logistic(np.zeros((len(x_train), 1)), y_train, x_test, n_classes=n_classes, only=0)


def _fit_text_ridge(x_train, y_train, x_test, *, n_classes: int = 0, only: int | None = None) -> np.ndarray:
    grid = TEXT_ALPHAS if only is None else (TEXT_ALPHAS[only],)
    return np.stack([Ridge(alpha=a, solver="sparse_cg").fit(x_train, y_train).predict(x_test) for a in grid])


def _fit_text_logistic(x_train, y_train, x_test, *, n_classes: int, only: int | None = None) -> np.ndarray:
    return fit_logistic(x_train, y_train, x_test, n_classes=n_classes, only=only, grid=TEXT_CS)


TEXT_CS = (0.1, 1.0, 10.0, 100.0)
TEXT_ALPHAS = (10.0, 1.0, 0.1)
BOOSTED = Family("boosting", ("",), fit_boosted)
PRIOR = Family("labels", ("",), fit_prior)
TEXT_LOGISTIC = Family("logistic", tuple(f"C={c:g}" for c in TEXT_CS), _fit_text_logistic)
TEXT_RIDGE = Family("ridge", tuple(f"alpha={a:g}" for a in TEXT_ALPHAS), _fit_text_ridge)
