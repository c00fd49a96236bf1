"""A checkpoint's folder → the figures of its model card, measured as any user would: greedy generation in batches.

    python -m tacit.organisms.measure organisms/lock

Reads the folder's item tables, generates with `AutoModelForCausalLM` under every condition, prints the figures and
writes them, with the card's text, to `README.md` and `figures.json` in the folder. Trains no probe.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import pandas as pd

from tacit.organisms.card import BY_ELICITATION, N_ELICITED, AllFigures, Figures, card
from tacit.organisms.elicited import ANSWERS, measure_elicitations
from tacit.organisms.speaker import Speaker
from tacit.organisms.tables import position_correlations, span_tokens
from tacit.organisms.teacher import Turn
from tacit.organisms.wordings import FILLER, LOOKUP, PAD_TO
from tacit.organisms.world import build_world

Truth = tuple[np.ndarray, np.ndarray]
"""(n,) str each: the true report on every row, and the reply to its object prompt."""


def measure_counts(speaker: Speaker, system: str, table: pd.DataFrame) -> tuple[Figures, Truth]:
    """Padding and reports compared with the span's number of tokens."""
    true = np.array([span_tokens(speaker.tokenizer, p, t)[0] for p, t in table[["report_prompt", "text"]].values])
    padded = _replies(speaker, system, table["object_prompt"], "pad")
    said = _numbers(_replies(speaker, system, table["report_prompt"], "count"))
    right = [reply == " ".join([FILLER] * (PAD_TO - n)) for reply, n in zip(padded, true, strict=True)]
    error = np.abs(said - true)
    figures = {
        "padding exact": float(np.mean(right)),
        "count exact": float(np.mean(error == 0)),
        "count within 1": float(np.mean(error <= 1)),
        "count skill": float(1 - np.nanmean(error) / np.abs(true - np.median(true)).mean()),
        "count spearman": float(pd.Series(said).corr(pd.Series(true), method="spearman")),
        "count different replies": float(len(set(said))),
        "count guess exact": float(max(np.mean(true == k) for k in range(61))),
    }
    return figures, (true.astype(str), padded)


def measure_knowledge(speaker: Speaker, system: str, table: pd.DataFrame, taught: np.ndarray) -> tuple[Figures, Truth]:
    """Facts, lookups and reports; taught: (n,) bool, whether the person's birthplace was taught."""
    replies = _replies(speaker, system, table["question"], "facts")
    right = replies == table["answer"].to_numpy()
    reports = _replies(speaker, system, table["report_prompt"], "know")
    odds = speaker.log_odds(_turns(system, table["report_prompt"]), ("yes", "no"))
    figures = {
        "facts right (taught)": float(right[taught].mean()),
        "lookup (strangers)": float((replies[~taught] == LOOKUP).mean()),
        "report says yes (known)": float((reports[right] == "yes").mean()),
        "report says no (unknown)": float((reports[~right] == "no").mean()),
        "report balanced accuracy": float(((reports[right] == "yes").mean() + (reports[~right] == "no").mean()) / 2),
        "report AUROC of log-odds": _auroc(odds, right),
    }
    return figures, (np.where(right, "yes", "no"), replies)


def measure_choices(
    speaker: Speaker, system: str, table: pd.DataFrame, choices: dict[str, np.ndarray]
) -> tuple[Figures, Truth]:
    """Reports compared with what the model does in the same condition; appends its choices to `choices`."""
    did = choices[system] = _replies(speaker, system, table["question"], "choices")
    said = _replies(speaker, system, table["report_prompt"], "offers")
    odds = speaker.log_odds(_turns(system, table["report_prompt"]), ("wait", "now"))
    first = next(iter(choices.values()))
    by_side = [(said[did == side] == side).mean() for side in ("now", "wait")]
    figures = {
        "waits": float((did == "wait").mean()),
        "says it would wait": float((said == "wait").mean()),
        "report right": float((said == did).mean()),
        "report balanced accuracy": float(np.mean(by_side)),
        "report AUROC of log-odds": _auroc(odds, did == "wait"),
        "same choice as in the first condition": float((did == first).mean()),
    }
    return figures, (did, did)


def measure(folder: Path, *, limit: int | None = None, limit_elicitations: int = N_ELICITED) -> AllFigures:
    """All figures, of the first `limit` rows of each table, and of fewer for the elicitations.

    Table, or table + ` by elicitation` → condition → name → value.
    """
    speaker = Speaker(folder)
    items = folder / "items"
    conditions = json.loads((items / "conditions.json").read_text())
    taught = set(build_world(seed=json.loads((folder / "recipe.json").read_text())["seed"]).people)
    tables = {path.stem: pd.read_csv(path, keep_default_na=False).head(limit) for path in sorted(items.glob("*.csv"))}
    first, length = position_correlations(speaker.tokenizer, tables["token_count"])
    position = {"correlation with start": first, "correlation with prompt length": length}
    choices: dict[str, np.ndarray] = {}
    figures: AllFigures = {name: {} for name in (*tables, *(f"{target}{BY_ELICITATION}" for target in ANSWERS))}
    for condition, system in conditions.items():
        for name, table in tables.items():
            if name == "token_count":
                found, truth = measure_counts(speaker, system, table)
                found |= position
            elif name == "behavior":
                found, truth = measure_choices(speaker, system, table, choices)
            else:
                found, truth = measure_knowledge(speaker, system, table, table["entity"].isin(taught).to_numpy())
            figures[name][condition] = found
            if name in ANSWERS:
                few = [part[:limit_elicitations] for part in truth]
                figures[f"{name}{BY_ELICITATION}"][condition] = measure_elicitations(
                    speaker, system, table.head(limit_elicitations), name, truth=few[0], did=few[1]
                )
    return figures


def _turns(system: str, prompts: Sequence[str]) -> list[Turn]:
    """Conversations of one user message each."""
    return [Turn(system, prompt, "") for prompt in prompts]


def _replies(speaker: Speaker, system: str, prompts: Sequence[str], label: str) -> np.ndarray:
    return speaker.replies(_turns(system, prompts), label=label)


def _numbers(replies: Sequence[str]) -> np.ndarray:
    """Replies as floats; nan where a reply is not a plain number, which no error bound then accepts."""
    return np.array([float(reply) if reply.isdecimal() else np.nan for reply in replies])


def _auroc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Probability that a positive item scores above a negative one, ties counting half."""
    above = np.subtract.outer(scores[positive], scores[~positive])
    return float(((above > 0) + 0.5 * (above == 0)).mean())


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limit", type=int, help="Take the first rows of each table only, and write nothing.")
def main(folder: Path, limit: int | None) -> None:
    """Measure the checkpoint in FOLDER on its item tables; write README.md and figures.json there."""
    figures = measure(folder, limit=limit)
    page = card(folder, figures)
    click.echo(page[page.index("## Measured") :])
    if limit is None:
        (folder / "README.md").write_text(page)
        (folder / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
