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
    lead = f"the probe's lead over the words is {span(e.gap.decisions)}"
    if e.gap.ranks is not None:
        return (
            f"{lead} in Spearman ρ when the probe has to name the same numbers as often as the words do; a finer scale"
            " can have less error without more information"
        )
    return (
        f"{lead} in balanced accuracy when the probe has to give each answer as often as the words do; a continuous"
        " score can beat discrete answers without more information"
    )


def _ranks_disagree(e: Evidence) -> str:
    return (
        f"the difference in {printed(e.about.metric)} ({span(e.gap.lead)}) is not confirmed by the ranks (Spearman ρ,"
        f" probe minus best report: {span(e.gap.ranks)}), so it may come from a few large errors"
    )


def _said_reversed(e: Evidence) -> str:
    return (
        f"the words are reversed, and once they are turned around, the probe's lead over them ({span(e.gap.lead)}) is"
        f" not shown to exceed {WORTH:g}, so the model may say all that it knows, in reverse"
    )


def _said_above_chance(e: Evidence) -> str:
    return (
        f"the probe is not above chance, but a report is ({', '.join(e.say.informed)}), so the label is not unknown to"
        " the model; its states may code it nonlinearly, which was not tested"
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
    shown = "do" if more.lower > 0 else "may do"
    return (
        f"{_equal(e)} probe and report together {shown} better than the report alone (by {span(more)}), so they have"
        " equal scores on different items"
    )


def _class_behind(e: Evidence) -> str:
    return f"{_equal(e)} {classes_in_words(e)}"


def classes_in_words(e: Evidence) -> str:
    """The classes in which the report is behind, with both recalls."""
    named = (f'"{c.name}" ({plain(c.probe)} against {plain(c.report)})' for c in e.gap.classes_behind)
    return f"the probe has a higher recall than the report of class {', '.join(named)}"
