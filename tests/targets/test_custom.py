"""A user's own target: the very examples of docs/your-own-target.md, and what goes wrong in others."""

import re
from pathlib import Path

import pytest

from tacit.errors import TargetError
from tacit.targets import Item, Report, frame_to_items, get_target, items_to_frame, load_items, read_table, resolve_data
from tacit.targets.custom import OwnTarget
from tacit.targets.elicitations import PRIMARY, parse
from tacit.targets.tables.python_files import files_named_in, load_function, permit

DOCS = Path(__file__).parents[2] / "docs" / "your-own-target.md"
EXAMPLES = dict(re.findall(r"```\w+ file=(\S+)\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL))


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The documented files, written into an empty folder that is then worked in."""
    for name, text in EXAMPLES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    permit(name for name in EXAMPLES if name.endswith(".py"))
    return tmp_path


@pytest.mark.parametrize("name", ["drinks.csv", "haiku.py", "marks.py"])
def test_a_documented_example_has_at_most_twenty_lines(name):
    assert len(EXAMPLES[name].splitlines()) <= 20


def test_the_documented_table_is_a_target_with_both_reports(example):
    sources = resolve_data(("drinks.csv",), None)
    items, ignored = load_items("behavior", sources.paths["behavior"], n=10, seed=0, count_tokens=len)
    target = get_target("behavior", items)
    assert (sources.targets, ignored, target.classes) == (("behavior",), (), ("tea", "coffee"))
    assert target.report_prompt(items[0], parse("free/you/0")) == "What would you drink with breakfast?"
    assert target.report_prompt(items[0], PRIMARY).startswith("Would you like tea or coffee with breakfast?")
    assert target.label(items[0], reply="Coffee, please.") == "coffee"


def test_the_documented_file_is_a_target_that_is_found_again_from_its_items(example):
    sources = resolve_data(("haiku.py",), None)
    items, _ = load_items("haiku", sources.paths["haiku"], n=20, seed=1, count_tokens=len)
    target = get_target("haiku", frame_to_items(items_to_frame(items)))
    assert sources.targets == (target.name,) == ("haiku",)
    assert (len(items), len({item.group for item in items})) == (20, 14)
    assert target.label(items[0], reply="An old silent pond") == "no"
    assert target.label(items[0], reply="A frog jumps into the water") == "yes"
    assert target.read(items[0], "**Yes**, it would.") == Report("answered", "yes")
    assert target.valid_answers(items) == ("no", "yes")
    assert {item.control_answer for item in items} == {"no", "yes"}


def test_the_documented_function_is_a_property_of_a_table(example):
    (example / "t.csv").write_text("question,property\nList some fruit.,python:marks.py:commas\n", encoding="utf-8")
    items, _ = load_items("behavior", "t.csv", n=1, seed=0, count_tokens=len)
    target = get_target("behavior", items)
    assert (target.kind, target.label(items[0], reply="a, b, c")) == ("count", 2.0)
    assert target.label(items[0], reply="a, b, c", ended=False) is None
    assert "the number of commas of your answer" in target.report_prompt(items[0])


def test_an_own_file_may_count_and_read_for_itself(tmp_path):
    path = tmp_path / "lines.py"
    path.write_text(
        "KIND = 'count'\nANSWERS = (1, 2, 3)\n"
        "def items(n, seed):\n    return [{'object_prompt': f'o{i}', 'report_prompt': 'r'} for i in range(n)]\n"
        "def label(item, reply):\n    return len(reply.splitlines())\n"
        "def read(item, reply):\n    return len(reply) if set(reply) == {'|'} else None\n"
    )
    permit([str(path)])
    items, _ = load_items("lines", str(path), n=12, seed=0, count_tokens=len)
    target = get_target("lines", items)
    assert (target.kind, target.classes, target.valid_answers(items)) == ("count", (), ("1", "2", "3"))
    assert target.label(items[0], reply="one\ntwo") == 2.0
    assert target.read(items[0], "|||") == Report("answered", 3.0)
    assert target.read(items[0], "three") == Report("unreadable")
    assert target.read(items[0], "I cannot say.") == Report("refused")
    assert [elicitation.name for elicitation in target.forms(items)] == [
        "choice/you/0",
        "shots4/you/0",
        "shots16/you/0",
    ]


def test_an_own_target_stands_beside_the_built_in_ones(example):
    assert resolve_data((), ("knowledge", "haiku.py")).targets == ("knowledge", "haiku")


@pytest.mark.parametrize(
    ("header", "meant"),
    [
        ("question,anwser", "answer"),
        ("question,option", "options"),
        ("texts", "text"),
        ("question,answer,groups", "group"),
    ],
)
def test_a_misspelt_column_is_not_passed_over_unless_the_target_is_named(tmp_path, header, meant):
    path = tmp_path / "t.csv"
    path.write_text(f"{header}\n{','.join('a' for _ in header.split(','))}\n")
    with pytest.raises(TargetError, match=f"did you mean '{meant}'"):
        resolve_data((str(path),), None)
    if "question" in header:
        assert resolve_data((f"behavior={path}",), None).targets == ("behavior",)


def test_a_column_of_ones_own_beside_the_one_that_is_read_is_no_misspelling(tmp_path):
    (tmp_path / "t.csv").write_text("question,answer,answers,notes\nQ?,a,b,c\n")
    assert resolve_data((str(tmp_path / "t.csv"),), None).targets == ("knowledge",)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.py", "x = 1", r"defines no items\(\) and no label\(\)"),
        ("t.py", "import nothing_of_the_kind", "could not be imported: ModuleNotFoundError"),
        (
            "t.py",
            "def items(n, seed): return []\ndef label(item, reply): ...",
            "returned no items, expected at least one",
        ),
        ("t.py", "def items(n, seed): return [{'a': 1}]\ndef label(item, reply): ...", "item 0 is {'a': 1}, expected"),
        ("t.py", "KIND = 'x'\ndef items(n, seed): ...\ndef label(item, reply): ...", "KIND is 'x', expected"),
        ("knowledge.py", "", "a target cannot be called 'knowledge'"),
        ("my target.py", "", "a target cannot be called 'my target'"),
    ],
)
def test_a_file_that_makes_no_target_is_one_clear_line(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    permit([str(tmp_path / name)])
    with pytest.raises(TargetError, match=message) as raised:
        path = str(tmp_path / name)
        load_items(resolve_data((path,), None).targets[0], path, n=10, seed=0, count_tokens=len)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("python:gone.py:f", "there is no Python file gone.py"),
        ("python:marks.py:gone", "'marks.py:gone' is not a function"),
        ("python:marks.py", "is not a function: expected python:file.py:function"),
        ("python:bare.py:f", "expected a return annotation of bool, int, float, str and a docstring"),
    ],
)
def test_a_function_that_makes_no_property_is_one_clear_line(example, where, message):
    (example / "bare.py").write_text("def f(reply): return 1")
    permit(["bare.py"])
    (example / "t.csv").write_text(f"question,property\nQ?,{where}\n")
    with pytest.raises(TargetError, match=message):
        load_items("behavior", "t.csv", n=1, seed=0, count_tokens=len)


def test_no_file_is_imported_because_a_table_names_it(tmp_path):
    (tmp_path / "trap.py").write_text("raise SystemExit")
    (tmp_path / "t.csv").write_text(f"question,property\nQ?,python:{tmp_path}/trap.py:f\n")
    with pytest.raises(TargetError, match=rf"If you trust it, add: --code {tmp_path}/trap\.py$"):
        load_items("behavior", str(tmp_path / "t.csv"), n=1, seed=0, count_tokens=len)


def test_the_refusal_of_a_file_is_one_line_that_is_safe_to_paste(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a\n$(rm x).py").write_text("raise SystemExit")
    with pytest.raises(TargetError, match="Rename it first") as raised:
        get_target("behavior", [Item("a", "o", "r", "no", property="python:a\n$(rm x).py:f")])
    assert "\n" not in str(raised.value)


def test_files_named_in_data_and_targets():
    entries = ["haiku.py", "poem=sub/poem.py", "behavior=python:marks.py:commas", "t.csv", "behavior=length"]
    assert files_named_in(entries) == ("haiku.py", "poem=sub/poem.py", "sub/poem.py", "marks.py")


def test_no_file_is_imported_because_a_model_names_it(example):
    (example / "trap.py").write_text("raise SystemExit")
    items, _ = load_items("behavior", str(example / "drinks.csv"), n=4, seed=0, count_tokens=len)
    target = get_target("behavior", items)
    assert target.label(items[0], reply="python:trap.py:f") is None
    assert target.read(items[0], "python:trap.py:f") == Report("unreadable")


def test_a_column_for_an_unknown_elicitation_is_an_error(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("question,report_prompt:shout/you/0\nQ?,Say!\n")
    with pytest.raises(TargetError, match="'shout/you/0' is not an elicitation"):
        load_items("behavior", str(path), n=1, seed=0, count_tokens=len)
    assert list(read_table(path).columns) == ["question", "report_prompt:shout/you/0"]


@pytest.mark.parametrize("file", ["drinks.csv", "haiku.py"])
def test_the_readme_shows_the_very_examples_that_are_run_here(file):
    block = re.compile(rf"```\w+ file={re.escape(file)}\n.*?```", re.DOTALL)
    shown, tested = (block.search(path.read_text(encoding="utf-8")) for path in (DOCS.parents[1] / "README.md", DOCS))
    assert shown.group() == tested.group()
    assert len(shown.group().splitlines()) <= 22


FAULTY = {
    "items": (
        "def items(n, seed):\n    yield {'object_prompt': 'o', 'report_prompt': 'r'}\n    raise KeyError('gone')\n",
        3,
    ),
    "label": ("def label(item, reply):\n    return reply.missing\n", 2),
    "read": ("def read(item, reply):\n\n    return int('x')\n", 3),
}
SOUND = "def items(n, seed):\n    return [{'item_id': 'i0', 'object_prompt': 'o', 'report_prompt': 'r'}]\n"
SOUND += "def label(item, reply):\n    return 1\n"


@pytest.mark.parametrize("function", FAULTY)
def test_an_error_in_a_file_of_ones_own_names_file_line_item_and_message(tmp_path, function):
    text, line = FAULTY[function]
    (tmp_path / f"{function}_fails.py").write_text("KIND = 'count'\n" + SOUND + text)
    path = str(tmp_path / f"{function}_fails.py")
    permit([path])
    target = OwnTarget(path)
    with pytest.raises(TargetError) as caught:
        (item,) = target.items(9, 0)
        target.label(item, reply="yes")
        target.read(item, "yes")
    message, at = str(caught.value), "" if function == "items" else "at item 'i0' "
    assert f"{path}, line {5 + line}: {function}() failed {at}with " in message and "\n" not in message
    assert {"items": "KeyError: 'gone'", "label": "AttributeError: ", "read": "ValueError: invalid"}[
        function
    ] in message


def test_an_error_in_a_property_of_ones_own_names_file_line_and_reply(tmp_path):
    path = tmp_path / "fails.py"
    path.write_text('def commas(reply) -> int:\n    """the number of commas"""\n    return reply.count()\n')
    permit([str(path)])
    function, _, _ = load_function(f"{path}:commas")
    with pytest.raises(TargetError, match=r"fails.py, line 3: commas\(\) failed at the reply 'a, b' with TypeError"):
        function("a, b")
