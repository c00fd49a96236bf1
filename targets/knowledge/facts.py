"""Questions with known answers, and questions about invented entities that nobody can answer.

In: the table `facts.csv` (easy to obscure, over ten relations), and a random generator. Out: `Fact`s, real and
invented; invented ones have the same wording, and their accepted answers are invented too.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tacit.targets.invented_words import invented_name, invented_word
from tacit.targets.knowledge.answer_matching import normalise
from tacit.targets.tables.cell_values import split_list

FACTS_PATH = Path(__file__).with_name("facts.csv")
QUESTIONS = {
    "capital": "What is the capital of {entity}?",
    "state_capital": "What is the capital of the US state of {entity}?",
    "currency": "What is the currency of {entity}?",
    "symbol": "What is the chemical symbol for {entity}?",
    "author": "Who wrote '{entity}'?",
    "painter": "Who painted '{entity}'?",
    "composer": "Who composed '{entity}'?",
    "director": "Who directed the film '{entity}'?",
    "year": "In which year did {entity}?",
    "atomic_number": "What is the atomic number of {entity}?",
}
INVENTED_RELATIONS = ("capital", "state_capital", "currency", "symbol", "author", "painter", "composer", "director")
"""Relations about an entity with a name; an invented event's year could be guessed."""


@dataclass(frozen=True)
class Fact:
    """A row of `facts.csv`."""

    question: str
    answer: str
    aliases: tuple[str, ...]
    entity: str
    relation: str
    tier: str
    """One of easy, medium, obscure: a rough guess of how often it is written about; invented for made-up entities."""


@cache
def facts() -> tuple[Fact, ...]:
    """The facts of `facts.csv`, in its order."""
    with FACTS_PATH.open(encoding="utf-8", newline="") as file:
        return tuple(Fact(**{**row, "aliases": split_list(row["aliases"])}) for row in csv.DictReader(file))


def invented_facts(n: int, rng: np.random.Generator) -> list[Fact]:
    """`n` questions about entities that do not exist, cycling through the relations, with invented answers."""
    real = {normalise(fact.entity) for fact in facts()}
    made: dict[str, Fact] = {}
    while len(made) < n:
        relation = INVENTED_RELATIONS[len(made) % len(INVENTED_RELATIONS)]
        entity, answer = _invent(relation, rng)
        if normalise(entity) not in real:
            question = QUESTIONS[relation].format(entity=entity)
            made.setdefault(entity, Fact(question, answer, (), entity, relation, "invented"))
    return list(made.values())


def _invent(relation: str, rng: np.random.Generator) -> tuple[str, str]:
    """(entity, answer) in the form that entities and answers of this relation have."""
    if relation == "symbol":
        return invented_word(rng, 2) + "ium", f"Q{invented_word(rng, 2)}"
    if relation in ("author", "painter", "composer", "director"):
        return f"The {invented_name(rng)} of {invented_name(rng)}", invented_name(rng, words=2)
    return invented_name(rng), invented_name(rng)
