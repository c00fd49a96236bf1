"""The evidence of one target under one condition: what the verdict is about, what the model knows, says,
and the gap.

In: nothing; this file measures nothing. `collect.gather` fills an `Evidence`, `ladder` turns it into conditions that
held, failed or were not tested, and `decide` into one verdict. What a run did not measure is None here, never zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tacit.names import LOGIT_LENS, OUTPUT_CONFIDENCE
from tacit.probes.data.positive_controls import Control, ReadOut
from tacit.probes.statistics.bootstrap import Estimate
from tacit.targets.counting.coupling import Coupling

EMBEDDINGS = "embeddings"
"""The baseline without which nothing is called known."""
OUTPUTS = (OUTPUT_CONFIDENCE, LOGIT_LENS)
"""What the model's own output shows already; where it does as well as the probe, a claim is about words only."""


@dataclass(frozen=True)
class Rival:
    name: str
    score: Estimate
    """the baseline's own score"""
    lead: Estimate
    """probe minus baseline, paired"""
    matches: bool
    """whether the probe is shown to lead by less than MARGIN (one-sided 5 %, from `bootstrap.enough_groups` groups)"""


@dataclass(frozen=True)
class Asked:
    """The replies to one elicitation of the report: how many can be read, and whether the format works."""

    name: str
    coverage: dict[str, float]
    """shares of answered, refused, unreadable"""
    constant: float
    """share of the commonest value among the answered; nan if none"""
    said: str
    """that value"""
    control: float
    """positive control accuracy; nan if none was run"""
    n_control: int
    control_other: float
    """the same over controls whose planted answer is not the commonest report; nan if there are too few"""
    natural: Control | None = None
    """the natural control; None if none was run"""
    above_chance: bool = False
    """whether its words are shown to tell the label better than chance (primary elicitation only)"""


@dataclass(frozen=True)
class Supervised:
    """A report that was given labels, and what the probe has over it."""

    rung: str
    elicitation: str
    """map (a 1-D map fitted on the probe's training folds), shots (labelled examples in the prompt), or tuned (a prompt
    learned by gradient)"""
    lead: Estimate
    """probe minus this rung, paired"""
    usable: bool | None
    """whether its replies can be read and its positive control passed, or learning took; None where nothing shows it"""
    selectivity: Estimate | None = None
    """of a tuned report, its score minus that of its control task, which is tuned on labels permuted by group, paired;
    None where no such task was run"""


@dataclass(frozen=True)
class Likeness:
    """Something beside the scores in which probe and best report must be alike before there is called no gap."""

    id: str
    """report_above_chance, same_ranks, same_decisions or same_items"""
    estimate: Estimate
    """the report's score, or what the probe (or probe and report together) has over it"""
    shown: bool
    """whether it is shown, for a lead: to be within MARGIN"""


@dataclass(frozen=True)
class Behind:
    """A class that the probe recognises more often than the best report does."""

    name: str
    probe: float
    """share of the items of this class to which the probe gives it"""
    report: float
    """the same of the best report"""
    lead: Estimate
    """the difference, paired"""


@dataclass(frozen=True)
class Peer:
    """Another model's states, read with this model's labels."""

    run: str
    lead: Estimate
    """probe on the own states minus probe on the peer's, paired, on the items that both have"""
    effective: int
    """independent groups among these items: those that hold the rarer class"""
    adds: Estimate | None = None
    """both models' states side by side minus the peer's alone, on the items whose truths differ between the models;
    None or nan where these are too few"""
    apart: int = 0
    """independent groups among the items whose truths differ"""
    on_own: Estimate | None = None
    """the peer's own probe on its own labels"""
    target_on_own: float = float("nan")
    """this model's probe on its labels of the shared items"""
    chance: float = 0.5
    """of the metric"""
    at_report: bool = False
    """whether states were read at the report prompt alone"""


@dataclass(frozen=True)
class Used:
    """What ablating one probe's direction does to the next token, beside other directions (`usage`)."""

    target: str
    condition: str
    site: str
    reading: int
    """the layer that the probe reads"""
    layer: int
    """the layer that was ablated: the same, or the one before the last block"""
    effect: float
    """mean divergence over the items, nats"""
    shuffled_mean: float
    """the same of probes of shuffled labels, their mean"""
    shuffled_q95: float
    """and their 95th percentile, a draw itself: an effect above it has p <= .05"""
    p_shuffled: float
    """(1 + #{rival >= effect}) / (1 + n_random)"""
    other_mean: float
    """along other directions, moved as far"""
    other_q95: float
    p_other: float
    n: int
    """items, one a group"""
    n_random: int
    """rivals of each kind"""


@dataclass(frozen=True)
class About:
    """What the verdict is about, and how many independent items it rests on."""

    target: str
    condition: str
    metric: str
    chance: float
    site: str
    """of the reading that the probe uses most often"""
    layer: int
    effective: int
    """independent groups behind the score: in classes, those that hold the rarer class"""
    tail: float = float("nan")
    """for counts, the share of the median guess's error that a tenth of the items bears"""
    heaviest: float = 0.0
    """the largest share that one group has of the items of its fold"""
    acts: bool = False
    """whether the label is a class of what the reply does, which the next token's logits may give away"""
    thought: bool = False
    """whether its reports begin with the model's thoughts"""
    cut: float = 0.0
    """the largest share of an elicitation's reports that were cut off within the thoughts"""
    positional: bool = False
    """whether the label is a count of a span, which the position gives away unless it is decoupled"""
    at_report: bool = False
    """whether every figure is for the probe at the report prompt, because before the act the probe is not shown to read
    more than the logit lens"""


@dataclass(frozen=True)
class Copies:
    """Items whose states lie far closer to each other than to the rest, although their groups differ."""

    share: float
    """of all items"""
    score: Estimate | None = None
    """the probe's score with such items in one group; None where that was not needed or not possible"""
    drop: Estimate | None = None
    """its score on the groups given minus that"""


@dataclass(frozen=True)
class Know:
    """The probe, and every control that its score has to beat."""

    score: Estimate
    shuffled: Estimate
    """probe minus a probe of shuffled labels, paired"""
    rivals: tuple[Rival, ...]
    """surface baselines, the embeddings, and the random-initialised model where it was run"""
    outputs: tuple[Rival, ...] = ()
    """what the model's own output shows, where it was read"""
    unscored: int = 0
    """items to which the probe gave no score"""
    ranked: Estimate | None = None
    """Spearman's rho of the probe, for counts: where most labels are equal the error alone shows nothing"""
    null_p: float | None = None
    """p of the permuted pipeline with its search over layers"""
    n_permutations: int = 0
    near_duplicates: int | None = None
    """pairs of near-duplicate texts that were put into one group"""
    selectivity: Estimate | None = None
    """probe minus control task, paired, each against its own labels"""
    copies: Copies | None = None
    """None where they were not looked for"""
    positions: tuple[Coupling, ...] = ()
    """for counts of a span: their correlations with the positions that the probe reads"""
    beyond_lens: Estimate | None = None
    """probe at the object prompt minus the logit lens at the same layers, paired; None where no lens was read"""


@dataclass(frozen=True)
class Unanswered:
    """Replies to the primary elicitation that are no answers, by true class (for counts, by fifth)."""

    shares: Mapping[str, float]
    """class -> share of its items without an answer"""
    p: float
    """that such shares differ so much by chance, labels permuted between groups"""


@dataclass(frozen=True)
class WithinSource:
    """The gap among items of one source, for the report that comes closest to the probe there."""

    rung: str
    lead: Estimate
    """probe minus this rung, from pairs of items of one fold and one source"""


@dataclass(frozen=True)
class Say:
    """The reports: the best rung, the replies to the primary elicitation, and those to the others."""

    score: Estimate
    """best rung, chosen on training folds"""
    rung: str
    words: Asked
    """the replies to the primary elicitation"""
    graded: bool
    """whether log-probabilities that rank the items, and are shown to do better than the words, are among the rungs"""
    chosen: tuple[str, ...] = ()
    """the rung that was the best on the other folds, fold by fold; `rung` is the commonest of them"""
    asked: tuple[Asked, ...] = ()
    """the other elicitations in the framing "you" """
    read_outs: tuple[ReadOut, ...] = ()
    """reports from log-probabilities, with positive controls of their own"""
    supervised: tuple[Supervised, ...] = ()
    """reports that were given labels"""
    unanswered: Unanswered | None = None
    """what non-answers to the primary elicitation reveal; None where every reply is an answer"""
    reversed: Estimate | None = None
    """the score of the words as said where it is shown to be below chance: they say the opposite"""
    informed: tuple[str, ...] = ()
    """report rungs that are shown to do better than chance"""

    @property
    def best(self) -> str:
        """The best rung, and in how many folds it was chosen where others were too."""
        times = self.chosen.count(self.rung)
        folds = "" if times == len(self.chosen) else f", chosen in {times} of {len(self.chosen)} folds"
        return f'"{self.rung}"{folds}'


@dataclass(frozen=True)
class Gap:
    """What the probe has over the reports, paired."""

    lead: Estimate
    """probe minus best report"""
    equivalent: bool
    """whether the lead is shown to be within ±MARGIN"""
    unbeaten: tuple[str, ...]
    """report rungs that the probe is not shown to beat one by one (paired interval not above 0)"""
    decisions: Estimate | None
    """probe minus words, both as answers of equal coarseness (`decisions`); None for counts whose words never change"""
    alike: tuple[Likeness, ...] = ()
    """what else must be alike for NO_GAP"""
    classes_behind: tuple[Behind, ...] = ()
    """classes in which the report is shown to be behind by more than the margin"""
    answered_lower: float | None = None
    """lower limit of the gap among answered items alone; None or nan where it is undefined"""
    holm_p: float | None = None
    """two-sided p of the lead, adjusted over every gap of the comparison"""
    within_source: WithinSource | None = None
    """None for counts, and where there are not several sources"""
    n_family: int = 1
    """how many gaps these were"""
    without_width: bool = False
    """whether resampling shows no variance of the lead, because a score is without an error; its limits then come from
    the number of groups"""

    @property
    def unlike(self) -> tuple[str, ...]:
        """Ids of what keeps equal scores from being no gap."""
        found = tuple(one.id for one in self.alike if not one.shown)
        return (*found, "class_behind") if self.classes_behind else found

    @property
    def ranks(self) -> Estimate | None:
        """Probe minus best report in Spearman's rho; None for classes."""
        return next((one.estimate for one in self.alike if one.id == "same_ranks"), None)


@dataclass(frozen=True)
class Evidence:
    about: About
    know: Know
    say: Say
    gap: Gap
    peers: tuple[Peer, ...] = ()
    """other models that were compared with, on the same items"""
    used: Used | None = None
    """what ablating the direction does where the probe reads; None where that was not tried"""
    used_p: float | None = None
    """p of that ablation, adjusted by Holm's procedure over all of them that are compared; None where it was not"""
    n_used: int = 0
    """how many these are"""
