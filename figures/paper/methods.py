"""The methods section of a run for a paper: what was asked of which model, and how it was scored.

In: `RunFiles`. Out: sentences, as Markdown or LaTeX, and the works they cite. Every sentence follows from a file of the
run; whatever the files do not say is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version

import pandas as pd

from tacit.figures.drawing import words
from tacit.figures.drawing.latex_escape import latex
from tacit.figures.inputs.elicitation_rows import TUNED, form, rung_rows
from tacit.figures.inputs.layer_rows import clean_scores
from tacit.figures.inputs.run_files import RunFiles
from tacit.figures.paper import references
from tacit.figures.tables.table import markdown
from tacit.names import BEHAVIOR, CONTROL_TASK, FIXED, RANDOM_MODEL, base_target

_TOKENS = "the number of tokens of the text by the model's own tokenizer"
_LABELS = {
    "token_count": _TOKENS, "coupled_count": _TOKENS, "char_count": "the number of characters of the text",
    "word_count": "the number of words of the text",
    "knowledge": "whether the model's greedy reply to the object prompt matches one of the accepted answers",
    "truth": "whether the statement is true, as given by the data set",
}  # fmt: skip
_CHOSEN = "the option that the model's greedy reply to the object prompt chooses"
_METRICS = {
    "skill": "Skill is 1 − (mean absolute error)/(mean absolute error of always guessing the median label of the"
    " training folds): 0 for that guess, 1 if every count is exact; a non-answer gets the error of that guess",
    "macro_auroc": "Macro AUROC is the mean, over classes, of the AUROC of each against the rest",
    "auroc": "AUROC is computed within folds, because each fold has its own probe: only pairs of items held out in the"
    " same fold count, and ties and pairs with a non-answer count one half",
}
"""Definitions of the metrics that need one."""
_BASELINES = {
    "surface numbers": "counts of characters, words, digits and the like", "prompt length": "in tokens",
    "surface together": "all numbers and columns of the items in one linear probe",
    "surface boosted": "gradient boosting on the same",
    "surface in pairs": "products of two of these, or of two common words",
    "words and characters": "TF-IDF of words and character n-grams", "embeddings": "layer 0",
    "embeddings, mean": "layer 0, averaged over the prompt",
}  # fmt: skip
"""Baselines whose names alone do not say what they read."""
_TOLD_ELSEWHERE = (CONTROL_TASK, "positive control")


@dataclass(frozen=True)
class Sentence:
    """One sentence without its full stop, and what it cites."""

    text: str
    cites: tuple[str, ...] = ()


def methods(run: RunFiles) -> list[list[Sentence]]:
    """The paragraphs: model and items, probes, reports, statistics, software."""
    found = [list(part(run)) for part in (_model, _items, _probes, _reports, _statistics, _software)]
    return [paragraph for paragraph in found if paragraph]


def as_markdown(paragraphs: list[list[Sentence]]) -> str:
    """The paragraphs as Markdown, with citations for pandoc: `[@holm1979]`."""

    def one(sentence: Sentence) -> str:
        cited = "; ".join(f"@{key}" for key in sentence.cites)
        return markdown(sentence.text) + (f" [{cited}]." if cited else ".")

    return "\n\n".join(" ".join(map(one, paragraph)) for paragraph in paragraphs) + "\n"


def as_latex(paragraphs: list[list[Sentence]], *, origin: str) -> str:
    """The paragraphs as LaTeX, with `\\cite`; origin: the run that they describe, written as a comment."""

    def one(sentence: Sentence) -> str:
        return latex(sentence.text) + (f"~\\cite{{{','.join(sentence.cites)}}}." if sentence.cites else ".")

    body = "\n\n".join(" ".join(map(one, paragraph)) for paragraph in paragraphs)
    return f"% {words.one_line(origin)}\n{body}\n"


def bibliography(paragraphs: list[list[Sentence]]) -> str:
    """BibTeX of the works that the paragraphs cite."""
    return references.bibliography(key for paragraph in paragraphs for sentence in paragraph for key in sentence.cites)


def _model(run: RunFiles) -> Iterator[Sentence]:
    model, facts = run.manifest.get("model") or {}, run.manifest
    if model.get("id"):
        weights = next((digest for name, digest in model.items() if name.endswith((".safetensors", ".gguf"))), "")
        exact = f"revision {model['revision']}" if "revision" in model else f"weights {weights[:12]}"
        yield Sentence(f"The model was {model['id']} ({exact})")
    if facts.get("d_model"):
        size = f"{int(facts['n_layers']) - 1} blocks and a residual stream of width {facts['d_model']}"
        yield Sentence(f"It has {size}, and was run in {facts.get('dtype')} on {facts.get('device')}")
    conditions = run.settings.get("conditions") or {}
    named = [
        f"“{name}” ({f'system prompt “{text}”' if text else 'no system prompt'})" for name, text in conditions.items()
    ]
    if named:
        yield Sentence(f"{'Conditions were' if len(named) > 1 else 'The condition was'} {words.listed(named)}")


def _items(run: RunFiles) -> Iterator[Sentence]:
    yield from _labels(run)
    together: dict[tuple[str, str], list[str]] = {}
    for entry in run.entries:
        what = words.plain(entry.get("target"))
        together.setdefault((what, _analysed(entry)), []).append(str(entry.get("condition")))
    for (what, became), conditions in together.items():
        each = " each" if len(conditions) > 1 else ""
        yield Sentence(f"{what[:1].upper()}{what[1:]} ({words.listed(conditions)}{each}) {became}")
    folds = sorted({entry["n_folds"] for entry in run.entries if "n_folds" in entry})
    if folds:
        split = f"{words.listed([str(n) for n in folds])} folds, and no group was split between training and test"
        yield Sentence("Items that share a prompt, an entity, a named group or (for knowledge) an answer are one group")
        yield Sentence(f"Cross-validation used {split}")


def _analysed(entry: Mapping) -> str:
    """How many items of a target were analysed, or why none: the predicate of a sentence about the target."""
    if entry.get("status") != "probed":
        return f"was not analysed ({str(entry.get('reason', '')).rstrip('.')})"
    dropped = sum(v for v in (entry.get("dropped") or {}).values() if isinstance(v, int))
    left = f"; {dropped} were left out as unusable" if dropped else ""
    return f"had {entry.get('n')} items in {entry.get('n_groups')} groups{left}"


def _labels(run: RunFiles) -> Iterator[Sentence]:
    """Where the labels come from: computed, or read from the item table. User targets explain their own."""
    asked = run.tables.get("asked")
    if asked is None or not {"target", "label", "property"} <= set(asked.columns):
        return
    for target, items in asked.fillna({"label": "", "property": ""}).groupby("target", sort=False):
        computed = _computed(str(target), set(items["property"]))
        given, name = int((items["label"] != "").sum()), words.plain(target)
        if computed and given == len(items):
            yield Sentence(f"The label of {name} was read from the item table")
        elif computed:
            rest = f"; for {given} of {len(items)} items it was read from the item table" if given else ""
            yield Sentence(f"The label of {name} is {computed}{rest}")


def _computed(target: str, properties: set[str]) -> str:
    """How the label of a built-in target is computed; "" for a user-defined target."""
    if base_target(target) != BEHAVIOR:
        return _LABELS.get(target, "")
    name = min(properties, default="") or "option"
    return _CHOSEN if name == "option" else f"a property of the model's greedy reply to the object prompt, “{name}”"


def _probes(run: RunFiles) -> Iterator[Sentence]:
    sites = run.settings.get("sites") or ()
    if sites:
        layers = _layers(run.manifest)
        yield Sentence(
            f"The residual stream was read at {words.listed([f'the {site} prompt' for site in sites])}, {layers}",
            ("fiottokaufman2024", "wolf2020", "paszke2019"),
        )
        yield Sentence("The object prompt makes the model act, and the report prompt asks it about itself")
    scores = clean_scores(run.scores)
    swept = scores[(scores["kind"] == "probe") & (scores["method"] == "probe")]
    families = sorted({_family(note.split(" ")[0]) for note in swept["note"] if note})
    if families:
        kinds = f"linear probes ({words.listed(families)})"
        yield Sentence(
            f"At each site and layer we trained {kinds} on standardised states", ("pedregosa2011", "belinkov2022")
        )
    if (scores["method"] == "nested").any():
        chosen = "were chosen by nested cross-validation, on inner folds split by group"
        yield Sentence(f"For the quoted score, site, layer, probe family and penalty {chosen}", ("cawley2010",))
    yield from _fixed(scores)
    yield from _baselines(run, scores)
    yield from _controls(scores)
    yield from _null(run)
    yield from _ablated(run)


def _fixed(scores: pd.DataFrame) -> Iterator[Sentence]:
    """The probes at the layer that was fixed in advance; some families are fitted only there."""
    probes = scores[(scores["kind"] == "probe") & (scores["layer"] >= 0)]
    rows = probes[[name.startswith(FIXED) for name in probes["method"]]]
    if rows.empty:
        return
    layers = words.listed([f"{layer:g}" for layer in sorted(set(rows["layer"]))])
    alone = [_family(name.removeprefix(f"{FIXED}, ")) for name in dict.fromkeys(rows["method"]) if name != FIXED]
    fixed = f"For comparison, layer {layers} was fixed in advance, and only site, probe family and penalty were chosen"
    yield Sentence(fixed + (f"; at that layer, {words.listed(alone)} were also scored separately" if alone else ""))


def _baselines(run: RunFiles, scores: pd.DataFrame) -> Iterator[Sentence]:
    names = _methods(scores, "baseline")
    if names:
        told = [f"{name} ({_BASELINES[name]})" if name in _BASELINES else name for name in names]
        yield Sentence(f"Baselines on the same folds and metric were: {'; '.join(told)}")
    twins = len((run.facts.get("made_from") or {}).get("twins") or ())
    if twins and RANDOM_MODEL in names:
        several = (
            f"the mean prediction of {twins} random-initialised models" if twins > 1 else "a random-initialised model"
        )
        yield Sentence(f"Of these, “{RANDOM_MODEL}” is {several} of the same architecture, probed in the same way")


def _controls(scores: pd.DataFrame) -> Iterator[Sentence]:
    names = _methods(scores, "control")
    if CONTROL_TASK in names:
        task = "on labels drawn from the true ones by a hash of the group"
        yield Sentence(
            f"As a control task, the quoted probe was also trained and scored, at the same sites and layers, {task}",
            ("hewitt2019",),
        )
    others = [name for name in names if name not in _TOLD_ELSEWHERE]
    if others:
        yield Sentence(f"Further controls were: {'; '.join(others)}")


def _methods(scores: pd.DataFrame, kind: str) -> list[str]:
    """The methods of one kind, in the order and by the names of the tables."""
    return list(dict.fromkeys(scores.loc[scores["kind"] == kind, "method"]))


def _family(name: str) -> str:
    """A family of probes as it is printed: initials in capitals."""
    return name.upper() if name in ("lda", "mlp") else name


def _null(run: RunFiles) -> Iterator[Sentence]:
    if "null" in run.tables and "n_permutations" in run.tables["null"]:
        number = int(run.tables["null"]["n_permutations"].max())
        yield Sentence(
            f"For the null, labels were permuted by group {number} times, and the whole pipeline was rerun each time"
        )


def _ablated(run: RunFiles) -> Iterator[Sentence]:
    if not run.used:
        return
    others, items = (_span([one[name] for one in run.used]) for name in ("n_random", "n"))
    yield Sentence(
        "To test whether the model uses the probe direction, everything that covaries with the probe's score was"
        f" removed from the last token's state of {items} items, and the change of the next-token distribution was"
        f" measured; controls were {others} label-shuffled probes and as many random directions"
        " matched in norm", ("belrose2023",),
    )  # fmt: skip


def _reports(run: RunFiles) -> Iterator[Sentence]:
    asked = rung_rows(run.scores, run.entries, run.rows)
    forms = [name for name in dict.fromkeys(asked["form"]) if name not in ("best of all", form(TUNED))]
    if forms:
        yield Sentence(f"Reports on the same items were elicited in these forms: {'; '.join(forms)}")
        yield Sentence("The word “you” marks questions about the model itself, “typical” those about a typical model")
    if asked["fitted"].any():
        fitted = "after a one-dimensional map fitted on the probe's training folds"
        yield Sentence(f"Each report was scored as given and {fitted}; the best of all was chosen on training folds")
        yield Sentence("Refusals and unreadable replies count as wrong, and as ties where items are ranked")
    yield from _tuned(run)
    controls = [one.get("n_control") for one in run.verdicts if one.get("n_control")]
    if controls:
        yield Sentence(f"As a positive control, the answer was stated in {_span(controls)} prompts of the same format")


def _tuned(run: RunFiles) -> Iterator[Sentence]:
    tuned = {f"{words.plain(one['target'])} ({words.plain(one['condition'])})": one["tuning"] for one in run.verdicts
             if one.get("tuning")}  # fmt: skip
    if not tuned:
        return
    size = _span([how["how"]["embeddings"] for how in tuned.values()])
    yield Sentence(
        f"For {words.listed(list(tuned))}, a soft prompt of {size} embeddings was trained by gradient on the labels of"
        " the training folds, one of them kept for early stopping, and the answers on the held-out fold were scored",
        ("lester2021",),
    )  # fmt: skip
    if any(how.get("control") for how in tuned.values()):
        yield Sentence(
            "As its control task, it was trained in the same way on labels permuted by group", ("hewitt2019",)
        )
    failed = [place for place, how in tuned.items() if not how["took"]]
    if failed:
        yield Sentence(f"For {words.listed(failed)}, its training did not converge")


def _statistics(run: RunFiles) -> Iterator[Sentence]:
    metrics = list(dict.fromkeys(one["metric"] for one in run.verdicts if one.get("metric")))
    if not metrics:
        return
    yield Sentence(
        f"Probe and report were scored on the same held-out items by {words.listed([*map(words.metric, metrics)])}"
    )
    defined = {*metrics, *(["auroc"] if "macro_auroc" in metrics else [])}
    yield from (Sentence(text) for name, text in _METRICS.items() if name in defined)
    number = run.facts.get("n_resamples")
    times = f" with {number} resamples" if isinstance(number, int) else ""
    yield Sentence(
        f"Intervals (95 %) are percentiles of a bootstrap over groups{times}, the same for every method; what inner"
        " folds chose for the nested probe and the best report is chosen again in every resample, and intervals are"
        " widened if groups are few", ("field2007", "hesterberg2015"),
    )  # fmt: skip
    margins = sorted({one["margin"] for one in run.verdicts if isinstance(one.get("margin"), float)})
    if margins:
        tests = f"two one-sided tests with a margin of {words.listed([f'{m:g}' for m in margins])}"
        yield Sentence(f"Absence of a gap was tested by {tests}", ("schuirmann1987",))
    if any(one.get("mcnemar_midp") is not None for one in run.verdicts):
        test = "McNemar's mid-p test, which treats items as independent even if they share a group"
        yield Sentence(f"Right and wrong answers of probe and report were compared by {test}", ("fagerland2013",))
    if any(one.get("holm_p") is not None for one in run.verdicts):
        yield Sentence("P-values over targets and conditions were adjusted by Holm's method", ("holm1979",))


def _software(run: RunFiles) -> Iterator[Sentence]:
    used = [f"{name} {number}" for name, number in (run.manifest.get("versions") or {}).items()]
    used = [f"tacit {(run.facts.get('made_from') or {}).get('tacit') or version('tacit-lm')}", *used]
    used += [f"scikit-learn {version('scikit-learn')}"]
    seed = run.settings.get("seed")
    seeds = f"; the seed of items, samples and folds was {seed}" if seed is not None else ""
    yield Sentence(f"Software: {words.listed(used)}{seeds}")


def _layers(manifest: Mapping) -> str:
    layers = manifest.get("layers") or []
    if not layers or (layers == list(range(len(layers))) and len(layers) == manifest.get("n_layers")):
        return "after the embeddings and after every block"
    return f"at layers {words.listed([str(layer) for layer in layers])}"


def _span(values: list) -> str:
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"
