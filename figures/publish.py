"""Write all pages of a run to its folder: figures, tables, numbers and text for a paper, and the report.

In: a run's folder and its verdicts. Out: the files written in `figures/`, in reading order.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from joblib import Parallel, cpu_count, delayed

from tacit.figures.drawing.save import save
from tacit.figures.html.report import Picture, report_html
from tacit.figures.inputs.run_files import RunFiles, read_run
from tacit.figures.inputs.verdict_rows import verdict_rows
from tacit.figures.pages import Page, know_and_say_pages, run_pages
from tacit.figures.paper import methods, numbers
from tacit.figures.paper.reproducibility import reproducibility
from tacit.figures.tables.run_tables import run_tables
from tacit.figures.tables.save import save_table
from tacit.files import write_text
from tacit.progress import ends_with_us

PAGES = 3
"""Pages for which a further process pays: it takes as long to start as to draw them."""


def draw_run(folder: Path | str, verdicts: Sequence[Mapping] | None = None) -> list[Path]:
    """Write every page for which the run `folder` has numbers, and return the paths.

    verdicts: as just computed; by default those in `verdicts/verdicts.json`. Raises FigureError for a run
    without scores, items or verdicts.
    """
    run = read_run(folder, verdicts)
    out, drawn, pictures = run.folder / "figures", [], []
    pages = list(run_pages(run))
    for page, paths in zip(pages, _draw_all(pages, out), strict=True):
        pictures.append(Picture(page.name, page.caption, paths[1].read_bytes()))
        drawn += paths
    tables = list(run_tables(run))
    drawn += [path for table in tables for path in save_table(table, out, origin=origin(run))]
    drawn += list(_words(run, out))
    drawn.append(write_text(out / "report.html", report_html(run, pictures, tables)))
    _remove_stale(run, drawn)
    record = json.dumps(reproducibility(run, drawn), indent=1, ensure_ascii=False)
    return [*drawn, write_text(out / "reproducibility.json", record + "\n")]


def draw_models(runs: Mapping[str, Sequence[Mapping]], folder: Path | str) -> list[Path]:
    """Draw know and say of several runs in one figure, in `folder`; runs: name → verdicts."""
    rows = verdict_rows({**one, "run": name} for name, verdicts in runs.items() for one in verdicts)
    rows = rows.sort_values("target", key=lambda names: names.map(list(dict.fromkeys(names)).index), kind="stable")
    return [path for page in know_and_say_pages(rows.reset_index(drop=True)) for path in _draw(page, Path(folder))]


def origin(run: RunFiles) -> str:
    """The run that the numbers came from, for the comment at the head of a file."""
    model = (run.manifest.get("model") or {}).get("id", "")
    return (
        f"tacit: run {run.name}" + (f", model {model}" if model else "") + (f", made from {run.key}" if run.key else "")
    )


def _draw_all(pages: Sequence[Page], folder: Path) -> Iterator[list[Path]]:
    """The files of each page, in their order; drawn in as many processes as there are processors, since fonts and text
    take a second or two a page. One of an earlier call may work in another folder, so it gets a whole path."""
    n_jobs, whole = min(cpu_count(), 1 + len(pages) // PAGES), folder.absolute()
    drawn = Parallel(n_jobs=n_jobs, return_as="generator")(delayed(ends_with_us(_draw))(page, whole) for page in pages)
    return ([folder / path.name for path in paths] for paths in drawn)


def _draw(page: Page, folder: Path) -> list[Path]:
    return save(page.figure(page.table), page.table, folder, page.name)


def _remove_stale(run: RunFiles, drawn: Sequence[Path]) -> None:
    """Remove stale files: those in `figures/` that the previous record lists and that were not drawn this time.

    Older versions also wrote the verdicts and their tables there, and listed them.
    """
    record = run.folder / "figures/reproducibility.json"
    try:
        written = json.loads(record.read_text(encoding="utf-8"))
        before = {**written["sha256"], **written.get("sha256_measured", {})}
    except (OSError, ValueError, KeyError, TypeError):
        return
    names = {Path(name).name for name in before if name.startswith("figures/")}
    for name in names - {path.name for path in drawn}:
        (record.parent / name).unlink(missing_ok=True)


def _words(run: RunFiles, out: Path) -> Iterator[Path]:
    """Write the numbers and the text for a paper."""
    paragraphs = methods.methods(run)
    yield write_text(out / "numbers.tex", numbers.numbers_tex(run.verdicts, origin=origin(run)))
    yield write_text(out / "methods.tex", methods.as_latex(paragraphs, origin=origin(run)))
    yield write_text(out / "methods.md", methods.as_markdown(paragraphs))
    yield write_text(out / "references.bib", methods.bibliography(paragraphs))
