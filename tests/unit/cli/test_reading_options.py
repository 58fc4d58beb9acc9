"""The options that say how to read a file: what is left out or assumed is said on standard error."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from streamsvd.cli.data_options import DataOptions, IdKind, note_bounds, parse_drop_ratings
from streamsvd.errors import SettingsError

READING = DataOptions("u,i,r", "1:5", IdKind.TEXT, "-1,missing")


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "books.csv"
    path.write_text("u,i,r\n7,1,-1\n7,2,4\n8,1,\n8,2,5\n")
    return str(path)


def test_notes_say_what_was_left_out_and_what_stands_for_time(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    table, _ = READING.load(file)
    assert (table.users.tolist(), table.timestamps.tolist()) == (["7", "8"], [0, 1])
    said = capsys.readouterr()
    assert said.out == ""
    assert "Note: books has no time column: the order of its lines stands for time" in said.err
    assert "Note: 2 ratings of books were left out, as asked for." in said.err
    READING.load(file, console=Console(quiet=True))
    assert capsys.readouterr().err == ""


def test_a_date_is_no_bound_where_there_are_no_times(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    table, _ = READING.load(file)
    with pytest.raises(SettingsError, match="--until 2015-01-01: books has no times; give a number of ratings"):
        note_bounds(table, {"--from": None, "--until": "2015-01-01"})
    note_bounds(table, {"--from": None, "--until": "5"})
    assert "--until 5 is a number of ratings, of which there are 2" in capsys.readouterr().err


def test_a_catalogue_that_is_not_wanted_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,2,3,1400000000\n")
    (tmp_path / "movies.csv").write_text("nonsense\n")
    table, catalogue = DataOptions().load(str(tmp_path), catalogue=False)
    assert (len(table), catalogue) == (1, None)


def test_options_as_they_are_typed_for_another_command() -> None:
    typed = ["--columns", "u,i,r", "--ids", "text", "--drop-ratings", "-1,0"]
    assert DataOptions("u,i,r", None, IdKind.TEXT, "-1,0").words() == typed
    assert DataOptions().words() == []


@pytest.mark.parametrize("text", ["", "-1;0", "low", "1,"])
def test_values_to_leave_out_that_are_none(text: str) -> None:
    with pytest.raises(SettingsError, match="numbers with commas are needed"):
        parse_drop_ratings(text)
