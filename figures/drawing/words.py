"""Prepare text from a model, a table or a user for print: one line, no control characters, shortened to fit.

In: any text. Out: text of a known width, in points (figures) or in terminal cells (summaries). CSV files are not
affected: the file saved with a figure has every label in full.
"""

import bisect
import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache

ELLIPSIS = "…"
_MEASURED_AT = 200
_METRICS = {"auroc": "AUROC", "macro_auroc": "macro AUROC", "mae": "MAE", "r2": "R²", "spearman": "Spearman ρ"}
_METHODS = {
    "words and characters": "TF-IDF", "words of the thoughts": "thoughts", "embeddings, mean": "mean embed.",
    "output confidence": "own output", "surface numbers": "surface", "surface boosted": "surface, trees",
    "surface together": "surface, all", "surface in pairs": "surface, pairs", "answer_type": "answer type",
    "said calibrated": "said, fitted", "logits calibrated": "logits, fitted", "logits median": "logits, median",
    "logits median calibrated": "log. med., fitted", "said calibrated by source": "said, by source",
    "logits calibrated by source": "logits, by source", "logits and kind of reply": "logits and kind",
}  # fmt: skip

_LEVELS = {
    "D": "linearly decodable", "K": "known beyond what the text gives away", "S": "known, and the model can report",
    "G": "known and not said", "A": "known and not said, even with labels", "P": "more than a peer model's states hold",
    "U": "and the model uses it",
}  # fmt: skip
"""Levels of a claim (docs/protocol.md, section 1). Each needs those before it."""


def one_line(text: object) -> str:
    """`text` on one line, without control characters or terminal escapes; "" for a missing value."""
    if text is None or text != text:
        return ""
    stripped = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", str(text))
    kept = "".join(" " if unicodedata.category(ch).startswith(("C", "Z")) else ch for ch in stripped)
    return re.sub(" +", " ", kept).strip()


def plain(name: object) -> str:
    """A name as plain words: `token_count` → `token count`."""
    return one_line(name).replace("_", " ")


def metric(name: object) -> str:
    """The printed name of a metric."""
    return _METRICS.get(one_line(name).lower(), plain(name))


def method(name: object) -> str:
    """The label of a probe, baseline or report in figures, short enough for a margin; tables have the full name."""
    return _METHODS.get(one_line(name), one_line(name))


def verdict(name: object) -> str:
    """A verdict in words: `NOT_KNOWN` → `Not known`; `No verdict` for an empty one."""
    return plain(name).lower().capitalize() or "No verdict"


def level(name: object) -> str:
    """How far a claim goes, in words: `S, provisional` → `S (the model can report it), provisional`."""
    letter, comma, provisional = (one_line(name) or "none").partition(",")
    meaning = _LEVELS.get(letter)
    return f"{letter} ({meaning}){comma}{provisional}" if meaning else f"{letter}{comma}{provisional}"


def listed(parts: Sequence[str]) -> str:
    """The parts as prose: `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


@cache
def _font(bold: bool):
    from matplotlib import font_manager  # imported on first use: texts for a terminal need no matplotlib

    from tacit.figures.drawing import style

    weight = "bold" if bold else "normal"
    path = font_manager.findfont(font_manager.FontProperties(family=style.FAMILY, weight=weight))
    font = font_manager.get_font(path)
    return font, frozenset(font.get_charmap())


def drawable(text: object, *, bold: bool = False) -> str:
    """`text` on one line, with � for each character the figures' font does not have."""
    known = _font(bold)[1]
    return "".join(ch if ord(ch) in known else "�" for ch in one_line(text))


def width_in_points(text: str, size: float, *, bold: bool = False) -> float:
    """How wide `text` is when drawn at `size` points."""
    return _width_measured(text, bold) * size / _MEASURED_AT


@lru_cache(maxsize=10_000)
def _width_measured(text: str, bold: bool) -> float:
    """In points at `_MEASURED_AT`: large, because widths at 7 points are rounded to whole pixels."""
    font = _font(bold)[0]
    font.set_size(_MEASURED_AT, 72)
    font.set_text(text)
    return font.get_width_height()[0] / 64


def cells(text: str) -> int:
    """How many terminal cells `text` takes: wide East Asian characters take two, combining marks none."""
    wide = sum(unicodedata.east_asian_width(ch) in "WF" for ch in text)
    return len(text) + wide - sum(unicodedata.combining(ch) > 0 for ch in text)


def _cut(text: str, room: float, measure) -> str:
    """`text` without its middle, so that `measure` of it fits `room`; the ends are kept because names differ there."""
    if measure(text) <= room:
        return text

    def shortened(kept: int) -> str:
        head = (kept + 1) // 2
        return text[:head].rstrip() + ELLIPSIS + text[len(text) - (kept - head) :].lstrip()

    too_many = bisect.bisect_left(range(1, len(text)), True, key=lambda kept: measure(shortened(kept)) > room)
    return shortened(too_many)


def fit(text: object, points: float, size: float, *, bold: bool = False) -> str:
    """`text` for a figure, cut in its middle to at most `points` wide at `size`."""
    return _cut(drawable(text, bold=bold), points, lambda part: width_in_points(part, size, bold=bold))


def fit_all(names: list[str], points: float, size: float, *, bold: bool = False) -> list[str]:
    """Each of `names` shortened to `points` wide; if two of them would then be equal, all are numbered in order."""
    cut = [fit(name, points, size, bold=bold) for name in names]
    if len(set(cut)) == len(set(names)):
        return cut
    return [fit(f"{i} {name}", points, size, bold=bold) for i, name in enumerate(names, start=1)]


def fit_cells(text: object, room: int) -> str:
    """`text` for a terminal, cut in its middle to at most `room` cells."""
    return _cut(one_line(text), room, cells)


def pad(text: str, room: int, *, right: bool = False) -> str:
    """`text` filled with spaces to `room` cells."""
    blank = " " * max(0, room - cells(text))
    return blank + text if right else text + blank


def wrap(text: object, room: int) -> list[str]:
    """`text` on lines of at most `room` cells, broken at spaces, and inside a word only where it is too long."""
    lines, line = [], ""
    for word in one_line(text).split(" "):
        if line and cells(line) + 1 + cells(word) > room:
            lines, line = [*lines, line], ""
        line = f"{line} {word}" if line else word
        while cells(line) > room:
            kept = max(1, bisect.bisect_right(range(1, len(line) + 1), room, key=lambda n, now=line: cells(now[:n])))
            lines, line = [*lines, line[:kept]], line[kept:]
    return [*lines, line] if line else lines
