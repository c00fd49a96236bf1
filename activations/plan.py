"""The plan of what to cache, made before anything runs: items, rendered prompts, and a content key for each entry.

The key covers everything that changes the numbers, except, on purpose, the batch size (results are equal up to float
rounding) and the device (recorded in the manifest).
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version

import numpy as np
import pandas as pd

from tacit.activations.model.load import context_of, dtype_name
from tacit.activations.model.prompts import Prompt, check_lengths, encode
from tacit.activations.model.sites import PROMPTS, Site, parse_layers, parse_site, sites_of, token_range
from tacit.activations.store.store import FORMAT
from tacit.activations.templates.render import has_chat_template, renderer
from tacit.activations.templates.thinking import Thinking, thinking_of
from tacit.errors import ActivationError
from tacit.settings import LONGEST_NAME, Settings
from tacit.targets.counting.coupling import Coupling, coupling
from tacit.targets.questions import Question

SHARD_ROWS = 256
"""Most items in a shard."""
SLOW_ROWS, SMALL = 32, 20_000_000
"""Items in a shard of a model of more parameters than this: a minute or two of work on two cores for a hundred million,
so that a kill loses no more."""
CONTROL_ROWS = 100
"""Items that also get the positive control: enough to distinguish a rate of .8 from .5, at a sixth of the cost."""
ACTS = "acts"
"""The part of the replies to the object prompts, from which labels are read."""
LIBRARIES = ("nnsight", "torch", "transformers")
_installed = cache(version)  # each look reads a package's whole description


@dataclass(frozen=True)
class Ask:
    """One target's questions, before they are rendered as prompts."""

    target: str
    items: pd.DataFrame
    """A row per item, with at least item_id; with object_prompt, report_prompt and span where the states are read."""
    questions: tuple[Question, ...]
    part: str = "states"
    """`states`: the residual stream is read as well, at the object and report prompts; any other value: only replies
    are collected, and the value names the elicitation."""


@dataclass(frozen=True)
class Entry:
    """One target under one condition, rendered and keyed."""

    ask: Ask
    condition: str
    prompts: Mapping[str, Sequence[Prompt]]
    """Key of a question -> prompts in the items' order; a positive control has only the first CONTROL_ROWS."""
    sites: tuple[Site, ...]
    """Where the residual stream is read; empty if only replies are collected."""
    key: str
    """sha256 of everything that changes the numbers."""
    shard_rows: int
    """Items in a shard."""
    answered: Mapping[str, Sequence[Prompt]] = field(default_factory=dict)
    """Of a model that thinks first: key of a question -> its prompts with thoughts that are closed before they begin,
    after which log-probabilities of answers are read. Empty for other models: they are read after `prompts`."""
    thoughts: Mapping[str, Sequence[Sequence[int]]] = field(default_factory=dict)
    """Of a model that reads what another one thought: key of a question -> tokens of the closed thoughts, per item."""

    @property
    def folder(self) -> str:
        """The name of the entry's folder: a hash of its content, and what a person needs to recognise it."""
        return f"{self.key[:12]}-{self.ask.target}-{self.condition}-{self.ask.part}"

    @property
    def rows(self) -> list[range]:
        """The range of items in each shard."""
        n = len(self.ask.items)
        return [range(start, min(start + self.shard_rows, n)) for start in range(0, n, self.shard_rows)]


@dataclass(frozen=True)
class Terms:
    """What all entries of a run share."""

    tokenizer: object
    model: Mapping[str, str]
    """The weights' fingerprint."""
    dtype: str
    context: int | None
    """Longest input in tokens; None without a limit."""
    sites: tuple[str, ...]
    layers: str
    shard_rows: int
    thinking: Thinking
    thinking_tokens: int
    """Room for thoughts."""

    def question(self, asked: Question) -> Question:
        """The question with room for the model's thoughts; a reply that is begun has none."""
        if asked.opening:
            return asked
        return replace(asked, tokens=self.thinking.tokens(asked.tokens, self.thinking_tokens, self.context))

    def begun(self, asked: Question) -> str:
        """What stands after the prompt where the reply is begun: thoughts are closed first. Without a chat template
        every prompt ends with an answer to be gone on with."""
        closed = self.thinking.closing if self.thinking.on else ""
        return closed + asked.opening if has_chat_template(self.tokenizer) else ""


def plan_run(
    asks: Iterable[Ask], settings: Settings, *, tokenizer, config, model: Mapping[str, str], only: str | None = None
) -> list[Entry]:
    """Plan every target under every condition (or under `only`), in that order; `model` is the weights' fingerprint.

    Raises ActivationError for prompts that do not fit the context, spans that cannot be found, and unusable names.
    """
    check_conditions(settings.conditions)
    if n_blocks := getattr(config.get_text_config(), "num_hidden_layers", None):
        parse_layers(settings.layers, n_blocks + 1)  # checked now, so that a typo is not written to the run's settings
    terms = Terms(
        tokenizer,
        model,
        dtype_name(settings, config),
        context_of(config),
        settings.sites,
        settings.layers,
        rows_in_a_shard(config),
        thinking_of(tokenizer),
        settings.thinking_tokens,
    )
    conditions = {name: system for name, system in settings.conditions.items() if only in (None, name)}
    return [plan_entry(ask, name, system, terms) for ask in asks for name, system in conditions.items()]


def rows_in_a_shard(config) -> int:
    """By the size of the model's blocks, estimated from its config: twelve square matrices of its width in each."""
    text = config.get_text_config()
    size = 12 * text.hidden_size**2 * (getattr(text, "num_hidden_layers", None) or 1)
    return SHARD_ROWS if size < SMALL else min(SHARD_ROWS, SLOW_ROWS)


def plan_entry(ask: Ask, condition: str, system: str, terms: Terms) -> Entry:
    """Render one target under one condition.

    Raises ActivationError for prompts that do not fit the context, and for spans and sites that cannot be found.
    """
    render, where = renderer(terms.tokenizer, system), f"{ask.target}/{condition}"
    ask = replace(ask, questions=tuple(terms.question(question) for question in ask.questions))
    sites = _sites(ask, terms)
    spans = list(ask.items["span"]) if sites else [""] * len(ask.items)
    prompts, answered, names = {}, {}, list(ask.items["item_id"])
    for question in ask.questions:
        rendered = render.all(question.texts)
        if question.opening:
            rendered = [text + terms.begun(question) for text in rendered]
        prompts[question.key] = encode(terms.tokenizer, rendered, spans[: len(rendered)])
        if terms.thinking.on and not question.opening and (question.answers or question.continuations):
            answered[question.key] = encode(terms.tokenizer, [text + terms.thinking.closing for text in rendered])
            check_lengths(answered[question.key], terms.context, 1, f"{where}, {question.key} prompts", names=names)
        room = max(question.tokens, 1)
        check_lengths(prompts[question.key], terms.context, room, f"{where}, {question.key} prompts", names=names)
    for site in sites:
        for prompt in prompts[site.prompt]:
            token_range(site, prompt)
    key = _key(ask, prompts, answered, sites, terms)
    return Entry(ask, condition, prompts, sites, key, terms.shard_rows, answered)


def _sites(ask: Ask, terms: Terms) -> tuple[Site, ...]:
    if ask.part != "states":
        return ()
    sites = sites_of(terms.sites, marked=bool((ask.items["span"] != "").all()))
    if not sites:
        raise ActivationError(
            f"{ask.target}: its prompts have no marked span, so --sites {','.join(terms.sites)} reads nothing. "
            "Add object or report."
        )
    return sites


def _key(ask: Ask, prompts: Mapping, answered: Mapping, sites: Sequence[Site], terms: Terms) -> str:
    content = {
        "format": FORMAT,
        "model": dict(terms.model),
        "dtype": terms.dtype,
        "chat_template": terms.tokenizer.chat_template,
        "versions": {library: _installed(library) for library in LIBRARIES},
        "sites": [site.name for site in sites],
        "layers": terms.layers if sites else "",
        "shard_rows": terms.shard_rows,
        "target": ask.target,
        "part": ask.part,
        "items": list(ask.items["item_id"]),
        "questions": [_terms_of(question, prompts[question.key]) for question in ask.questions],
    }
    if terms.thinking.on:
        content["thinking"] = [terms.thinking.opening, {key: _digest(each) for key, each in answered.items()}]
        content |= {"after thoughts": True} if any(site.follows_thoughts for site in sites) else {}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _terms_of(question: Question, prompts: Sequence[Prompt]) -> list:
    return [
        question.key, _digest(prompts), list(question.answers), question.tokens, question.samples,
        list(question.continuations),
    ]  # fmt: skip


def _digest(prompts: Sequence[Prompt]) -> str:
    """sha256 of the rendered texts and their token ids."""
    digest = hashlib.sha256()
    for prompt in prompts:
        digest.update(prompt.text.encode() + b"\0" + np.asarray(prompt.ids, dtype="<i4").tobytes())
    return digest.hexdigest()


def item_table(entries: Sequence[Entry]) -> pd.DataFrame:
    """`items.parquet`: each target's items with the token positions of their prompts.

    `n_tokens` is the length of the marked span; -1 where nothing is marked, or where object and report prompt (or two
    conditions) tokenize it differently, so that there is no single count. Positions are under the first condition.
    """
    tables = []
    for target in dict.fromkeys(entry.ask.target for entry in entries):
        mine = [entry for entry in entries if entry.ask.target == target and entry.sites]
        first = mine[0]
        counts = np.array([[p.n_span for p in entry.prompts[kind]] for entry in mine for kind in PROMPTS])
        same = (counts == counts[0]).all(axis=0)
        tables.append(first.ask.items.assign(
            target=target, n_tokens=np.where(same, counts[0], -1),
            span_start=[p.span[0] for p in first.prompts["object"]],
            report_start=[p.span[0] for p in first.prompts["report"]],
            **{f"{kind}_end": [max(p.span[1] - 1, -1) for p in first.prompts[kind]] for kind in PROMPTS},
            object_last=[len(p.ids) - 1 for p in first.prompts["object"]],
            report_last=[len(p.ids) - 1 for p in first.prompts["report"]],
        ))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def position_couplings(items: pd.DataFrame, sites: Sequence[str]) -> dict[str, list[Coupling]]:
    """Target that counts tokens -> how the count is correlated with where its span starts and with the positions that
    are read at these sites. Targets with fewer than three spans are left out."""
    found = {}
    for target, spans in items[(items["n_tokens"] > 0) & items["target"].isin(TOKEN_COUNTS)].groupby("target"):
        names = dict.fromkeys(("span_start", *(name for site in sites for name in _positions_read(parse_site(site)))))
        if len(spans) >= 3:
            found[target] = [coupling(name, spans["n_tokens"], spans[name]) for name in names]
    return found


def _positions_read(site: Site) -> tuple[str, ...]:
    """Columns of the item table with the positions that a site reads."""
    start = "span_start" if site.prompt == "object" else "report_start"
    ends = {"end": (f"{site.prompt}_end",), "mean": (start, f"{site.prompt}_end")}
    return ends.get(site.where, (f"{site.prompt}_last",))


TOKEN_COUNTS = ("token_count", "coupled_count")
"""Targets whose label is the number of tokens of the span."""


def check_conditions(conditions: Mapping[str, str]) -> None:
    """Raises ActivationError for names that cannot be folder names, and for two conditions with the same prompt."""
    for name in conditions:
        if not name.replace("-", "").replace("_", "").isalnum():
            raise ActivationError(f"condition {name!r}: use letters, digits, '-' and '_'. Try: --condition honest=…")
        if len(name.encode()) > LONGEST_NAME:
            raise ActivationError(
                f"condition {name[:40]!r}… has {len(name)} characters, and its name may have {LONGEST_NAME}. Shorten "
                "it."
            )
    if len(set(conditions.values())) < len(conditions):
        warnings.warn("two conditions have the same system prompt, so they will give the same numbers", stacklevel=2)
