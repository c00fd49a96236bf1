"""The report: one file, opened in a real browser, with replies that try to be more than text."""

import io
import json
import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tacit.figures import read_run
from tacit.figures.html import report
from tacit.figures.html.item_browser import _name, as_json, browser_items
from tacit.figures.html.report import Picture, _condition, _further_sentences, report_html
from tacit.figures.tables.table import Table
from tests.figures import browser

HOSTILE = (
    "<script>document.title='pwned'</script>", "</script><script>document.title='pwned'</script>",
    "<img src=x onerror=\"document.title='pwned'\">", "<!-- <script> --!>", "]]></style><svg onload=alert(1)>",
    '=HYPERLINK("http://evil.example","click")', r"\input{/etc/passwd} $x$ \end{document}", "{{ 7*7 }}{% raw %}",
    "\u2028\u2029 line ends", "javascript:alert(1)", "\ud800 half a character",
)  # fmt: skip


CONDITIONS = [
    {"level": level, "condition": f"what {level} needs", "held": held, "evidence": evidence}
    for level, held, evidence in (
        ("D", True, "p = 0.005 of 200 permutations"), ("K", False, HOSTILE[2]), ("S", None, "not run"),
        ("G", True, "a_name_without_a_space_" * 12), ("A", True, "said, fitted: 0.998 [0.980, 1.018]; " * 12),
        ("P", None, "needs another model's run on the same items"),
        ("U", True, "ablated at the report prompt, layer 4: the next token moves by 0.123 nats; 200 other directions"
         " 0.0102 (95th percentile 0.0311), p = 0.005, 200 items"),
    )
]  # fmt: skip


def _table():
    heads = ("Target", "Condition", "Know", "Say", ">n")
    row = ["a_long_name_" * 12, "another_long_name_" * 12, "0.90 [0.87, 0.93]", "0.92 [0.87, 0.97]"]
    return Table("verdicts", "Verdicts.", heads, [[*row, "10000"]], pd.DataFrame())


def _names(n):
    return [f"question-of-the-run-{i}" for i in range(n)]


def _items(n, condition="plain"):
    rng = np.random.default_rng(0)
    agree = np.arange(n) % 2 == 0
    return pd.DataFrame(
        {
            "item_id": _names(n), "target": "knowledge", "condition": condition, "group": 0,
            "fold": 0, "label": 1.0, "label_name": "yes", "probe": rng.normal(size=n), "probe_right": True,
            "report_right": agree, "report": np.where(agree, 1.0, 0.0), "report_name": np.where(agree, "yes", "no"),
            "outcome": np.where(np.arange(n) % 5 == 0, "refused", "answered"), "source": "news",
            "object_reply": "Paris",
            "reply": [HOSTILE[i % len(HOSTILE)].encode("utf-8", "replace").decode() for i in range(n)],
        }
    )  # fmt: skip


def _asked(n):
    prompts = {
        "object_prompt": [f"Where is {i}? " + "word " * 60 for i in range(n)],
        "report_prompt": "Do you know it?",
    }
    return pd.DataFrame({"item_id": _names(n), "target": "knowledge"} | prompts)


def _run(a_run, on_disk, folder, n, condition="plain"):
    made = a_run(targets=("knowledge",), conditions=(condition,), n_layers=3)
    made.verdicts[0] |= {"sentence": HOSTILE[1], "reasons": list(HOSTILE), "conditions": CONDITIONS}
    made = type(made)(made.scores, _items(n, condition), made.verdicts)
    return read_run(on_disk(made, folder, activations__items=_asked(n)))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report of ten thousand items whose every name and reply is hostile."""
    from tests.figures.conftest import make_run, put

    folder = tmp_path_factory.mktemp("report")
    run = _run(make_run, put, folder / HOSTILE[9].replace(":", "-"), 10_000, HOSTILE[0])
    path = folder / "report.html"
    png = b"\x89PNG\r\n\x1a\n"
    path.write_text(report_html(run, [Picture("p", HOSTILE[2], png)], [_table()]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def tab(page, tmp_path_factory):
    """The report, opened in Chromium."""
    if not browser.found():
        pytest.skip("no Chromium here (Debian: chromium)")
    pytest.importorskip("websocket", reason="websocket-client, which speaks to Chromium, is not installed")
    with browser.tab(tmp_path_factory.mktemp("profile")) as opened:
        opened.open(page)
        yield opened


def _count(tab):
    return tab.run("document.getElementById('count').textContent")


def _set(tab, element, value):
    tab.run(f"(e => {{ e.value = {json.dumps(value)}; e.dispatchEvent(new Event('input', {{bubbles: true}})) }})"
            f"(document.getElementById('{element}'))")  # fmt: skip


@pytest.fixture
def fresh(tab):
    """The tab with no filter set."""
    for name in ("search", "agreement", "outcome", "sort"):
        _set(tab, name, "")
    return tab


def test_nothing_in_the_data_can_end_its_element(page):
    html = page.read_text(encoding="utf-8")
    blob = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, flags=re.DOTALL)[1]
    assert not set("<>&\u2028\u2029") & set(blob)
    assert json.loads(blob)["n"] == 10_000
    assert html.count("<script") == 2


def test_hostile_text_is_shown_and_never_run(fresh):
    assert fresh.run("document.title").endswith("tacit")
    assert fresh.run("document.querySelectorAll('script').length") == 2
    assert fresh.run("document.querySelectorAll('img').length") == 1
    replies = fresh.run("[...document.querySelectorAll('#list .item')].map(r => r.lastChild.textContent)")
    assert HOSTILE[1] in replies and HOSTILE[2] in replies and HOSTILE[5] in replies
    assert fresh.run("document.querySelector('.verdict li').textContent") == HOSTILE[0]


def test_the_page_asks_the_network_for_nothing(fresh):
    asked = [event["request"]["url"] for event in fresh.events("Network.requestWillBeSent")]
    assert all(url.startswith(("file:", "data:")) for url in asked), asked
    assert not fresh.events("Runtime.exceptionThrown")
    assert not [entry for entry in fresh.events("Log.entryAdded") if "Content Security" in entry["entry"]["text"]]


def test_of_ten_thousand_items_only_those_in_sight_are_in_the_page(fresh):
    assert _count(fresh) == "10000 of 10000 items."
    assert 10 < fresh.run("document.querySelectorAll('#list .item').length") < 80
    fresh.run("document.getElementById('list').scrollTop = 5000 * 28")
    fresh.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert "question-of-the-run-5005" in fresh.run(
        "[...document.querySelectorAll('#list .item')].map(r => r.firstChild.textContent)"
    )


def test_filters_and_search_keep_what_they_name(fresh):
    _set(fresh, "agreement", "know only")
    assert _count(fresh) == "5000 of 10000 items."
    _set(fresh, "outcome", "refused")
    assert _count(fresh) == "1000 of 10000 items."
    _set(fresh, "search", "where is 77?")
    assert _count(fresh) == "0 of 10000 items."
    _set(fresh, "outcome", "")
    assert _count(fresh) == "1 of 10000 items."


def test_sorting_by_probe_puts_the_lowest_first_and_by_minus_probe_the_highest(fresh):
    probe = _items(10_000)["probe"]
    for elicitation, extreme in (("probe", probe.idxmin()), ("-probe", probe.idxmax())):
        _set(fresh, "sort", elicitation)
        assert fresh.run("document.querySelector('#list .item').firstChild.textContent") == _names(10_000)[extreme]


def test_a_search_through_ten_thousand_items_takes_less_than_a_second(fresh):
    _set(fresh, "search", "where is 9")  # the first search lower-cases the texts
    _set(fresh, "search", "where is 99")
    assert int(fresh.run("document.getElementById('count').dataset.milliseconds")) < 1000


def test_the_browser_is_usable_from_the_keyboard(fresh):
    fresh.run("document.getElementById('list').focus()")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        fresh.press(key)
    assert fresh.run("document.getElementById('list').getAttribute('aria-activedescendant')") == "row-1"
    assert "question-of-the-run-1 " in fresh.run("document.querySelector('#detail dd').textContent")
    fresh.press("End")
    assert fresh.run("document.querySelector('[aria-selected=true]').firstChild.textContent") == _names(10_000)[-1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_paper(fresh, scheme):
    fresh.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    for name in ("body", ".quiet", "label", ".badge", "a"):
        style = fresh.run(f"getComputedStyle(document.querySelector({name!r})).color")
        paper = fresh.run("getComputedStyle(document.body).backgroundColor")
        assert _contrast(style, paper) >= 4.5, (name, style, paper)  # WCAG 2.2, 1.4.3


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_control_has_a_name_and_the_print_leaves_them_out(fresh):
    unnamed = "[...document.querySelectorAll('input, select')].filter(e => !e.closest('label')).length"
    assert fresh.run(unnamed) == 0
    fresh.call("Emulation.setEmulatedMedia", media="print", features=[])
    assert fresh.run("getComputedStyle(document.getElementById('filters')).display") == "none"
    fresh.call("Emulation.setEmulatedMedia", media="", features=[])


@contextmanager
def _printed(tab):
    """The page as it is printed on A4 with margins of 2 cm, 170 mm = 643 pixels."""
    tab.call("Emulation.setDeviceMetricsOverride", width=643, height=900, deviceScaleFactor=1, mobile=False)
    tab.call("Emulation.setEmulatedMedia", media="print", features=[])
    tab.run("dispatchEvent(new Event('beforeprint'))")
    try:
        yield
    finally:
        tab.run("dispatchEvent(new Event('afterprint'))")
        tab.call("Emulation.setEmulatedMedia", media="", features=[])
        tab.call("Emulation.clearDeviceMetricsOverride")


def test_what_is_closed_is_printed_and_closed_again(fresh):
    closed = "document.querySelectorAll('details:not([open])').length"
    before = fresh.run(closed)
    assert before > 0
    with _printed(fresh):
        assert fresh.run(closed) == 0
    assert fresh.run(closed) == before


def test_no_table_runs_off_the_paper(fresh):
    with _printed(fresh):
        assert fresh.run("document.querySelectorAll('td').length") > 30
        wide = "[...document.querySelectorAll('table')].map(t => t.getBoundingClientRect().right - innerWidth)"
        assert max(fresh.run(wide)) <= 0


def _items_are_printed(tab):
    with _printed(tab):
        return tab.run("getComputedStyle(document.getElementById('items')).display") == "block"


def test_an_item_is_printed_where_the_reader_chose_one(fresh):
    assert not _items_are_printed(fresh)
    fresh.run("document.getElementById('list').focus()")
    fresh.press("ArrowDown")
    assert _items_are_printed(fresh)
    _set(fresh, "outcome", "refused")
    assert not _items_are_printed(fresh)


@pytest.fixture
def narrow(fresh):
    """The page in a window of 420 pixels, with everything opened."""
    fresh.call("Emulation.setDeviceMetricsOverride", width=420, height=900, deviceScaleFactor=1, mobile=False)
    fresh.run("document.querySelectorAll('details').forEach(one => { one.open = true }), 1")
    yield fresh
    fresh.run("document.querySelectorAll('.verdict details').forEach(one => { one.open = false }), 1")
    fresh.call("Emulation.clearDeviceMetricsOverride")


def test_in_a_narrow_window_numbers_stay_on_one_line_and_evidence_is_readable(narrow):
    assert narrow.run("document.documentElement.scrollWidth") <= 420
    assert narrow.run("document.querySelector('#tables td:last-child').getClientRects()[0].height") < 40
    unbroken = "document.querySelectorAll('.evidence tr')[4].hidden"
    narrow.run(f"{unbroken} = true")  # a long word would widen the column by itself
    width = narrow.run("document.querySelector('.evidence td:last-child').offsetWidth")
    narrow.run(f"{unbroken} = false")
    assert width >= 18 * 16
    levels = narrow.run("[...document.querySelectorAll('.evidence td:first-child')].map(c => c.textContent)")
    assert levels == list("DKSGAPU")
    assert narrow.run("[...document.querySelectorAll('th')].filter(head => !head.textContent.trim()).length") == 0


def test_in_a_narrow_window_items_keep_the_ends_of_their_names_and_whole_numbers(narrow):
    seen = "getBoundingClientRect().right <= row.firstChild.getBoundingClientRect().right + 0.5"
    rows = f"[...document.querySelectorAll('#list .item')].map(row => row.firstChild.lastChild.{seen})"
    assert all(narrow.run(rows)) and len(narrow.run(rows)) > 10
    assert narrow.run(
        "[...document.querySelectorAll('#list .number')].every(cell => cell.scrollWidth <= cell.clientWidth)"
    )


def test_scrolling_the_list_leaves_the_chosen_item_as_it_was_read(fresh):
    fresh.run("document.querySelector('#detail dl').dataset.mine = '1'")
    fresh.run("document.getElementById('list').scrollTop = 9000")
    fresh.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert fresh.run("document.querySelector('#detail dl').dataset.mine") == "1"
    assert not fresh.run("document.getElementById('list').hasAttribute('aria-activedescendant')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_the_keyboard_is_on_is_seen(fresh, scheme):
    fresh.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    for name in ("#list", "#search", "#detail", "summary", ".scroll", "nav a"):
        fresh.press("ArrowDown")
        fresh.run(f"document.querySelector({name!r}).focus()")
        style, width, color = fresh.run(
            "(s => [s.outlineStyle, s.outlineWidth, s.outlineColor])(getComputedStyle(document.activeElement))"
        )
        paper = fresh.run("getComputedStyle(document.body).backgroundColor")
        assert (style, width) == ("solid", "3px"), name
        assert _contrast(color, paper) >= 3, (name, color, paper)  # WCAG 2.2, 1.4.11


def test_the_items_keep_prompt_reply_label_and_score(a_run, on_disk, tmp_path):
    content = browser_items(_run(a_run, on_disk, tmp_path / "a-run", 3))
    texts = content["texts"]
    assert [texts[i] for i in content["reply"]] == list(HOSTILE[:3])
    assert texts[content["object_prompt"][2]].startswith("Where is 2?")
    assert content["agreement"] == [0, 1, 0] and len(content["probe"]) == 3


def test_replies_in_other_elicitations_stand_with_their_item(a_run, on_disk, tmp_path):
    made = a_run(targets=("knowledge",), conditions=("plain",), n_layers=3)
    made = type(made)(made.scores, _items(2), made.verdicts)
    reply = {
        "target": "knowledge",
        "condition": "plain",
        "item_id": "question-of-the-run-1",
        "text": "Yes & no",
        "outcome": "answered",
    }
    named = {"rung": "choice", "framing": "typical", "context": "after", "paraphrase": 2, "variant": ""}
    content = browser_items(read_run(on_disk(made, tmp_path, probes__replies=pd.DataFrame([reply | named]))))
    ((name, text, outcome),) = content["others"]["1"]
    told = [content["texts"][i] for i in (name, text, outcome)]
    assert told == ["choice/typical/after/2", "Yes & no", "answered"]


FRAMED = {
    "you": -0.217, "you_lower": -0.287, "you_upper": -0.152, "typical": -0.226, "typical_lower": -0.296,
    "typical_upper": -0.16, "difference": 0.0083, "difference_lower": 0.0032, "difference_upper": 0.014,
    "agreement": 0.923, "agreement_lower": 0.901, "agreement_upper": 0.945, "about": "about itself",
}  # fmt: skip


def test_what_was_asked_and_not_analysed_can_be_read_all_the_same(a_run, on_disk, tmp_path):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    kept = run.items["item_id"].iloc[0]
    rows = [
        {"target": target, "condition": "plain", "item_id": item, "prompt": prompt, "elicitation": elicitation,
         "sample": sample, "text": text, "outcome": outcome, "value": value}
        for target, item, prompt, elicitation, sample, text, outcome, value in (
            ("knowledge", kept, "report", "choice/you/0", 0, "Yes.", "answered", "yes"),
            ("knowledge", "left", "report", "choice/you/0", 0, "No idea!", "unreadable", None),
            ("knowledge", "left", "report", "choice/you/1", 0, "Hm.", "unreadable", None),
            ("behavior", "b1", "report", "choice/you/0", 0, "12", "answered", "12"),
            ("behavior", "b1", "object", "", 0, "Tea, please.", "", None),
            ("behavior", "b1", "object", "", 1, "Coffee.", "", None),
        )
    ]  # fmt: skip
    found = browser_items(read_run(on_disk(run, tmp_path, probes__replies=pd.DataFrame(rows))))
    n = len(run.items)
    assert found["n"] == n + 2
    assert found["agreements"][found["agreement"][-1]] == "not analysed"
    assert {found["item_id"][i] for i in (n, n + 1)} == {"left", "b1"}
    at = found["item_id"].index("b1")
    shown = {name: found["texts"][found[name][at]] for name in ("target", "reply", "object_reply", "outcome", "label")}
    assert shown == {
        "target": "behavior", "reply": "12", "object_reply": "Tea, please.", "outcome": "answered", "label": "",
    }  # fmt: skip
    assert (found["said"][at], found["probe"][at]) == (12, None)
    left = found["item_id"].index("left")
    assert [found["texts"][said[1]] for said in found["others"][str(left)]] == ["No idea!", "Hm."]


def test_whether_a_report_is_about_itself_is_told_with_the_difference_that_decides_it():
    (line,) = _further_sentences({"framing": FRAMED})
    assert "itself, the model scores −0.22 [−0.29, −0.15]; asked about a typical model, −0.23 [−0.30, −0.16]" in line
    assert "(difference 0.008 [0.003, 0.014])" in line and "the same for 92 % [90, 94] of the items answered" in line
    assert line.endswith(
        "the model scores significantly above chance when asked about itself, and significantly better than when asked"
        " about a typical model."
    )


def test_a_framing_that_was_measured_in_part_is_told_in_part():
    (line,) = _further_sentences(
        {"framing": {"agreement": 0.97, "difference": float("nan"), "about": "not yet a word"}}
    )
    same = "The two answers are the same for 97 % of the items answered both times."
    assert line == f"{same} Whether the report is about the model itself: not yet a word."
    assert _further_sentences({"framing": {"agreement": None, "about": "undecided"}}) == []
    assert _further_sentences({"framing": None}) == []


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("nested report", "Know is the score of the probe at the report prompt (“nested report” in the tables)."),
        (
            "nested",
            "Know is the score of the probe whose site and layer were chosen on inner folds (“nested” in the tables).",
        ),
        ("fixed layer", "Know is the score of the probe called “fixed layer” in the tables."),
    ],
)
def test_a_verdict_says_which_probe_of_the_tables_it_is_about(method, told):
    assert _further_sentences({"probe_method": method}) == [told]


def test_a_class_of_which_every_report_was_refused_is_seen_at_once(a_run, on_disk, tmp_path):
    made = a_run(targets=("knowledge",), conditions=("plain", "other"), n_layers=3)
    made.verdicts[0]["coverage_by_class"] = {"yes": {"refused": 1.0}, HOSTILE[0]: {"answered": 0.996, "refused": 0.004}}
    made.verdicts[1]["coverage_by_class"] = {"yes": {"answered": 1.0}, "no": {"answered": 1.0}}
    html = report_html(read_run(on_disk(made, tmp_path)), [], [])
    refused, all_answered = re.findall(
        r"<details([^>]*)>\s*<summary>Replies that are answers, by true class: (.*?)</summary>", html
    )
    assert refused[0] == " open" and refused[1].startswith("0 % of “yes” to &gt;99 % of “&lt;script&gt;")
    assert all_answered == ("", "100 % of each class")
    rows = re.findall(r"<tr><td>(.*?)</td>" + 3 * r'<td class="right">(.*?)</td>' + "</tr>", html)
    assert rows[0] == ("yes", "0 %", "100 %", "0 %") and rows[1][1:] == ("&gt;99 %", "&lt;1 %", "0 %")


def test_counts_out_of_range_have_a_column_only_where_there_are_some(a_run, on_disk, tmp_path):
    made = a_run(targets=("knowledge",), conditions=("plain", "other"), n_layers=3)
    made.verdicts[0]["coverage_by_class"] = {"5 to 12": {"answered": 0.75, "out of range": 0.25}}
    made.verdicts[1]["coverage_by_class"] = {"5 to 12": {"answered": 1.0}}
    html = report_html(read_run(on_disk(made, tmp_path)), [], [])
    assert html.count('<th class="right">Unreadable</th>') == 2
    assert html.count('<th class="right">Out of range</th>') == 1
    assert re.search(r'<td>5 to 12</td><td class="right">75 %</td>.*?<td class="right">25 %</td></tr>', html)


def test_a_verdict_without_its_coverage_by_class_has_no_table_of_it(a_run, on_disk, tmp_path):
    html = report_html(read_run(on_disk(a_run(targets=("knowledge",), n_layers=3), tmp_path)), [], [])
    assert "by true class" not in html


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"prompt": "report"}, "choice/you/0"),
        ({"prompt": "control"}, "positive control, choice/you/0"),
        ({"prompt": "report", "sample": 2}, "choice/you/0, sample 2"),
        ({"prompt": "object", "rung": "", "framing": "", "paraphrase": -1, "sample": 3}, "object prompt, sample 3"),
        ({"prompt": "candidate", "rung": "", "framing": "", "paraphrase": -1}, "candidate answer"),
        ({"prompt": "swapped", "rung": None}, "swapped"),
    ],
)
def test_two_replies_to_different_prompts_never_have_the_same_name(told, name):
    asked = {"rung": "choice", "framing": "you", "context": "before", "paraphrase": 0, "variant": "", "sample": 0}
    assert _name(asked | told) == name


def test_a_score_that_is_undefined_is_null_and_half_a_character_is_replaced():
    assert as_json({"a": [None], "b": "\ud800<"}) == '{"a":[null],"b":"?\\u003c"}'


@pytest.mark.parametrize(
    ("held", "tried", "said"),
    [(True, False, "holds"), (False, True, "fails"), (None, True, "undecided"), (None, False, "not tested")],
)
def test_a_condition_that_was_tried_and_decided_nothing_is_not_called_untested(held, tried, said):
    assert _condition({"level": "A", "condition": "c", "evidence": "e", "held": held, "tried": tried})["held"] == said
    assert _condition({"held": None})["held"] == "not tested"  # of a run that did not say


def test_a_picture_is_never_stretched_and_its_texts_are_as_large_as_those_of_others():
    sizes = {width: png_of(width).width for width in (680, 1400)}
    assert sizes == {680: 466, 1400: 960}


def png_of(width: int) -> Picture:
    """A picture of so many pixels."""
    figure = Figure(figsize=(width / 100, 1))
    figure.savefig(data := io.BytesIO(), dpi=100)
    return Picture("p", "p", data.getvalue())


def test_figures_take_the_colour_of_a_dark_page_on_the_screen_alone():
    look = (Path(report.__file__).parent / "templates" / "report.css").read_text()
    assert "@media screen and (prefers-color-scheme: dark) { figure img { filter: invert(1)" in look
