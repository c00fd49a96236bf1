"""Where the information is lost: between the object prompt and the report prompt, or between that and the words.

In: `Paired` and the sites of an entry. Out: the probe's score at either prompt, the report's score, the two differences
between them, and the name of the step that loses the information. Decodable at the object prompt only: it never reaches
the reporting context. Decodable at the report prompt too, but not said: a verbalisation gap (docs/protocol.md,
section 5).
"""

from collections.abc import Sequence

from tacit.names import BEST
from tacit.probes.comparison.paired_scores import Paired, limits
from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.statistics.metrics import CHANCE
from tacit.probes.verdicts.verdict import GAP
from tacit.thresholds import MARGIN, WORTH

NEVER_ARRIVED, UNSAID, PARTLY = "never arrived", "arrived and unsaid", "arrived in part, and unsaid"
ONLY_REPORT, SAID, SAID_REVERSED, NOWHERE, UNDECIDED = (
    "decodable at the report prompt only",
    "arrived and said",
    "arrived and said reversed",
    "nowhere",
    "undecided",
)


def localise(paired: Paired, sites: Sequence[str]) -> dict | None:
    """{object_site, report_site, say: {value, lower, upper}, arriving, telling, step}; None without both sites.

    arriving: report site minus object site; telling: report site minus best report; both paired.
    """
    names = [next((s for s in sites if s.split(":")[0] == prompt), None) for prompt in ("object", "report")]
    if None in names:
        return None
    acted, asked = (f"nested {name}" for name in names)
    scores = [paired.score(name) for name in (acted, asked, BEST)]
    arriving, telling = paired.lead(asked, acted), paired.lead(asked, BEST)
    return {
        "object_site": _three(scores[0]), "report_site": _three(scores[1]), "say": _three(scores[2]),
        **limits("arriving", arriving), **limits("telling", telling),
        "step": losing_step(*scores[:2], arriving, telling, chance=CHANCE[paired.scoring.primary]),
    }  # fmt: skip


def losing_step(acted: Estimate, asked: Estimate, arriving: Estimate, telling: Estimate, *, chance: float) -> str:
    """Which step loses the information; undecided where an interval leaves it open."""
    if not asked.lower > chance:
        if asked.upper >= chance + WORTH:
            return UNDECIDED
        if acted.lower > chance:
            return NEVER_ARRIVED if arriving.upper < 0 else UNDECIDED
        return NOWHERE if acted.upper < chance + WORTH else UNDECIDED
    if not acted.lower > chance and acted.upper < chance + WORTH:
        return ONLY_REPORT
    if telling.lower > 0:  # a loss between the prompts that is shown to be within the margin is not worth a name
        return PARTLY if arriving.upper < 0 and arriving.lower <= -MARGIN else UNSAID
    return SAID if telling.upper < WORTH else UNDECIDED


def settled(step: str, verdict: str, equivalent: bool, *, reversed_words: bool = False) -> str:
    """The step once the verdict is known: information is called unsaid only where a gap was found, and said where the
    gap is shown to be within the margin and the words are not the opposite of it."""
    if step in (UNSAID, PARTLY) and verdict != GAP:
        step = SAID if equivalent else UNDECIDED
    return SAID_REVERSED if step == SAID and reversed_words else step


def _three(x: Estimate) -> dict[str, float]:
    return {"value": x.value, "lower": x.lower, "upper": x.upper}
