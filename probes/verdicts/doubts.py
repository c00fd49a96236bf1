"""What keeps the verdict that the scores alone would earn from being given, in words.

In: `Evidence` and the id of a doubt. Out: a clause with its figures.
"""

from tacit.probes.statistics.metrics import printed
from tacit.probes.verdicts.evidence import Evidence
from tacit.probes.verdicts.number_formats import plain, span
from tacit.thresholds import MARGIN, WORTH


def doubt_in_words(e: Evidence, doubt: str) -> str:
    """Raises KeyError for an id that no rule gives."""
    return {
        "finer_scale": _finer_scale, "said_reversed": _said_reversed, "ranks_disagree": _ranks_disagree,
        "said_above_chance": _said_above_chance,
        "report_above_chance": _report_at_chance, "same_ranks": _other_ranks, "same_decisions": _other_decisions,
        "same_items": _other_items, "class_behind": _class_behind,
    }[doubt](e)  # fmt: skip


def _finer_scale(e: Evidence) -> str:
    differ = f"probe and words differ by {span(e.gap.decisions)}"
    if e.gap.ranks is not None:
        return (
            f"once the probe names the same numbers as often as the words do, {differ} in Spearman ρ: a finer scale has"
            " less error without more information"
        )
    return (
        f"once the probe gives each answer as often as the words do, {differ} in balanced accuracy: a continuous score"
        " can beat discrete answers without more information"
    )


def _ranks_disagree(e: Evidence) -> str:
    return (
        f"the difference in {printed(e.about.metric)} ({span(e.gap.lead)}) is not confirmed by the ranks (Spearman ρ,"
        f" probe minus best report: {span(e.gap.ranks)}), so a few large errors may decide it"
    )


def _said_reversed(e: Evidence) -> str:
    return (
        f"turned around, the words are not shown to be more than {WORTH:g} behind the probe ({span(e.gap.lead)}), so"
        " what it knows is said, in reverse"
    )


def _said_above_chance(e: Evidence) -> str:
    return (
        f"the probe is not above chance, but a report is ({', '.join(e.say.informed)}): the model says part of it, so"
        " it is not unknown; a nonlinear code was not tested"
    )


def _equal(e: Evidence) -> str:
    return f"the scores of probe and best report differ by less than {MARGIN:g}, but"


def _likeness(e: Evidence, id: str):
    return next(one.estimate for one in e.gap.alike if one.id == id)


def _report_at_chance(e: Evidence) -> str:
    return f"{_equal(e)} the best report is not shown to be above chance ({span(_likeness(e, 'report_above_chance'))})"


def _other_ranks(e: Evidence) -> str:
    ranks = span(_likeness(e, "same_ranks"))
    return f"{_equal(e)} their ranks are not shown to be as close (Spearman ρ, probe minus report: {ranks})"


def _other_decisions(e: Evidence) -> str:
    differ = span(_likeness(e, "same_decisions"))
    return f"{_equal(e)} their decisions are not shown to be as close (balanced accuracy, probe minus report: {differ})"


def _other_items(e: Evidence) -> str:
    more = _likeness(e, "same_items")
    shown = "together do better" if more.lower > 0 else "are not shown to do no better together"
    return (
        f"{_equal(e)} probe and report {shown} than the report alone (by {span(more)}): equal scores on different items"
    )


def _class_behind(e: Evidence) -> str:
    return f"{_equal(e)} {classes_in_words(e)}"


def classes_in_words(e: Evidence) -> str:
    """The classes in which the report is behind, with both recalls."""
    named = (f'"{c.name}" ({plain(c.probe)} against {plain(c.report)})' for c in e.gap.classes_behind)
    return f"the probe recognises more items of class {', '.join(named)}"
