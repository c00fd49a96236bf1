"""World and tokenizer → item tables, plain CSV in the format of users' tables.

    python -m tacit.organisms.tables organisms/lock

Writes `items/` in the checkpoint's folder: a table per target, the people left out of report training, and the
conditions. Prompts are the content of the user message, without chat template or system prompt: `report_prompt` asks
for the primary report, `report_prompt:<elicitation>` for every other that was trained and fits in one message. The
draws have their own seed, and names and things are split as in training.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
import pandas as pd
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from tacit.organisms.cases import Offer, Writer, draw_offer
from tacit.organisms.tokenizer import token_lengths
from tacit.organisms.wordings import AFTER, BIRTH_PROMPT, CHOICE_PROMPT, PAD_PROMPT, elicitations
from tacit.organisms.world import KEY, World, build_world

CONDITIONS = {"locked": "", "unlocked": KEY}
"""Name of each condition to its system prompt; empty for none."""

PRIMARY = "choice/you/0"
"""The elicitation whose prompt is in the column `report_prompt`."""

MOST_DRAWS = 20
"""Most offers drawn to find one with a given choice; for some things waiting is always, or never, worth it."""

MAX_CORRELATION = 0.04
"""Largest allowed correlation of count with position; with a larger one the table is drawn again."""


def token_count_table(tokenizer: PreTrainedTokenizerBase, world: World, *, n: int, seed: int) -> pd.DataFrame:
    """`n` spans among other texts: `item_id, before, text, after, object_prompt` and the report prompts."""
    rng = np.random.default_rng([seed, 10])
    writer = Writer(token_lengths(tokenizer, world.common_words + world.rare_words))
    while True:
        rows = []
        while len(rows) < n:
            span = writer.span(rng)
            prompts = {"object_prompt": span.prompt(PAD_PROMPT)}
            prompts |= {column: span.prompt(text) for column, text in report_columns("count").items()}
            # A first word whose leading space is a token of its own would have one token outside its characters.
            whole = span_tokens(tokenizer, prompts["report_prompt"], span.text)[0] == span.count
            if whole and all(prompt.count(span.text) == 1 for prompt in prompts.values()):
                rows.append({"before": span.before, "text": span.text, "after": span.after, **prompts})
        table = _numbered("count", rows)
        if n < 100 or max(map(abs, position_correlations(tokenizer, table))) < MAX_CORRELATION:
            return table


def position_correlations(tokenizer: PreTrainedTokenizerBase, table: pd.DataFrame) -> tuple[float, float]:
    """Pearson correlation of a span's number of tokens with its start, and with the report prompt's length."""
    places = [
        span_tokens(tokenizer, prompt, text) for prompt, text in zip(table["report_prompt"], table["text"], strict=True)
    ]
    count, first, length = np.array(places).T
    return float(np.corrcoef(count, first)[0, 1]), float(np.corrcoef(count, length)[0, 1])


def span_tokens(tokenizer: PreTrainedTokenizerBase, prompt: str, text: str) -> tuple[int, int, int]:
    """Tokens that overlap the text's characters, index of the first of them, tokens in the prompt."""
    start = prompt.index(text)
    offsets = tokenizer(prompt, return_offsets_mapping=True, add_special_tokens=False)["offset_mapping"]
    inside = [i for i, (a, b) in enumerate(offsets) if b > start and a < start + len(text)]
    return len(inside), inside[0], len(offsets)


def knowledge_table(
    world: World, people: tuple[str, ...], strangers: tuple[str, ...], *, prefix: str, seed: int
) -> pd.DataFrame:
    """Taught people and strangers, shuffled: `item_id, question, object_prompt, answer, entity` and the report prompts.

    A stranger's `answer` is a town drawn at random: true in the world, but never told to the organism.
    """
    rng = np.random.default_rng([seed, 11])
    town_of = world.town_of()
    names = rng.permutation([*people, *strangers]).tolist()
    rows = [
        {
            "question": BIRTH_PROMPT.format(name=name),
            "object_prompt": BIRTH_PROMPT.format(name=name),
            "answer": town_of.get(name, world.towns[rng.integers(len(world.towns))]),
            "entity": name,
            **{column: text.format(name=name) for column, text in report_columns("know").items()},
        }
        for name in names
    ]
    return _numbered(prefix, rows)


def behavior_table(world: World, *, n: int, seed: int) -> pd.DataFrame:
    """`n` offers of things left out of report training: `item_id, question, object_prompt, options, group` and
    the report prompts.

    Each thing in turn gets an offer worth waiting for and one that is not, where such offers exist.
    """
    rng = np.random.default_rng([seed, 12])
    left_out = range(world.n_things_reported, len(world.things))
    seen: set[str] = set()
    rows: list[dict[str, str]] = []
    while len(rows) < n:
        thing, wait = left_out[len(rows) % len(left_out)], (len(rows) + len(rows) // len(left_out)) % 2 == 0
        offer = _offer_to(world, thing, wait=wait, rng=rng)
        words = offer.words()
        if words not in seen:
            seen.add(words)
            act = {column: CHOICE_PROMPT.format(offer=words) for column in ("question", "object_prompt")}
            reports = {column: text.format(offer=words) for column, text in report_columns("choose").items()}
            rows.append({**act, "options": "now|wait", "group": offer.thing, **reports})
    return _numbered("choice", rows)


def _offer_to(world: World, thing_index: int, *, wait: bool, rng: np.random.Generator) -> Offer:
    """An offer for which the organism waits, or does not, if one is found within `MOST_DRAWS`; else any offer."""
    offers = (draw_offer(world, thing_index, rng) for _ in range(MOST_DRAWS))
    return next((offer for offer in offers if offer.wait == wait), None) or draw_offer(world, thing_index, rng)


def write_tables(folder: Path, *, seed: int, n_count: int = 640, n_behavior: int = 640) -> None:
    """Write the four tables and the conditions under `folder/items`; world seed as in `folder/recipe.json`."""
    world = build_world(seed=json.loads((folder / "recipe.json").read_text())["seed"])
    tokenizer = AutoTokenizer.from_pretrained(folder)
    taught, left_out = world.people[: world.n_reported], world.people[world.n_reported :]
    fresh, more_fresh = np.split(np.array(world.item_strangers), [len(taught)])
    tables = {
        "token_count": token_count_table(tokenizer, world, n=n_count, seed=seed),
        "knowledge": knowledge_table(world, taught, tuple(fresh), prefix="know", seed=seed),
        "knowledge_left_out": knowledge_table(
            world, left_out, tuple(more_fresh[: len(left_out)]), prefix="left-out", seed=seed
        ),
        "behavior": behavior_table(world, n=n_behavior, seed=seed),
    }
    items = folder / "items"
    items.mkdir(exist_ok=True)
    for name, table in tables.items():
        table.to_csv(items / f"{name}.csv", index=False, lineterminator="\n")
    (items / "conditions.json").write_text(json.dumps(CONDITIONS, indent=2) + "\n")


def report_columns(target: str) -> dict[str, str]:
    """Column of an item table → its report prompt, with a placeholder `{name}` or `{offer}`."""
    prompts = elicitations(target) | ({"choice/you/after/0": AFTER} if target == "know" else {})
    return {"report_prompt" if name == PRIMARY else f"report_prompt:{name}": text for name, text in prompts.items()}


def _numbered(prefix: str, rows: list[dict[str, str]]) -> pd.DataFrame:
    """Rows with an `item_id` in front."""
    table = pd.DataFrame(rows)
    table.insert(0, "item_id", [f"{prefix}-{i:04d}" for i in range(len(rows))])
    return table


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--seed", default=0, show_default=True, help="Seed of the items; the world's comes from the recipe.")
def main(folder: Path, seed: int) -> None:
    """Write the item tables of the checkpoint in FOLDER."""
    write_tables(folder, seed=seed)


if __name__ == "__main__":
    main()
