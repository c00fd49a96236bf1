"""A finished run, made once for all tests that read or damage it."""

from __future__ import annotations

import shutil

import pytest

from tests.tacit.finished_run import make_run


@pytest.fixture(scope="session")
def finished(tmp_path_factory, tiny):
    """The working folder of a finished run, which no test may change."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copytree(tiny("llama"), folder / "m")
        make_run(folder)
    return folder
