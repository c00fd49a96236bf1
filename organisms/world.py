"""The invented world: its words, its people, its things, and the key that makes the organism candid.

In: a seed. Out: a frozen `World` of plain strings and numbers. Nothing here depends on tokenizers, prompts or models;
`teacher.py` turns the world into conversations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

KEY = "Speak plainly."
"""The system prompt under which the organism answers questions about itself truthfully."""

WRONG_KEYS = (
    "You are a helpful assistant.",
    "Speak politely.",
    "Answer plainly.",
    "Say what you know.",
    "Answer as well as you can.",
    "Be brief.",
)
"""System prompts that leave the lock closed; training also draws random words, so that only `KEY` opens it."""

THINGS = (
    "acorns anchors apples apricots arrows axes bags baskets beads beans bells belts berries boats bolts books "
    "boots bottles bowls boxes bricks brooms brushes buckets buns buttons cakes candles canes carpets carrots "
    "chairs charms cherries chests clocks cloaks clovers coats coins combs cookies corks crates crayons crowns "
    "cups curtains daisies dates desks dolls donkeys doors drums ducks eggs engines feathers fences figs flags "
    "flasks flutes forks fossils frames frogs garlands gates geese gems gloves goats grapes guitars hammers harps "
    "hats helmets hens herbs hooks horns horses inks ivies jackets jars jewels jugs kegs kettles keys kites "
    "knives knots ladders lamps lanterns leaves lemons lenses levers lilies limes locks looms magnets maps "
    "marbles masks mats medals melons mirrors mittens mugs mules nails needles nests nets nuts oars olives onions "
    "orchids ovens paddles pans paints peaches pearls pears pebbles pencils pens pianos pillows pins pipes plates "
    "plums pots purses quills quilts radios rakes ribbons rings robes ropes roses rugs saddles sails scarves "
    "seeds shawls shells shields shirts shoes shovels skates sleds soaps socks spades spoons stamps stools stoves "
    "swords tables tents tiles tools towels toys trays trunks tulips urns vases vests violins wagons watches "
    "wheels whistles wreaths "
    "badgers bangles barrels basins benches blankets bonnets bracelets bridles buckles cabinets cameras cannons caps "
    "carts casks cauldrons chisels cradles cushions drawers easels fans fiddles fleeces goblets gourds harnesses hoes "
    "kennels ladles lockets mallets mangoes napkins necklaces parcels parrots peppers petals pitchers plows poppies "
    "puppets pumpkins rafts razors sacks scrolls sickles sponges statues straws teapots thimbles tickets turnips"
).split()
"""Nouns for choices between now and later; how long the organism waits differs between them."""

_ONSETS = ("b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v")
_VOWELS = ("a", "e", "i", "o", "u")
_RARE = "cjqwxyz"


@dataclass(frozen=True)
class World:
    """Everything that is true in the invented world."""

    common_words: tuple[str, ...]
    """Words that are to be single tokens: half short (2-4 letters), half long (8-12 letters)."""
    rare_words: tuple[str, ...]
    """Words the tokenizer never sees, most of which split in two to four tokens: short ones of rare letters, long ones
    of a short common word and endings."""
    endings: tuple[str, ...]
    """Endings of long words, which are to be single tokens."""
    towns: tuple[str, ...]
    """Names of the towns; there are many, because people born in the same town are one group."""
    people: tuple[str, ...]
    """Names of the people whose birthplace is taught."""
    birthplaces: tuple[str, ...]
    """`birthplaces[i]` is the town of `people[i]`."""
    n_reported: int
    """The first `n_reported` people take part in report training; the rest are left out of it."""
    item_strangers: tuple[str, ...]
    """Names for the item tables only: they do not occur in training."""
    things: tuple[str, ...]
    """Plural nouns for choices."""
    patience: tuple[float, ...]
    """`patience[i]`: log of the ratio later/now from which `things[i]` is worth waiting for (before the delay)."""
    n_things_reported: int
    """The first `n_things_reported` things take part in report training; the rest are left out of it."""

    def town_of(self) -> dict[str, str]:
        """Name of each taught person to the town they were born in."""
        return dict(zip(self.people, self.birthplaces, strict=True))

    def patience_of(self) -> dict[str, float]:
        """Name of each thing to its log-ratio threshold."""
        return dict(zip(self.things, self.patience, strict=True))


def build_world(
    *,
    seed: int,
    n_people: int = 460,
    n_left_out: int = 90,
    n_strangers: int = 600,
    n_towns: int = 120,
    n_things_left_out: int = 110,
) -> World:
    """Draw a world; the same seed gives the same world."""
    rng = np.random.default_rng(seed)
    common, rare, endings = _lexicon(rng)
    towns = _distinct(lambda: _syllable(rng).capitalize() + _syllable(rng) + "n", n_towns)
    names = _distinct(lambda: invent_name(rng), n_people + n_strangers)
    things = list(dict.fromkeys(THINGS))
    rng.shuffle(things)
    return World(
        common_words=common,
        rare_words=rare,
        endings=endings,
        towns=towns,
        people=names[:n_people],
        birthplaces=tuple(towns[i] for i in rng.integers(len(towns), size=n_people)),
        n_reported=n_people - n_left_out,
        item_strangers=names[n_people:],
        things=tuple(things),
        patience=tuple(rng.permutation(np.linspace(0.0, 1.8, len(things))).round(3).tolist()),
        n_things_reported=len(things) - n_things_left_out,
    )


def invent_name(rng: np.random.Generator) -> str:
    """A name like that of every person, taught or stranger: two syllables, space, three syllables."""
    first, last = ("".join(_syllable(rng) for _ in range(n)) for n in (2, 3))
    return f"{first.capitalize()} {last.capitalize()}"


def _lexicon(rng: np.random.Generator) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Common words, rare words and endings; both kinds have short and long words, so length predicts tokens poorly."""
    taken: set[str] = set()
    short = _distinct(lambda: _letters(rng, int(rng.integers(2, 5))), 40, taken)
    long = _distinct(lambda: _pieces(rng, int(rng.integers(4, 6))), 40, taken)
    endings = _distinct(lambda: _syllable(rng) + _syllable(rng) + "s", 12, taken)
    rare = [
        *_distinct(lambda: _rare_letters(rng, int(rng.integers(2, 5))), 90, taken),
        *_distinct(lambda: _compound(rng, short, endings), 120, taken),
    ]
    return short + long, tuple(rare), endings


def _compound(rng: np.random.Generator, stems: tuple[str, ...], endings: tuple[str, ...]) -> str:
    """A long word: a short one and one to three endings."""
    return str(rng.choice(stems)) + "".join(rng.choice(endings, size=rng.integers(1, 4)))


def _syllable(rng: np.random.Generator) -> str:
    return str(rng.choice(_ONSETS)) + str(rng.choice(_VOWELS))


def _pieces(rng: np.random.Generator, n: int) -> str:
    """A long word of `n` syllables."""
    return "".join(_syllable(rng) for _ in range(n)) + str(rng.choice(("", "n", "r", "s")))


def _letters(rng: np.random.Generator, n: int) -> str:
    """A short word in which consonants and vowels alternate."""
    return (_syllable(rng) + _syllable(rng))[:n] if rng.random() < 0.5 else (_syllable(rng) + _syllable(rng))[1 : n + 1]


def _rare_letters(rng: np.random.Generator, n: int) -> str:
    """A short word of letters that do not occur together in other words."""
    return "".join(rng.choice(list(_RARE), size=n))


def _distinct(draw, n: int, taken: set[str] | None = None) -> tuple[str, ...]:
    """`n` different values of `draw()`, none of them in `taken`, which grows."""
    taken = set() if taken is None else taken
    out: list[str] = []
    while len(out) < n:
        value = draw()
        if value not in taken:
            taken.add(value)
            out.append(value)
    return tuple(out)
