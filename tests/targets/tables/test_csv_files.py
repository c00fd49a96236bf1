"""Every row of a CSV file has as many fields as its header, or the file is refused."""

import pytest

from tacit.errors import TargetError
from tacit.targets import read_table, resolve_data


def written(folder, text, name="t.csv"):
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("question,answer\nQ?,a\nWhat, is 1?,one\n", "line 3: expected 2 fields, .*found 3.*contains a comma, quote"),
        ("question\nWhat, is 1?\n", "line 2: expected 1 field, .*found 2.*quote the field"),
        ("question,answer\nQ?,a,\n", "line 2: expected 2 fields, .*found 3"),
        ("question,answer\nQ?\n", "line 2: expected 2 fields, .*found 1.*missing comma"),
        ("question\tanswer\nQ?\ta\nWhat?\tone\ttwo\n", "line 3: expected 2 fields, .*found 3.*contains a tab, quote"),
        ("question;answer\nQ?;a\nWhat?\n", "line 3: expected 2 fields, .*found 1.*missing semicolon"),
        ("question,answer\n'a',b\n\"left open,b\nQ?,a\n", "line 3: .*found 1.*close a quoted field"),
    ],
)
def test_a_row_of_another_length_than_the_header_is_refused_with_its_line(tmp_path, text, message):
    path = written(tmp_path, text)
    with pytest.raises(TargetError, match=rf"t\.csv, {message}") as raised:
        read_table(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_counted_as_in_an_editor(tmp_path, end):
    lines = ["question,answer", "", '"one', 'two, three",a', "Q?,b", "What, is 1?,one"]
    with pytest.raises(TargetError, match="line 6"):
        read_table(written(tmp_path, end.join(lines)))


@pytest.mark.parametrize(
    ("name", "separator"), [("t.csv", ","), ("t.csv", "\t"), ("t.csv", ";"), ("t.tsv", "\t"), ("T.TSV", "\t")]
)
def test_quoted_separators_quotes_and_newlines_stay_within_their_field(tmp_path, name, separator):
    rows = [["question", "answer"], ['"What, is;\t1?"', '"a ""b""\nc"'], ["Q, or; what?".replace(separator, ""), ""]]
    path = written(tmp_path, "\n".join(separator.join(row) for row in rows) + "\n", name)
    table = read_table(path)
    assert list(table["question"]) == ["What, is;\t1?", rows[2][0]]
    assert list(table["answer"]) == ['a "b"\nc', ""]


@pytest.mark.parametrize("tail", ["", "\n", "\n\n\n", "\r\n\r\n", "\n  \n"])
def test_blank_lines_at_the_end_are_no_rows(tmp_path, tail):
    assert list(read_table(written(tmp_path, "question,answer\nQ?,a" + tail))["answer"]) == ["a"]


def test_a_field_may_be_longer_than_the_csv_module_allows_by_default(tmp_path):
    assert len(read_table(written(tmp_path, "question,answer\n" + "x" * 200_000 + ",a\n"))["question"][0]) == 200_000


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("question,answer\nQ?,é\n,\n,,,\n", ["2 empty rows skipped"]),
        ("Export of 3 November,\nquestion,answer\nQ?,é\n", ["1 line above the header skipped"]),
        ("My data\n\nof 2026\nquestion,answer\nQ?,é\n", ["2 lines above the header skipped"]),
        ("sep=;\nquestion;answer\nQ?;é\n", []),
        ('"sep=|"\r\nquestion|answer\r\nQ?|é\r\n', []),
        ("question,answer,,\nQ?,é,,\n", []),
        ("Ein Titel; mit Semikolon\nquestion\tanswer\nQ?\té\n", ["1 line above the header skipped"]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_spreadsheets_export_is_read_and_what_was_skipped_is_noted(tmp_path, text, notes, encoding):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    table = read_table(path)
    assert (table.to_dict("list"), table.attrs["notes"]) == ({"question": ["Q?"], "answer": ["é"]}, notes)


def test_an_encoding_that_cannot_be_told_is_named_with_the_line_and_the_command(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("question,answer\nTogo?,Lomé\n".encode("cp1252"))
    with pytest.raises(TargetError, match=r"line 2: byte 0xe9 is not UTF-8.*'.*Lomé'.*iconv -f WINDOWS-1252 -t UTF-8"):
        read_table(path)
    path.write_bytes("question,answer\nTogo?,a\n".encode("utf-16-le"))
    with pytest.raises(TargetError, match="probably UTF-16 without a byte order mark"):
        read_table(path)


def test_a_column_with_values_and_no_name_is_refused(tmp_path):
    with pytest.raises(TargetError, match="column 3 has values but no name"):
        read_table(written(tmp_path, "question,answer,\nQ?,a,b\n"))


def test_the_line_of_a_row_counts_title_lines(tmp_path):
    with pytest.raises(TargetError, match="line 5: expected 2 fields"):
        read_table(written(tmp_path, "sep=,\nA title,\nquestion,answer\nQ?,a\nWhat, is?,b\n"))


def test_the_file_is_named_with_how_it_was_read_if_no_target_fits(tmp_path):
    with pytest.raises(TargetError, match=r"has the columns frage, antwort.*read as separated by semicolons"):
        resolve_data((str(written(tmp_path, "Frage;Antwort\nQ?;a\n")),), None)


@pytest.mark.parametrize("separator, name", [(";", "semicolon"), (",", "comma"), ("\t", "tab")])
def test_a_file_in_another_encoding_is_refused_with_its_separator(tmp_path, separator, name):
    path = tmp_path / "export.csv"
    path.write_bytes(f"question{separator}answer\nTogo?{separator}Lomé\n".encode("cp1252"))
    with pytest.raises(TargetError, match=rf"byte 0xe9 is not UTF-8.*\(Its fields are separated by {name}s\.\)"):
        read_table(path)
