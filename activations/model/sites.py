"""Where the residual stream is read: which prompt, and which of its tokens.

object, report           the last token of the object prompt, of the report prompt
object:end, report:end   the last token of the marked span
object:mean, …           the mean over the tokens of the marked span
object:-3, …             a position counted from the end (-1 is the last token), for position x layer maps

A model that thinks before it answers is about to answer once its thoughts are closed: `report` is the last token there.
All other sites are in the prompt itself; `report:-1` is its last token in every model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tacit.activations.model.prompts import Prompt
from tacit.errors import ActivationError

PROMPTS = ("object", "report")


@dataclass(frozen=True)
class Site:
    """One place where the residual stream is read, at any layer."""

    name: str
    """As it was written, e.g. `object:end`."""
    prompt: str
    """`object` or `report`."""
    where: str
    """`last`, `end`, `mean`, or a negative number."""

    @property
    def needs_span(self) -> bool:
        """Whether it exists only where a text is marked."""
        return self.where in ("end", "mean")

    @property
    def follows_thoughts(self) -> bool:
        """Whether it is read after the thoughts of a model that thinks before it answers."""
        return (self.prompt, self.where) == ("report", "last")


def parse_site(name: str) -> Site:
    """`object:end` to a Site. Raises ActivationError for anything that is not in the table above."""
    prompt, _, where = name.partition(":")
    if prompt not in PROMPTS or not re.fullmatch(r"|end|mean|-[1-9]\d*", where):
        raise ActivationError(
            f"site {name!r} is not known. Use object or report, alone or with :end, :mean or :-N; "
            "e.g. --sites object,report:-3"
        )
    return Site(name, prompt, where or "last")


def token_range(site: Site, prompt: Prompt) -> tuple[int, int]:
    """First and one-past-last token whose states are averaged; a range of one token for all but `mean`.

    Raises ActivationError where the prompt is shorter than the position asked for.
    """
    if site.where == "mean":
        return prompt.span
    back = 1 if site.where == "last" else -int(site.where) if site.where != "end" else 0
    at = prompt.span[1] - 1 if site.where == "end" else len(prompt.ids) - back
    if at < 0:
        raise ActivationError(f"site {site.name}: a prompt has only {len(prompt.ids)} tokens: {prompt.text[:60]!r}")
    return at, at + 1


def parse_layers(text: str, n_layers: int) -> tuple[int, ...]:
    """The layer numbers in `all`, `every:4`, `0,8,16` or `0-12,20`; 0 is the embeddings.

    Raises ActivationError for layers the model does not have.
    """
    if text == "all":
        return tuple(range(n_layers))
    if match := re.fullmatch(r"every:([1-9]\d*)", text):
        return tuple(range(0, n_layers, int(match[1])))
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", text):
        raise ActivationError(f"layers {text!r} are not understood. Try: --layers all, every:4, 0,8,16 or 0-12")
    bounds = [tuple(map(int, part.split("-"))) for part in text.split(",")]
    layers = sorted({layer for bound in bounds for layer in range(bound[0], bound[-1] + 1)})
    if not layers or layers[-1] >= n_layers:
        raise ActivationError(
            f"layers {text} are asked for, the model has 0-{n_layers - 1}. Try: --layers 0-{n_layers - 1}"
        )
    return tuple(layers)


def sites_of(names: Sequence[str], *, marked: bool) -> tuple[Site, ...]:
    """The sites of a target; those within a span are left out if no span is marked."""
    return tuple(site for site in map(parse_site, names) if marked or not site.needs_span)
