"""What is measured beside the headline: the control panel, and the further readings that have tables of their own.

In: an analysis's context, or a finished analysis. Out: methods of the same table of scores, and rows of transfer.csv,
sparse.csv and positions.csv. Nothing here changes the headline.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tacit.names import FIXED
from tacit.probes.analysis.analyse import Analysis, AnalysisContext, Method
from tacit.probes.analysis.sparse_probing import SPARSE_COLUMNS, sparse_rows
from tacit.probes.analysis.transfer import TRANSFER_COLUMNS, by_condition, by_site, by_source, transfer_rows
from tacit.probes.controls.panel import panel
from tacit.probes.data.examples import Examples
from tacit.probes.estimators.directions import save_directions
from tacit.probes.estimators.sparse_autoencoder import SparseAutoencoder
from tacit.probes.statistics.metrics import value
from tacit.targets.elicitations import Elicitation
from tacit.thresholds import N_RESAMPLES

POSITION_COLUMNS = ("target", "condition", "prompt", "position", "layer", "metric", "value")
COLUMNS = {"transfer.csv": TRANSFER_COLUMNS, "sparse.csv": SPARSE_COLUMNS, "positions.csv": POSITION_COLUMNS}
AFTER = Elicitation(context="after").name


def control_panel(context: AnalysisContext) -> list[Method]:
    """The rivals and controls that stand in the table beside the probe (`panel`)."""
    heard = context.examples.heard.get(AFTER)
    before = None
    if "object" in context.sites:
        before = context.sweep.nested(context.folds.fold, layers=context.searched, sites=["object"])
    found = panel(
        context.examples,
        context.scoring,
        context.folds,
        context.headline.held,
        sites=context.sites,
        layers=context.searched,
        seed=context.seed,
        before=before,
        n_jobs=context.n_jobs,
        p_true=None if heard is None else heard.readouts.get("odds"),
    )
    return [Method(name, b.kind, b.held, note=b.note or str(b.held.usual), y=b.y) for name, b in found.items()]


@dataclass(frozen=True)
class Further:
    """Which further readings are made, and with what."""

    sae: SparseAutoencoder | None = None
    n_resamples: int = N_RESAMPLES
    notes: Mapping[str, object] | None = None
    """facts that saved directions carry, e.g. the model's id"""

    def tables(self, found: Analysis, sites: Sequence[str], layers: Sequence[int], seed: int) -> dict[str, list[dict]]:
        """File -> rows, of one target and condition."""
        examples, site = found.examples, found.methods[FIXED].site
        sparse = sparse_rows(examples, found.scoring, found.folds, sites=sites, layers=layers, sae=self.sae)
        return {
            "transfer.csv": [*self._within(found, site, sites, seed)],
            "sparse.csv": sparse,
            "positions.csv": [*position_rows(found)],
        }

    def _within(self, found: Analysis, site: str, sites: Sequence[str], seed: int) -> Iterator[dict]:
        """Transfer between the items' sources, and between the object and the report prompt, at the fixed layer."""
        examples, scoring, folds, layer = found.examples, found.scoring, found.folds, found.fixed
        stacks = {}
        if examples.frame["source"].nunique() > 1:
            stacks["source"] = by_source(examples, scoring, folds, site=site, layer=layer)
        ends = [name for name in sites if name in ("object", "report")]
        if len(ends) > 1:
            stacks["site"] = by_site(examples, scoring, folds, sites=ends, layer=layer)
        for by, stack in stacks.items():
            yield from transfer_rows(
                stack,
                target=examples.target,
                condition=examples.condition,
                by=by,
                n_resamples=self.n_resamples,
                seed=seed,
            )

    def between_conditions(self, examples: Sequence[Examples], site: str, layer: int, seed: int) -> list[dict]:
        """Rows of transfer.csv between the conditions of one target; [] where these do not have the same classes."""
        stack = by_condition(examples, site=site, layer=layer, seed=seed)
        if stack is None:
            return []
        return transfer_rows(
            stack, target=examples[0].target, condition="", by="condition", n_resamples=self.n_resamples, seed=seed
        )

    def directions(self, run, found: Analysis) -> None:
        """Keep the direction of every site and layer (`probes.load_direction`)."""
        chosen = {(method.site, method.layer): method.held.usual for method in found.curve}
        save_directions(run, found.examples, chosen, notes=self.notes)


def position_rows(found: Analysis) -> Iterator[dict]:
    """Scores by position and layer, of the sites that count from a prompt's end; its last token is position -1."""
    metric, examples = found.scoring.primary, found.examples
    score = {(m.site, m.layer): m for m in found.curve}
    counted = {site for site, _ in score if site.partition(":")[2].startswith("-")}
    prompts = {site.partition(":")[0] for site in counted}
    for (site, layer), method in score.items():
        prompt, _, where = site.partition(":")
        if prompt in prompts and (site in counted or not where):
            row = (examples.target, examples.condition, prompt, int(where or -1), layer, metric)
            yield dict(zip(POSITION_COLUMNS, (*row, value(metric, found.scoring, method.held.pred)), strict=True))
