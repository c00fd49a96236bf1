"""Two names on one line, each with its share of the room: a target and its condition, or a run and its condition.

In: names of any length and the width of a line in points. Out: names shortened so that both can be read, and all lines
of a figure differ. Names that fit are not shortened.
"""

import pandas as pd

from tacit.figures.drawing import style, words

BETWEEN = " · "


def shares(firsts: list[str], seconds: list[str], room: float, size: float, *, bold: bool = False) -> tuple[dict, dict]:
    """What to print for each of `firsts` and of `seconds`, so that any two of them fit `room` points together."""
    firsts, seconds = list(dict.fromkeys(firsts)), list(dict.fromkeys(seconds))
    space = room - words.width_in_points(BETWEEN, size, bold=bold) - 1
    widest = [max(words.width_in_points(words.drawable(n), size, bold=bold) for n in (*each, "")) for each in
              (firsts, seconds)]  # fmt: skip
    rooms = [min(own + 1, max(space / 2, space - other)) for own, other in zip(widest, widest[::-1], strict=True)]
    cut = [
        dict(zip(names, words.fit_all([words.one_line(n) for n in names], own, size, bold=bold), strict=True))
        for names, own in ((firsts, rooms[0]), (seconds, rooms[1]))
    ]
    return cut[0], cut[1]


def joined(first: str, second: str) -> str:
    """Both names on one line; only one if the other is empty."""
    return BETWEEN.join(part for part in (first, second) if part)


def title(table: pd.DataFrame, room: float) -> str:
    """Target and condition of a panel in `room` points, or its column `title` if `titled` has added one."""
    return titled(table.iloc[:1], room)["title"].iloc[0] if "title" not in table else table["title"].iloc[0]


def titled(table: pd.DataFrame, room: float) -> pd.DataFrame:
    """`table` of one figure with a column `title`: target and condition, shortened to `room` points."""
    plain, condition = list(table["target"].map(words.plain)), list(table["condition"].map(words.one_line))
    targets, conditions = shares(plain, condition, room, style.TITLE, bold=True)
    return table.assign(title=[joined(targets[a], conditions[b]) for a, b in zip(plain, condition, strict=True)])
