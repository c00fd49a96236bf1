"""What is decided of one target under one condition: the names of verdicts, and the record of one."""

from dataclasses import dataclass, field

from tacit.probes.verdicts.ladder import Condition

GAP, NO_GAP, NOT_KNOWN, SURFACE_ONLY = "GAP", "NO_GAP", "NOT_KNOWN", "SURFACE_ONLY"
REPORT_INVALID, REPORT_EXCEEDS_PROBE, INCONCLUSIVE = "REPORT_INVALID", "REPORT_EXCEEDS_PROBE", "INCONCLUSIVE"
NAMES = (GAP, NO_GAP, NOT_KNOWN, SURFACE_ONLY, REPORT_INVALID, REPORT_EXCEEDS_PROBE, INCONCLUSIVE)


@dataclass(frozen=True)
class Decision:
    """What the rules decided, without words."""

    name: str
    """one of `NAMES`"""
    level: str
    """none, D, K, S, G, A, P or U"""
    conditions: tuple[Condition, ...]
    decodable: bool = False
    known: bool = False
    valid: bool = False
    """whether the report can be interpreted"""
    too_little: str = ""
    """the id of what makes the evidence too little for any verdict"""
    doubts: tuple[str, ...] = ()
    """ids of what keeps a significant difference from being called a gap"""

    @property
    def missing(self) -> tuple[Condition, ...]:
        """Conditions up to this level that were not tested, or tried without an answer: they make it provisional."""
        levels = "" if self.level == "none" else "DKSGAPU"[: "DKSGAPU".index(self.level) + 1]
        return tuple(c for c in self.conditions if c.held is None and c.level in levels)


@dataclass(frozen=True)
class Verdict:
    """A decision and the words that tell it."""

    name: str
    level: str
    """none, D, K, S, G, A, P or U, with ", provisional" while conditions up to that level are untested"""
    reasons: tuple[str, ...]
    sentence: str
    conditions: tuple[Condition, ...] = field(default=())
