"""Simulated data with known truth: a store, a target, and replies with a planted relation to the labels."""

from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd
from scipy.special import log_expit
from scipy.stats import norm

from tacit.targets.base import Item, Report
from tacit.targets.elicitations import PRIMARY, usual_forms

LEANING = 2.5
"""Log-odds between the planted answers of a model that leans to one of them, in standard deviations: an AUROC of .96"""


@dataclass
class WorldTarget:
    """A target whose labels are given and whose replies are the class name or the number itself."""

    name: str = "behavior"
    kind: str = "categorical"
    classes: tuple[str, ...] = ("no", "yes")
    needs_reply: bool = False
    sampled: bool = False
    reply_tokens: int = 8

    def forms(self, items):
        return usual_forms(rungs=("choice", "free", "shots4"), variants=("swapped",), contexts=("before", "after"))

    def report_prompt(self, item, elicitation):
        return f"{item.report_prompt} ({elicitation.name})"

    def reply_cap(self, elicitation):
        return 0 if elicitation.rung == "logits" else 8

    def valid_answers(self, items, elicitation=PRIMARY):
        return () if elicitation.rung == "free" else self.classes

    def control_fact(self, item, elicitation):
        return None

    def control_answer(self, item, elicitation):
        return item.control_answer

    def shot_answer(self, item, label):
        return str(label)

    def candidates(self, item, items, sampled):
        return ()

    def share_right(self, item, replies):
        return float(np.mean([reply == item.label for reply in replies]))

    def ranking(self, item, scored):
        return float("nan")

    def label(self, item, *, reply, n_tokens, ended=True):
        if item.label == "":
            return None
        return float(item.label) if self.kind == "count" else item.label

    def read(self, item, reply, *, ended=True, elicitation=PRIMARY):
        if reply == "I cannot say":
            return Report("refused", None)
        if self.kind == "count":
            return Report("answered", float(reply)) if reply.lstrip("-").isdigit() else Report("unreadable", None)
        return Report("answered", reply) if reply in self.classes else Report("unreadable", None)


@dataclass
class WorldStore:
    """The store's interface over plain arrays."""

    items: pd.DataFrame
    replies: pd.DataFrame
    arrays: dict
    n_layers: int
    entries: list
    manifest: dict = field(default_factory=lambda: {"entries": [{"key": "abc"}], "tables": {"items.parquet": "def"}})
    site_names: tuple = ("object", "report")
    kept_ends: dict = field(default_factory=dict)
    missing: tuple = ()

    @property
    def layers(self):
        return tuple(range(self.n_layers))

    def sites(self, target, condition):
        return self.site_names

    twins = ()

    def absent(self, target, condition):
        return self.missing

    def lens_and_embeddings(self, target, condition):
        return self.kept_ends

    def load(self, target, condition, site, layer):
        return self.arrays[target, condition, site, layer]


def make_world(
    y,
    *,
    said,
    target=None,
    surface=None,
    n_layers=4,
    d_model=12,
    signal=None,
    seed=0,
    groups=None,
    control="works",
    logprobs=None,
    condition="plain",
    sites=("object", "report"),
    last=None,
    span=None,
    ends=None,
    columns=None,
):
    """A store with labels y (names or numbers), replies `said`, and `signal(layer, site)` added to noise.

    signal: (site, layer) -> (n_items, k) array put into the first k dimensions, or None.
    control: "works" repeats what is planted, "broken" says gibberish, None has no control replies. "leans" says the
    first class whatever is planted, while its log-probabilities tell the planted answers apart; of "deaf" they do not.
    logprobs: (answers, (n_items, n_answers)) of the report, or None.
    last: (n_items,) position of the last token of both prompts; None draws them at random.
    columns: further fields of the items by name, (n_items,) each: source, popularity, answer_type, answers.
    span: ((n_items,) first, (n_items,) last token) of the marked span in both prompts; None marks none.
    ends: input embeddings and logit-lens logits (`Store.lens_and_embeddings`), e.g. from `foretold`; None for none.
    """
    rng, target = np.random.default_rng([seed, 10]), target or WorldTarget()
    items = _items(y, target, surface, groups, rng, columns or {})
    table = pd.DataFrame([{"target": target.name, **asdict(i)} for i in items])
    ways = (rng.integers(10, 90, len(y)), rng.integers(10, 90, len(y))) if last is None else (last, last)
    table = table.assign(n_tokens=-1, object_last=ways[0], report_last=ways[1], span_start=0)
    if span is not None:
        first, end = span
        table = table.assign(span="text", span_start=first, report_start=first, object_end=end, report_end=end)
    replies = _replies(target, condition, items, said, logprobs, control, np.random.default_rng([seed, 14]))
    arrays = {
        (target.name, condition, site, layer): _states(rng, (len(y), d_model), signal and signal(site, layer))
        for site in sites
        for layer in range(n_layers)
    }
    store = WorldStore(
        table, pd.DataFrame(replies), arrays, n_layers, [(target.name, condition)], site_names=tuple(sites),
        kept_ends=ends or {},
    )  # fmt: skip
    return store, target


def _items(y, target, surface, groups, rng, columns) -> list[Item]:
    n = len(y)
    surface = [f"w{rng.integers(1000)} {rng.integers(1000)}" for _ in range(n)] if surface is None else surface
    plant = [f"{int(rng.integers(1, 40))}" if target.kind == "count" else target.classes[k % 2] for k in range(n)]
    return [
        Item(
            item_id=f"i{k}", object_prompt=f"do {k}", report_prompt=f"say {k}", control_answer=plant[k],
            group="" if groups is None else f"g{groups[k]}", surface=surface[k], label=str(y[k]),
            **{name: values[k] for name, values in columns.items()},
        )
        for k in range(n)
    ]  # fmt: skip


def _replies(target, condition, items, said, logprobs, control, rng) -> list[dict]:
    answers, logp = logprobs if logprobs is not None else ((), np.empty((len(items), 0)))
    rows = [reply_row(target, condition, i, "object", "done", (), ()) for i in items]
    rows += [
        reply_row(target, condition, i, "report", s, answers, p) for i, s, p in zip(items, said, logp, strict=True)
    ]
    for item in items[:30] if control is not None else ():
        text = {"works": item.control_answer, "broken": "blah"}.get(control) or target.classes[0]
        known, logp = (), ()
        if control in ("leans", "deaf"):
            apart = LEANING * (item.control_answer == target.classes[1]) * (control == "leans")
            odds = apart - 2 * LEANING + rng.normal()
            known, logp = target.classes, (log_expit(-odds), log_expit(odds))
        rows.append(reply_row(target, condition, item, "control", text, known, logp))
    return rows


def _states(rng, shape: tuple[int, int], extra: np.ndarray | None) -> np.ndarray:
    """(n_items, d_model) float32 noise, with `extra` put into its first dimensions."""
    x = rng.normal(size=shape).astype(np.float32)
    if extra is not None:
        x[:, : extra.shape[1]] += extra
    return x


def reply_row(target, condition, item, prompt, text, answers, logprobs, elicitation=PRIMARY.name):
    """A row of the replies table."""
    return {
        "target": target.name, "condition": condition, "item_id": item.item_id, "prompt": prompt, "text": text,
        "n_tokens": 1, "answers": list(answers), "logprobs": list(logprobs), "ended": True, "prompt_tokens": 9,
        "elicitation": "" if prompt == "object" else elicitation, "sample": 0, "seed": -1,
    }  # fmt: skip


def letters(lengths, seed=0):
    """One text of random letters per length; all differ, because equal texts would form one group."""
    rng = np.random.default_rng([seed, 13])
    return ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), size=int(n))) for n in lengths]


def coin(n, seed=0, names=("no", "yes")):
    """n labels, half of each name, in random order."""
    return [names[k] for k in np.random.default_rng([seed, 11]).permutation(np.arange(n) % 2)]


def flipped(y, rate, seed=0, names=("no", "yes")):
    """The labels with a share `rate` of them replaced by the other name."""
    turn = np.random.default_rng([seed, 12]).random(len(y)) < rate
    return [names[1 - names.index(v)] if t else v for v, t in zip(y, turn, strict=True)]


def graded(y, auroc, seed=0, names=("no", "yes")):
    """A report with a confidence whose AUROC is known: {said, logprobs}, keyword arguments of `make_world`.

    The log-odds are normal, apart by sqrt 2 Phi^-1(auroc); the words are their sign.
    """
    apart = np.sqrt(2) * norm.ppf(auroc)
    positive = np.array([v == names[1] for v in y])
    odds = apart * (positive - 0.5) + np.random.default_rng([seed, 9]).normal(size=len(y))
    said = [names[int(o > 0)] for o in odds]
    return {"said": said, "logprobs": (names, np.stack([log_expit(-odds), log_expit(odds)], axis=1))}


def foretold(y, *, layers, sure=4.0, positive="yes"):
    """`ends` in which the logit lens at the object prompt predicts, at every layer, which of two tokens is written."""
    first = np.array([v == positive for v in y]).astype(np.int64)
    logits = ((np.arange(2) == first[:, None]) * sure).astype(np.float32)
    return {"tokens": np.arange(2), "first": first} | {f"lens/{layer}": logits for layer in layers}


def along(y, strength, *, layers=(2, 3), positive="yes"):
    """A signal: +-strength/2 along the first dimension at these layers, at both sites."""
    column = (np.array([v == positive for v in y]) - 0.5)[:, None] * strength
    return lambda site, layer: column if layer in layers else None
