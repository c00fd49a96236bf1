"""For mkdocs: the folders of the repository as the package `tacit`, so that the API pages can be read from the source.

In: `package_dir` of setup.cfg. Out: a temporary tree of links, `tacit/`, `tacit/probes/` and so on, removed afterwards.
The documentation's parser finds packages by their folders only; the installed package is a mapping of names to folders.
"""

import re
import tempfile
from configparser import ConfigParser
from pathlib import Path

from mkdocs.plugins import event_priority

ROOT = Path(__file__).parents[1]
TREE = tempfile.TemporaryDirectory(prefix="tacit-docs-")


@event_priority(100)  # before mkdocstrings reads its own settings
def on_config(config):
    """Link every package into one tree and let mkdocstrings read that."""
    link_packages(Path(TREE.name))
    handler = config.plugins["mkdocstrings"].config.handlers.setdefault("python", {})
    handler["paths"] = [TREE.name]
    return config


def on_post_build(config):
    """Remove the tree."""
    TREE.cleanup()


def link_packages(tree: Path) -> None:
    """`tree/tacit` with the files of tacit/ and a link to the folder of every room."""
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    rooms = dict(line.split(" = ") for line in parser["options"]["package_dir"].strip().splitlines())
    package = tree / "tacit"
    package.mkdir(exist_ok=True)
    for path in (ROOT / rooms.pop("tacit")).iterdir():
        if path.suffix != ".pyi" and path.name != "__pycache__":
            (package / path.name).symlink_to(path)
    for name, folder in rooms.items():
        (package / name.removeprefix("tacit.")).symlink_to(ROOT / folder)


def on_page_markdown(markdown, **_):
    """A code block that names its file (`python file=haiku.py`, which the tests run) shows the name as its title."""
    return re.sub(r"^```(\w+) file=(\S+)$", r'```\1 title="\2"', markdown, flags=re.MULTILINE)
