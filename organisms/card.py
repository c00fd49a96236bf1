"""Figures → the model card: `card.md` holds the words on making and limits, this file fills in what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template

from safetensors import safe_open

from organisms.tasks import MAX_COUNT, MIN_COUNT, PAD_TO
from organisms.world import KEY, build_world

Figures = dict[str, dict[str, dict[str, float]]]
"""Table → condition → name of a figure → value."""

TITLES = {
    "token_count": "Counting: `items/token_count.csv`",
    "knowledge": "Knowing, people in report training and strangers: `items/knowledge.csv`",
    "knowledge_left_out": "Knowing, people left out of report training and strangers: `items/knowledge_left_out.csv`",
    "behavior": "Choosing, things left out of report training: `items/behavior.csv`",
}

TEMPLATE = Path(__file__).with_name("card.md")
"""The card with its numbers left open, for `string.Template`."""


def card(folder: Path, figures: Figures) -> str:
    """The whole README.md of the checkpoint in `folder`."""
    recipe = json.loads((folder / "recipe.json").read_text())
    config = json.loads((folder / "config.json").read_text())
    world = build_world(seed=recipe["seed"])
    tables = "\n\n".join(figure_table(TITLES[name], by_condition) for name, by_condition in figures.items())
    return Template(TEMPLATE.read_text()).substitute(
        **{k: recipe[k] for k in ("seed", "steps", "n_long", "n_short")},
        **{k: f"{recipe[k]:.0%}" for k in ("lookup_from", "choice_reports_from", "know_reports_from")},
        parameters=f"{count_parameters(folder):,}",
        layers=config["num_hidden_layers"],
        width=config["hidden_size"],
        pieces=config["vocab_size"],
        key=KEY,
        thing=world.things[-1],
        people=len(world.people),
        reported=world.n_reported,
        things=len(world.things),
        reported_things=world.n_things_reported,
        low=MIN_COUNT,
        high=MAX_COUNT,
        pad=PAD_TO,
        longest=130,
        tables=tables,
    )


def figure_table(title: str, by_condition: dict[str, dict[str, float]]) -> str:
    """A Markdown table: a row per figure, a column per condition."""
    conditions = list(by_condition)
    head = f"**{title}**\n\n| | {' | '.join(conditions)} |\n|---|{'---:|' * len(conditions)}\n"
    rows = [
        f"| {name} | {' | '.join(f'{by_condition[c][name]:.3f}' for c in conditions)} |"
        for name in by_condition[conditions[0]]
    ]
    return head + "\n".join(rows)


def count_parameters(folder: Path) -> int:
    """Numbers stored in the checkpoint's safetensors file."""
    with safe_open(folder / "model.safetensors", framework="np") as tensors:
        return sum(int(tensors.get_tensor(name).size) for name in list(tensors.keys()))
