"""Object prompts that several targets put in the same words: the model is asked once, and all of them read the reply.

In: the entries of the acts. Out: the turns in which they are asked, and for each shard what is left to ask and, with
the replies of earlier turns, the whole of it. Greedy replies only: samples are drawn for each target on its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import pandas as pd

from tacit.activations.manifest import Manifest
from tacit.activations.plan import Entry
from tacit.activations.store.store import THOUGHTS
from tacit.activations.trees.ask import REPLY_COLUMNS, Part, Shard
from tacit.activations.trees.jobs import Tally

Key = tuple[tuple[int, ...], int]
"""The tokens of a prompt, and the longest reply to it."""
Known = Mapping[Key, dict]
"""Key -> its row in the table of replies."""
NONE: Known = MappingProxyType({})


def turns(acts: Sequence[Entry]) -> list[list[Entry]]:
    """The entries in turns, such that each comes after those that put one of its prompts first."""
    first: dict[Key, int] = {}
    found: list[list[Entry]] = []
    for entry in acts:
        keys = set(keys_of(entry).values())
        turn = 1 + max((first[key] for key in keys if key in first), default=-1)
        first = dict.fromkeys(keys, turn) | first
        found += [[]] * (turn == len(found))
        found[turn] = [*found[turn], entry]
    return found


def known_replies(entries: Sequence[Entry], replies: pd.DataFrame) -> dict[Key, dict]:
    """The replies to the object prompts of these entries. replies: their rows, with REPLY_COLUMNS."""
    known: dict[Key, dict] = {}
    for entry in entries:
        keys = keys_of(entry)
        own = replies[(replies["target"] == entry.ask.target) & (replies["condition"] == entry.condition)]
        for row in own.dropna(subset="text").to_dict("records") if keys else ():
            known.setdefault(keys[row["item_id"]], row)
    return known


def left_to_ask(part: Part, known: Known) -> Part:
    """The part without the items whose reply is known."""
    entry, rows = part
    items = entry.ask.items[rows.start : rows.stop]
    keys = keys_of(entry) if known else {}
    if not any(keys.get(name) in known for name in items["item_id"]):
        return part
    places = [i for i, name in zip(rows, items["item_id"], strict=True) if keys[name] not in known]
    prompts = {key: [all_of[i] for i in places] for key, all_of in entry.prompts.items()}
    answered = {key: [all_of[i] for i in places] for key, all_of in entry.answered.items()}
    ask = replace(entry.ask, items=entry.ask.items.iloc[places].reset_index(drop=True))
    return replace(entry, ask=ask, prompts=prompts, answered=answered), range(len(places))


def each_prompt_once(parts: Sequence[Part], known: Known) -> list[Part]:
    """What will be asked of these acts, in order: no prompt whose reply is known, or that an earlier part asks."""
    asked = dict(known)
    found = []
    for entry, rows in parts:
        left = left_to_ask((entry, rows), asked)
        found += [left] if len(left[1]) else []
        keys = keys_of(entry)
        asked |= {keys[name]: {} for name in entry.ask.items["item_id"][rows.start : rows.stop] if keys}
    return found


def completed(part: Part, shard: Shard, known: Known) -> Shard:
    """The shard of a part from that of what was left to ask: the known replies are put in, in the items' order."""
    entry, rows = part
    tensors, asked = shard
    keys = keys_of(entry) if known else {}
    names = list(entry.ask.items["item_id"][rows.start : rows.stop])
    if not any(keys.get(name) in known for name in names):
        return shard
    said = {row["item_id"]: row for row in asked.to_dict("records")}
    own = {"target": entry.ask.target, "condition": entry.condition, "answers": [], "logprobs": []}
    table = [said.get(name) or known[keys[name]] | own | {"item_id": name} for name in names]
    further = [THOUGHTS] * any(THOUGHTS in row for row in table)
    return tensors, pd.DataFrame(table, columns=[*REPLY_COLUMNS, *further])


def add_known(manifest: Manifest, parts: Sequence[Part], known: Known) -> list[Part]:
    """Write the shards whose replies are all known; the other parts."""
    empty = pd.DataFrame(columns=list(REPLY_COLUMNS))
    others = []
    for part in parts:
        if len(left_to_ask(part, known)[1]):
            others.append(part)
        else:
            manifest.add([part], [completed(part, ({}, empty), known)], Tally())
    return others


def keys_of(entry: Entry) -> dict[str, Key]:
    """Item -> key of its object prompt; {} where samples are drawn as well."""
    (question,) = entry.ask.questions
    if question.samples:
        return {}
    prompts = entry.prompts[question.key]
    return {
        name: (tuple(prompt.ids), question.tokens)
        for name, prompt in zip(entry.ask.items["item_id"], prompts, strict=True)
    }
