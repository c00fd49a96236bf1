"""What is decided of one target under one condition: the names of verdicts, and the record of one."""

from dataclasses import dataclass, field

from tacit.names import LOGIT_LENS, OUTPUT_CONFIDENCE

GAP, NO_GAP, NOT_KNOWN, SURFACE_ONLY = "GAP", "NO_GAP", "NOT_KNOWN", "SURFACE_ONLY"
REPORT_INVALID, REPORT_EXCEEDS_PROBE, INCONCLUSIVE = "REPORT_INVALID", "REPORT_EXCEEDS_PROBE", "INCONCLUSIVE"
NAMES = (GAP, NO_GAP, NOT_KNOWN, SURFACE_ONLY, REPORT_INVALID, REPORT_EXCEEDS_PROBE, INCONCLUSIVE)


LEVELS = ("D", "K", "S", "G", "A", "P", "U")
BEYOND_OUTPUT = {OUTPUT_CONFIDENCE: "beyond_output_confidence", LOGIT_LENS: "beyond_logit_lens"}
"""Output baseline → the id of the condition that the probe beats it."""
IDS = (
    "above_chance", "permutation_null", "enough_permutations", "near_duplicates",
    "beats_surface", "beats_random_model", "selectivity", "no_paraphrase_leakage", "position_decoupled",
    "beats_logit_lens",
    "report_valid", "enough_controls",
    "gap_above_zero", "above_every_rung", "holm", "not_finer_scale",
    "mapped_report", "gap_within_source", "few_shot_report", "tuned_report", "beats_peers", "used",
    *BEYOND_OUTPUT.values(),
)  # fmt: skip
"""Every condition, level by level. Some are there only where they apply (position_decoupled: token counts)."""


@dataclass(frozen=True)
class Outcome:
    """Whether one thing that a level needs held."""

    id: str
    """a stable name, one of `IDS`; wording may change, ids do not"""
    level: str
    """the level that needs it, or "scope" """
    held: bool | None
    """None: not tested, or tried and undecided"""
    tried: bool = False
    """whether an undecided one was tried"""


@dataclass(frozen=True)
class Condition:
    """An outcome in words: what it is called, and the figures that show it."""

    id: str
    level: str
    condition: str
    evidence: str
    held: bool | None
    tried: bool = False


@dataclass(frozen=True)
class Decision:
    """What the rules decided, without words."""

    name: str
    """one of `NAMES`"""
    level: str
    """none, D, K, S, G, A, P or U"""
    conditions: tuple[Outcome, ...]
    decodable: bool = False
    known: bool = False
    valid: bool = False
    """whether the report can be interpreted"""
    too_little: str = ""
    """the id of what makes the evidence too little for any verdict"""
    doubts: tuple[str, ...] = ()
    """ids of what keeps a significant difference from being called a gap"""

    @property
    def missing(self) -> tuple[Outcome, ...]:
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
