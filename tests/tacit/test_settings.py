"""The settings of a run are read only if they are settings."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tacit.errors import ActivationError
from tacit.settings import Settings, one_name, read_settings_file

SETTINGS = Settings("m", ("knowledge",), {"plain": ""}, {"knowledge": "t.csv"}, seed=3, trust_remote_code=True)


@pytest.fixture
def path(tmp_path):
    """A file with settings."""
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(dataclasses.asdict(SETTINGS)))
    return path


def test_settings_are_read_as_they_were_written(path):
    assert read_settings_file(path) == SETTINGS


@pytest.mark.parametrize("content", [b"[1, 2]", b"null", b"3", b'"text"', b"\xff\xfe", b"", b"{", b"{}"])
def test_a_file_that_holds_no_settings_is_one_clear_line(path, content):
    path.write_bytes(content)
    with pytest.raises(ActivationError, match=r"settings\.json is not a settings file of this version") as raised:
        read_settings_file(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("seed", "a", "seed is 'a', expected a number that is 0 or more"),
        ("seed", -1, "seed is '-1', expected a number"),
        ("n", True, "n is 'True', expected a number"),
        ("n", 1.5, "n is '1.5', expected a number"),
        ("targets", "behavior", "targets is 'behavior', expected a list of strings"),
        ("targets", [3], "expected a list of strings"),
        ("conditions", ["a"], "expected an object with strings as values"),
        ("data", None, "data is 'None', expected an object"),
        ("model", 5, "model is '5', expected a string"),
        ("trust_remote_code", "no", "expected true or false"),
        ("another", 1, "unexpected keyword argument 'another'"),
    ],
)
def test_a_setting_of_another_type_is_named(path, field, value, message):
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(ActivationError, match=message) as raised:
        read_settings_file(path)
    assert "\n" not in str(raised.value)


def test_a_model_with_a_name_that_no_file_can_have_is_one_clear_line():
    with pytest.raises(ActivationError, match=r"is not the name of a model or adapter \(File name too long\)"):
        one_name("a" * 300)
