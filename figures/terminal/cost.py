"""What `tacit plan` prints: what a run asks and writes, form by form, and how long it takes on several machines.

In: an estimate in JSON's types (`Estimate.plain`). Out: text for a terminal.
"""

import math
from collections.abc import Mapping, Sequence

from tacit.figures.drawing import words
from tacit.figures.terminal.show import table_lines

_HEADS = ("target", "condition", "form", "prompts", "as asked", "tree", "written", "TFLOP", "states", "replies")
_SUMMED = ("prompts", "asked", "tree", "written", "flops", "state_bytes", "reply_bytes")
_NOTES = """\
Tokens: "as asked" counts each prompt by itself, "tree" each token of an item once (a model that cannot share work reads
as asked), and "written" assumes half of the longest reply, and samples that agree half of the time. Prompts that depend
on replies are made up for this estimate and marked ~.
FLOPs: 2 for each of the blocks' {body} weights and token, attention over the whole row of a batch, and 2 for each of
the head's {head} weights where logits are wanted.
Times: this machine by two timed products of its largest matrix, in one process. Cards by their data sheets and an
assumed utilisation, with weights in {card}: rough, and not measured on any of them."""


def cost_summary(estimate: Mapping) -> str:
    """Two tables and what their numbers mean."""
    model, rows = estimate["model"], estimate["rows"]
    total = {name: sum(row[name] for row in rows) for name in _SUMMED}
    size = model["total"] * model["bytes_a_weight"]
    head = f"{words.one_line(model['id'])}: {_si(model['total'])} weights in {model['dtype']}, {_size(size)} in memory"
    cells = [_row(row) for row in rows] + [["all", "", "", *_numbers(total)]]
    quantized = model["bytes_a_weight"] <= 1
    notes = _NOTES.format(
        body=_si(model["body"]), head=_si(model["head"]), card=model["dtype"] if quantized else "16 bits"
    )
    places = [_place(place) for place in estimate["machines"]]
    machines = table_lines(("machine", "memory", "the model fits", "time", "GPU-hours"), places)
    return "\n".join([head, "", *table_lines(_HEADS, cells), "", *machines, "", notes])


def _row(row: Mapping) -> list[str]:
    names = [words.one_line(row[name]) for name in ("target", "condition", "form")]
    return [*names, *(f"~{cell}" if row["estimated"] else cell for cell in _numbers(row))]


def _numbers(row: Mapping) -> Sequence[str]:
    counts = [f"{row[name]:,}" for name in ("prompts", "asked", "tree", "written")]
    return [*counts, f"{row['flops'] / 1e12:,.3g}", _size(row["state_bytes"]), _size(row["reply_bytes"])]


def _place(place: Mapping) -> list[str]:
    n, hours = place["devices"], place["gpu_hours"]
    fits = "yes" if n == 1 else f"on {n} of them (--device-map auto)" if not math.isnan(hours) else "no"
    hours = "" if math.isnan(hours) else f"{hours:.2g}"
    return [words.one_line(place["machine"]), _size(place["memory_bytes"]), fits, _time(place["seconds"]), hours]


def _time(seconds: float) -> str:
    for size, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}" if seconds >= 10 * size else f"{seconds / size:.1f} {name}"
    return f"{seconds:.0f} s"


def _size(size: float) -> str:
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size / 1e3:,.0f} kB"


def _si(n: float) -> str:
    for unit, name in ((1e12, " trillion"), (1e9, " billion"), (1e6, " million")):
        if n >= unit:
            return f"{n / unit:.3g}{name}"
    return f"{n:,.0f}"
