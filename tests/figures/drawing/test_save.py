"""A figure beside its table on disk."""

import io
import re

import numpy as np
import pandas as pd
import pytest

from tacit.figures.drawing.save import file_names, save
from tacit.figures.inputs.verdict_rows import verdict_rows
from tacit.figures.plots import know_and_say
from tacit.files import WriteError, neutralised, write_file


@pytest.fixture
def saved(a_run, tmp_path):
    rows = verdict_rows(a_run().verdicts)
    return save(know_and_say.figure(rows), rows, tmp_path / "figures", "know-and-say"), rows


def test_pdf_png_and_csv_are_written_and_nothing_else(saved):
    paths, _ = saved
    assert [path.suffix for path in paths] == [".pdf", ".png", ".csv"]
    assert sorted(paths[0].parent.iterdir()) == sorted(paths)


def test_the_csv_reads_back_as_the_table_to_the_last_digit(saved):
    (_, _, csv), rows = saved
    back = pd.read_csv(csv, float_precision="round_trip", keep_default_na=False, na_values={n: [""] for n in _NUMBERS})
    for name in _NUMBERS:
        np.testing.assert_array_equal(back[name].to_numpy(dtype=float), rows[name].to_numpy(dtype=float))
    assert list(back["condition"]) == list(rows["condition"])


_NUMBERS = ("probe", "probe_lower", "report", "gap", "gap_upper", "n", "layer")


def test_the_pdf_embeds_truetype_and_no_type_3_font(saved):
    pdf = saved[0][0].read_bytes()
    assert b"/FontFile2" in pdf and b"/CIDFontType2" in pdf
    assert b"/Type3" not in pdf


def test_the_page_is_as_wide_as_two_columns(saved):
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", saved[0][0].read_bytes())
    assert float(box[1]) == pytest.approx(7.0 * 72)


def test_the_same_input_gives_the_same_bytes(a_run, tmp_path):
    rows = verdict_rows(a_run().verdicts)
    one, two = (save(know_and_say.figure(rows), rows, tmp_path / name, "f") for name in ("one", "two"))
    assert [a.read_bytes() for a in one] == [b.read_bytes() for b in two]


def test_no_file_says_when_or_with_what_it_was_made(saved):
    pdf, png = (path.read_bytes() for path in saved[0][:2])
    assert b"Date" not in pdf and b"atplotlib" not in pdf
    assert b"tEXt" not in png


def test_a_reader_of_the_old_file_is_not_disturbed_by_the_new_one(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with path.open() as reader:
        write_file(path, lambda temporary: temporary.write_text("new"))
        assert (reader.read(), path.read_text()) == ("old", "new")


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(cell):
    assert neutralised(pd.DataFrame({"text": [cell]}))["text"][0] == "'" + cell


@pytest.mark.parametrize("cell", ["-3", "+4.5", "-1e-3", "plain", "a=b", ""])
def test_numbers_and_harmless_texts_stay_as_they_are(cell):
    assert neutralised(pd.DataFrame({"text": [cell]}))["text"][0] == cell


def test_negative_numbers_stay_numbers_in_the_csv():
    table = pd.DataFrame({"gap": [-0.25, np.nan]})
    back = pd.read_csv(io.StringIO(neutralised(table).to_csv(index=False, na_rep="nan")))
    assert back["gap"].iloc[0] == -0.25 and np.isnan(back["gap"].iloc[1])


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    target = tmp_path / "figure.pdf"
    target.write_text("old")

    def fail(path):
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(WriteError, match="disk full"):
        write_file(target, fail)
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_file_names_stay_inside_the_folder_and_differ():
    names = file_names(["../../etc/passwd", "a b", "a/b", "A-b", "中"])
    assert len({name.lower() for name in names.values()}) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in names.values())
