import gzip
from pathlib import Path

import pytest

from cetux.errors import InputError, Problem
from cetux.sheets import MOST_COLUMNS, Sheet, quoted, read_sheet


def sheet(tmp_path: Path, content: str | bytes, *, closed: bool = True) -> Sheet:
    path = tmp_path / "s.tsv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_sheet(str(path), ["a", "b"], ["c"], closed=closed)


def problem(tmp_path: Path, content: str | bytes, *, closed: bool = True) -> Problem:
    with pytest.raises(InputError) as caught:
        sheet(tmp_path, content, closed=closed)
    (found,) = caught.value.problems
    assert found.mend
    return found


@pytest.mark.parametrize(
    "content",
    [
        "a\tb\n001\t1e5\n",
        "a\tb\r\n001\t1e5\r\n",
        "a\tb\r001\t1e5\r",
        "\ufeffa\tb\n001\t1e5",
        ' a \tb\n"001"\t 1e5\u00a0\n',
        "a\tb\t\t\n001\t1e5\t\t\t\n\n\t\n",
        "\n\na\tb\n\n001\t1e5\n",
    ],
    ids=["plain", "CRLF", "CR", "BOM", "quotes and spaces", "empty cells and lines at the end", "blank lines"],
)
def test_accepted_and_kept_as_text(tmp_path: Path, content: str) -> None:
    read = sheet(tmp_path, content)
    assert read.rows == ({"a": "001", "b": "1e5", "c": ""},)
    assert read.columns == ("a", "b")


def test_rows_know_their_line(tmp_path: Path) -> None:
    assert sheet(tmp_path, "a\tb\n1\t2\n\n\n3\t4\n").lines == (2, 5)
    assert [line for line, _ in sheet(tmp_path, "a\tb\n1\t2\n").numbered()] == [2]


def test_short_row_is_filled_with_nothing(tmp_path: Path) -> None:
    assert sheet(tmp_path, "a\tb\tc\n1\n").rows == ({"a": "1", "b": "", "c": ""},)


def test_comment_lines_are_no_rows_and_keep_the_line_numbers(tmp_path: Path) -> None:
    path = tmp_path / "sheet.tsv"
    path.write_text("# a: with a\ttab\na\tb\n# between\n1\t2\n#3\t4\n", encoding="utf-8")
    sheet = read_sheet(str(path), ["a", "b"], [])
    assert list(sheet.numbered()) == [(4, {"a": "1", "b": "2"}), (5, {"a": "#3", "b": "4"})]


def test_further_columns_are_kept_where_allowed(tmp_path: Path) -> None:
    assert sheet(tmp_path, "a\tb\tx\n1\t2\t3\n", closed=False).rows[0]["x"] == "3"
    assert "'x' is not known" in problem(tmp_path, "a\tb\tx\n1\t2\t3\n").wrong


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("a\tb\n1\t2\n".encode("utf-16"), "UTF-16"),
        ("a\tb\n1\t2\n".encode("utf-16-le"), "UTF-16 or binary"),
        (gzip.compress(b"a\tb\n1\t2\n" * 50, mtime=0), "UTF-16 or binary"),
        ("", "empty"),
        ("\n\t\n", "empty"),
        ("a,b\n1,2\n", "no tab but commas"),
        ("a;b\n1;2\n", "no tab but commas or semicolons"),
        ("a b\n1 2\n", "no tab"),
        ("a\tb\ta\n1\t2\t3\n", "stands twice"),
        ("a\tb\t\tc\n1\t2\t3\t4\n", "column 3 has no name"),
        ("A\tb\n1\t2\n", "is written as 'A'"),
        ("a\tb\tB \n1\t2\t3\n", "stands also as 'B'"),
        ("a\tb\n1\t2\t3\n", "has 3 cells, the header has 2"),
        ('a\tb\n"1\t2\n', "not closed"),
        ('a\tb\n"1\t2\n3"\t4\n', "line break"),
        ('a\tb\n"1"x\t2\n', "not closed at its end"),
        (f"a\tb\n{'x' * 200_000}\t2\n", "too long"),
    ],
)
def test_refused(tmp_path: Path, content: str | bytes, wrong: str) -> None:
    assert wrong in problem(tmp_path, content).wrong


@pytest.mark.bad_input
def test_character_that_is_not_utf8_is_given_its_row(tmp_path: Path) -> None:
    found = problem(tmp_path, b"a\tb\n1\t2\nM\xfcller\t2\n")
    assert (found.row, found.wrong) == (3, "has a character that is not UTF-8")


def test_every_column_problem_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        sheet(tmp_path, "a\tx\ty\tz\tq\tr\ts\n1\t2\t3\t4\t5\t6\t7\t8\n")
    missing, unknown, ragged = caught.value.problems
    assert (missing.column, missing.wrong) == ("b", "the column is missing")
    assert unknown.wrong == "the columns 'x', 'y', 'z', 'q', 'r' and 1 more are not known"
    assert ragged.row == 2


@pytest.mark.bad_input
def test_more_columns_than_a_sheet_can_have(tmp_path: Path) -> None:
    header = "\t".join(["a", "b", *map(str, range(MOST_COLUMNS))])
    assert f"has {MOST_COLUMNS + 2} columns" in problem(tmp_path, header, closed=False).wrong


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("none.tsv", "there is no such file"),
        (".", "is a folder or a device, not a file"),
        ("x" * 5000, "cannot be read"),
        ("a\0b", "cannot be read"),
        ("big", "is larger than 100 MB"),
    ],
)
def test_path_that_is_no_sheet(tmp_path: Path, name: str, wrong: str) -> None:
    with (tmp_path / "big").open("wb") as big:
        big.truncate(200_000_000)
    with pytest.raises(InputError) as caught:
        read_sheet(f"{tmp_path}/{name}", ["a"], [])
    assert wrong in caught.value.problems[0].wrong


def test_quoted_is_short_and_shows_what_cannot_be_seen() -> None:
    assert quoted("P01") == "'P01'"
    assert quoted("x" * 1000) == f"'{'x' * 60}...'"
    assert "\x1b" not in quoted("\x1b[31mred")
    assert quoted("\ue000").endswith("(U+E000 without a name)")
