"""A run, read from its folder: settings, activations, items, replies, scores and verdicts, each on first use.

run = tacit.open_run("runs/default")
run.store.load("knowledge", "locked", site="object", layer=4)     # (n_items, d_model) float32
run.scores.query("method == 'nested'")
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tacit.errors import ActivationError, ProbeError
from tacit.files import check_seal
from tacit.names import ACTIVATIONS, PROBES, VERDICTS, VERDICTS_FILE, VERDICTS_SCHEMA
from tacit.settings import RUNS, Settings, read_settings_file, run_folder

if TYPE_CHECKING:  # imported on first use, so that the command line answers at once
    import pandas as pd

    from tacit.activations.store.store import Store


@dataclass(frozen=True)
class Run:
    """One folder under `runs/`. Opening it reads only the settings; everything else is read once, on first use."""

    path: Path
    """The folder, `runs/<name>`."""

    @property
    def name(self) -> str:
        """The folder's name, which is the name of the run on the command line."""
        return self.path.name

    @cached_property
    def settings(self) -> Settings:
        """The settings of the run. Raises ActivationError for a file that cannot be read as settings."""
        return read_settings_file(self.path / "settings.json")

    @cached_property
    def store(self) -> Store:
        """The residual activations; `store.load(target, condition, site=…, layer=…)` is `(n_items, d_model) float32`.

        Raises ActivationError if nothing has been cached, or caching is not finished.
        """
        from tacit.activations.store.store import open_store

        return open_store(self.path / ACTIVATIONS)

    @property
    def left_out(self) -> list[tuple[str, str]]:
        """The (target, condition) pairs that were asked the object prompts alone, because all labels were the same."""
        planned = [(t, c) for t in self.settings.targets for c in self.settings.conditions]
        return [pair for pair in planned if pair not in self.store.entries]

    @property
    def items(self) -> pd.DataFrame:
        """A row per target and item: prompts, groups, token positions (`activations/items.parquet`)."""
        return self.store.items

    @cached_property
    def replies(self) -> pd.DataFrame:
        """A row per reply: how it was asked, its text, and how it was read (`probes/replies.parquet`)."""
        import pandas as pd

        return pd.read_parquet(self._probed("replies.parquet"))

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """A row per target, condition and item: label, fold, group, held-out predictions (`probes/items.parquet`)."""
        import pandas as pd

        return pd.read_parquet(self._probed("items.parquet"))

    @cached_property
    def scores(self) -> pd.DataFrame:
        """A row per target, condition, site, layer, method and metric, with intervals (`probes/scores.csv`)."""
        import pandas as pd

        return pd.read_csv(self._probed("scores.csv"), keep_default_na=False, na_values=[""])

    @property
    def verdicts(self) -> pd.DataFrame:
        """A row per target and condition: verdict, level, sentence, scores and gap (`verdicts/verdicts.json`).

        Read again at each use, since `compare` may have written it in the meantime. Raises ProbeError without it.
        """
        import pandas as pd

        path = self.path / VERDICTS / VERDICTS_FILE
        if not path.is_file():
            raise ProbeError(f"{self.path} has no verdicts yet. Run: tacit compare {self.name}")
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            check_seal(content)
        except (ValueError, OSError) as error:
            raise ProbeError(f"{path} cannot be used ({error}). Run: tacit compare {self.name}") from error
        if content.get("schema") != VERDICTS_SCHEMA:
            raise ProbeError(f"{path} is not in the format {VERDICTS_SCHEMA}. Run: tacit compare {self.name}")
        return pd.DataFrame(content["verdicts"])

    def _probed(self, name: str) -> Path:
        path = self.path / PROBES / name
        if not path.is_file():
            raise ProbeError(f"{self.path} has not been probed yet ({path} is missing). Run: tacit probe {self.name}")
        return path


def open_run(path: str | Path) -> Run:
    """Open a run by its folder (`runs/default`) or by its name (`default`).

    Raises ActivationError if there is no such run; the message lists the existing ones.
    """
    folder = Path(path)
    if not _is_file(folder / "settings.json") and len(folder.parts) == 1:
        folder = run_folder(str(path))
    if not _is_file(folder / "settings.json"):
        runs = folder.parent if len(folder.parts) > 1 else RUNS
        there = ", ".join(sorted(found.parent.name for found in runs.glob("*/settings.json"))) or "none"
        raise ActivationError(
            f"there is no run {folder.name!r} ({folder / 'settings.json'}; existing runs: {there}). Run: make cache"
            f" MODEL=… RUN={folder.name}"
        )
    return Run(folder)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long for the file system
        return False
