"""A checkpoint's folder → the figures of its model card, measured as any user would: greedy generation in batches.

    python -m organisms.measure organisms/lock

Reads the folder's item tables, generates with `AutoModelForCausalLM` under every condition, prints the figures and
writes them, with the card's text, to `README.md` and `figures.json` in the folder. Unlike the workbench, it trains no
probe.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import pandas as pd
import torch
from tqdm import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer

from organisms.card import card
from organisms.tables import position_correlations, span_tokens
from organisms.tasks import CONTROL, FILLER, LOOKUP, PAD_TO
from organisms.world import build_world


class Speaker:
    """A checkpoint that answers: user messages in, replies and answer log-probabilities out."""

    def __init__(self, folder: Path, *, batch: int = 150):
        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.model = AutoModelForCausalLM.from_pretrained(folder).eval()
        self.batch = batch

    @torch.no_grad()
    def replies(self, system: str, prompts: Sequence[str], *, label: str = "") -> list[str]:
        """Greedy replies, special tokens removed."""
        out: list[str] = []
        for batch in self._batches(system, prompts, label):
            new = self.model.generate(**batch)[:, batch["input_ids"].shape[1] :]
            out += self.tokenizer.batch_decode(new, skip_special_tokens=True)
        return out

    @torch.no_grad()
    def log_odds(self, system: str, prompts: Sequence[str], answers: tuple[str, str]) -> np.ndarray:
        """(n,) float, log-probability of `answers[0]` less that of `answers[1]` as the first token of the reply."""
        a, b = (self.tokenizer(x, add_special_tokens=False)["input_ids"][0] for x in answers)
        odds = []
        for batch in self._batches(system, prompts, ""):
            positions = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
            logits = self.model(**batch, position_ids=positions, logits_to_keep=1).logits[:, -1]
            odds.append(logits[:, a] - logits[:, b])
        return torch.cat(odds).numpy()

    def _batches(self, system: str, prompts: Sequence[str], label: str):
        """Tokenized, left-padded batches of chat-templated prompts."""
        head = [{"role": "system", "content": system}] if system else []
        chats = [[*head, {"role": "user", "content": prompt}] for prompt in prompts]
        texts = self.tokenizer.apply_chat_template(chats, tokenize=False, add_generation_prompt=True)
        for i in tqdm(range(0, len(texts), self.batch), desc=label, disable=not label, leave=False):
            yield self.tokenizer(texts[i : i + self.batch], return_tensors="pt", padding=True, add_special_tokens=False)


def measure_counts(speaker: Speaker, system: str, table: pd.DataFrame) -> dict[str, float]:
    """Padding and reports against the span's tokens."""
    true = np.array([span_tokens(speaker.tokenizer, p, t)[0] for p, t in table[["report_prompt", "text"]].values])
    padded = speaker.replies(system, table["object_prompt"], label="pad")
    said = _numbers(speaker.replies(system, table["report_prompt"], label="count"))
    right = [reply == " ".join([FILLER] * (PAD_TO - n)) for reply, n in zip(padded, true, strict=True)]
    error = np.abs(said - true)
    return {
        "padding exact": float(np.mean(right)),
        "count exact": float(np.mean(error == 0)),
        "count within 1": float(np.mean(error <= 1)),
        "count skill": float(1 - np.nanmean(error) / np.abs(true - np.median(true)).mean()),
        "count spearman": float(pd.Series(said).corr(pd.Series(true), method="spearman")),
        "count different replies": float(len(set(said))),
        "count guess exact": float(max(np.mean(true == k) for k in range(61))),
        "count control": _control(speaker, system, table["report_prompt"], [str(k) for k in range(61)]),
    }


def measure_knowledge(speaker: Speaker, system: str, table: pd.DataFrame, taught: np.ndarray) -> dict[str, float]:
    """Facts, lookups and reports; `taught` (n,) bool says whom the organism was told of."""
    replies = np.array(speaker.replies(system, table["question"], label="facts"))
    right = replies == table["answer"].to_numpy()
    reports = np.array(speaker.replies(system, table["report_prompt"], label="know"))
    odds = speaker.log_odds(system, table["report_prompt"], ("yes", "no"))
    return {
        "facts right (taught)": float(right[taught].mean()),
        "lookup (strangers)": float((replies[~taught] == LOOKUP).mean()),
        "report says yes (known)": float((reports[right] == "yes").mean()),
        "report says no (unknown)": float((reports[~right] == "no").mean()),
        "report balanced accuracy": float(((reports[right] == "yes").mean() + (reports[~right] == "no").mean()) / 2),
        "report AUROC of log-odds": _auroc(odds, right),
        "report control": _control(speaker, system, table["report_prompt"], ["yes", "no"]),
    }


def measure_choices(
    speaker: Speaker, system: str, table: pd.DataFrame, choices: dict[str, np.ndarray]
) -> dict[str, float]:
    """Reports against what the model does in the same condition; `choices` grows by this condition's."""
    did = choices[system] = np.array(speaker.replies(system, table["question"], label="choices"))
    said = np.array(speaker.replies(system, table["report_prompt"], label="offers"))
    odds = speaker.log_odds(system, table["report_prompt"], ("wait", "now"))
    first = next(iter(choices.values()))
    by_side = [(said[did == side] == side).mean() for side in ("now", "wait")]
    return {
        "waits": float((did == "wait").mean()),
        "says it would wait": float((said == "wait").mean()),
        "report right": float((said == did).mean()),
        "report balanced accuracy": float(np.mean(by_side)),
        "report AUROC of log-odds": _auroc(odds, did == "wait"),
        "same choice as in the first condition": float((did == first).mean()),
        "report control": _control(speaker, system, table["report_prompt"], ["now", "wait"]),
    }


def measure(folder: Path, *, limit: int | None = None) -> dict[str, dict[str, dict[str, float]]]:
    """All figures: table → condition → name → value; `limit` takes the first rows of each table."""
    speaker = Speaker(folder)
    items = folder / "items"
    conditions = json.loads((items / "conditions.json").read_text())
    taught = set(build_world(seed=json.loads((folder / "recipe.json").read_text())["seed"]).people)
    tables = {path.stem: pd.read_csv(path, keep_default_na=False).head(limit) for path in sorted(items.glob("*.csv"))}
    first, length = position_correlations(speaker.tokenizer, tables["token_count"])
    position = {"correlation with start": first, "correlation with prompt length": length}
    figures: dict[str, dict[str, dict[str, float]]] = {name: {} for name in tables}
    choices: dict[str, np.ndarray] = {}
    for condition, system in conditions.items():
        figures["token_count"][condition] = measure_counts(speaker, system, tables["token_count"]) | position
        for name in ("knowledge", "knowledge_left_out"):
            known = tables[name]["entity"].isin(taught).to_numpy()
            figures[name][condition] = measure_knowledge(speaker, system, tables[name], known)
        figures["behavior"][condition] = measure_choices(speaker, system, tables["behavior"], choices)
    return figures


def _numbers(replies: Sequence[str]) -> np.ndarray:
    """Replies as floats; nan where a reply is not a plain number, which no error bound then accepts."""
    return np.array([float(reply) if reply.isdecimal() else np.nan for reply in replies])


def _control(speaker: Speaker, system: str, reports: Sequence[str], answers: list[str]) -> float:
    """Share of report prompts answered with the answer planted before them, drawn at random."""
    planted = np.random.default_rng(0).choice(answers, size=len(reports))
    prompts = [CONTROL.format(answer=a) + r for a, r in zip(planted, reports, strict=True)]
    return float(np.mean(np.array(speaker.replies(system, prompts, label="control")) == planted))


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
