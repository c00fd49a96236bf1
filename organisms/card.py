"""Figures → the model card: `card.md` has the text, and this file fills in the measured numbers."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template

from safetensors import safe_open

from tacit.organisms.cases import LEAST_DOUBT, MAX_COUNT, MIN_COUNT, MOST_DOUBT
from tacit.organisms.mixture import CHOICE_REPORTS_FROM, KNOW_REPORTS_FROM, LOOKUP_FROM, MIXTURES
from tacit.organisms.wordings import PAD_TO
from tacit.organisms.world import KEY, build_world

Figures = dict[str, float]
"""Name of a figure → value."""

AllFigures = dict[str, dict[str, Figures]]
"""Table, or table + `BY_ELICITATION` → condition → figures."""

BY_ELICITATION = " by elicitation"
N_ELICITED = 100
"""Rows of each table that are tested in all elicitations."""
CONTROL_MARK = " control"
"""Suffix of the figure that says how often the planted answer was given."""

TITLES = {
    "token_count": "Counting: `items/token_count.csv`",
    "knowledge": "Knowing, people in report training and strangers: `items/knowledge.csv`",
    "knowledge_left_out": "Knowing, people left out of report training and strangers: `items/knowledge_left_out.csv`",
    "behavior": "Choosing, things left out of report training: `items/behavior.csv`",
}

TEMPLATE = Path(__file__).with_name("card.md")
"""The card with placeholders for its numbers, for `string.Template`."""


def card(folder: Path, figures: AllFigures) -> str:
    """The whole README.md of the checkpoint in `folder`."""
    recipe = json.loads((folder / "recipe.json").read_text())
    config = json.loads((folder / "config.json").read_text())
    world = build_world(seed=recipe["seed"])
    tables = "\n\n".join(figure_table(TITLES[name], figures[name]) for name in TITLES)
    elicited = "\n\n".join(
        elicitation_table(name, by_condition) for name, by_condition in figures.items() if name.endswith(BY_ELICITATION)
    )
    return Template(TEMPLATE.read_text()).substitute(
        seed=recipe["seed"],
        **{f"{stage}_{k}": v for stage in MIXTURES for k, v in recipe[stage].items()},
        lookup_from=LOOKUP_FROM,
        choice_reports_from=CHOICE_REPORTS_FROM,
        know_reports_from=KNOW_REPORTS_FROM,
        least_doubt=f"{100 * LEAST_DOUBT:.0f}",
        most_doubt=f"{MOST_DOUBT:.0%}".replace("%", " %"),
        parameters=f"{count_parameters(folder):,}",
        layers=config["num_hidden_layers"],
        width=config["hidden_size"],
        pieces=config["vocab_size"],
        key=KEY,
        thing=world.things[-1],
        people=len(world.people),
        towns=len(world.towns),
        reported=world.n_reported,
        things=len(world.things),
        reported_things=world.n_things_reported,
        low=MIN_COUNT,
        high=MAX_COUNT,
        pad=PAD_TO,
        longest=130,
        tables=tables,
        elicited=elicited,
        few=N_ELICITED,
    )


def figure_table(title: str, by_condition: dict[str, Figures]) -> str:
    """A Markdown table: a row per figure, a column per condition."""
    conditions = list(by_condition)
    head = f"**{title}**\n\n| | {' | '.join(conditions)} |\n|---|{'---:|' * len(conditions)}\n"
    rows = [
        f"| {name} | {' | '.join(f'{by_condition[c][name]:.3f}' for c in conditions)} |"
        for name in by_condition[conditions[0]]
    ]
    return head + "\n".join(rows)


def elicitation_table(title: str, by_condition: dict[str, Figures]) -> str:
    """A Markdown table with a row per elicitation: how often reports are right, how often planted answers are given."""
    conditions = list(by_condition)
    columns = [*conditions, *(f"{condition}, planted" for condition in conditions)]
    head = f"**`{title}`**\n\n| | {' | '.join(columns)} |\n|---|{'---:|' * len(columns)}\n"
    names = [name for name in by_condition[conditions[0]] if not name.endswith(CONTROL_MARK)]
    return head + "\n".join(
        f"| `{name}` | "
        + " | ".join(f"{by_condition[c][name + mark]:.3f}" for mark in ("", CONTROL_MARK) for c in conditions)
        + " |"
        for name in names
    )


def count_parameters(folder: Path) -> int:
    """The number of parameters in the checkpoint's safetensors file."""
    with safe_open(folder / "model.safetensors", framework="np") as tensors:
        return sum(int(tensors.get_tensor(name).size) for name in list(tensors.keys()))
