"""Evidence by short names, for tests: `changed(CLEAR, probe=est(0.9), control=0.5)`."""

from dataclasses import replace

from tacit.probes.verdicts.evidence import About, Asked, Evidence, Gap, Know, Say

RENAMED = {
    "probe": ("know", "score"),
    "report": ("say", "score"),
    "gap": ("gap", "lead"),
    "hard": ("gap", "decisions"),
    "answered_gap_lower": ("gap", "answered_lower"),
}
RECORDS = {"about": About, "know": Know, "say": Say, "gap": Gap, "words": Asked}


def _place(name: str) -> tuple[str, str]:
    """(record, field) of a short name; words are the primary elicitation, inside `say`."""
    if name in RENAMED:
        return RENAMED[name]
    if name in ("peers", "used"):
        return "", name
    for record, kind in RECORDS.items():
        if name in kind.__dataclass_fields__:
            return record, name
    raise KeyError(name)


def changed(e: Evidence, **changes) -> Evidence:
    """The same evidence with these fields changed, wherever they are."""
    parts: dict[str, dict] = {}
    for name, value in changes.items():
        record, field = _place(name)
        parts.setdefault(record, {})[field] = value
    if "words" in parts:
        parts.setdefault("say", {})["words"] = replace(e.say.words, **parts.pop("words"))
    top = parts.pop("", {})
    return replace(e, **top, **{record: replace(getattr(e, record), **fields) for record, fields in parts.items()})


def from_flat(fields: dict) -> Evidence:
    """Evidence from short names alone."""
    parts: dict[str, dict] = {}
    for name, value in fields.items():
        record, field = _place(name)
        parts.setdefault(record, {})[field] = value
    words = Asked("said", **parts.pop("words"))
    say = Say(words=words, **parts.pop("say"))
    return Evidence(About(**parts["about"]), Know(**parts["know"]), say, Gap(**parts["gap"]), **parts.get("", {}))
