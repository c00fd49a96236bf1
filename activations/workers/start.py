"""How further processes are started: forked from a server that has imported the libraries once for all of them.

The import takes longer than much of the work. The server imports while this process does, and plans, on another core.
Nothing here imports torch.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from pathlib import Path

import joblib

IMPORTED = "tacit.activations.workers.processes"
"""What the server imports, and with it all that a process needs."""
SMALL = 2**26
"""Bytes of weights below which a model is likely to be computed by several processes."""


def start_method() -> BaseContext:
    """Of the processes. Elsewhere than on Linux a process that has imported torch is not safe to fork."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([IMPORTED])
    return context


def import_meanwhile(folder: Path, weights: Path, workers: int | None) -> None:
    """Start the server where processes will probably be needed, so that it is ready by then.

    folder: the run's activations; weights: the model's folder or file; workers: the processes that were asked for, or
    None.
    """
    unasked = workers is None and joblib.cpu_count() > 1 and "OMP_NUM_THREADS" not in os.environ and _small(weights)
    context = start_method()
    if (unasked or (workers or 1) > 1) and not _complete(folder) and context.get_start_method() == "forkserver":
        forkserver.ensure_running()


def _small(weights: Path) -> bool:
    files = list(weights.glob("*.safetensors")) if weights.is_dir() else [weights] if weights.is_file() else []
    return 0 < sum(file.stat().st_size for file in files) < SMALL


def _complete(folder: Path) -> bool:
    try:
        return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["complete"] is True
    except (OSError, ValueError, LookupError, TypeError):
        return False  # what is wrong with it is said where it is read
