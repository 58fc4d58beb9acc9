"""`streamsvd tune` as a user runs it: interrupted and taken up again, and its file given to another command."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest
from model_runs import command, run_command, wait_until

COLUMNS = ["--columns", "reader,book,stars,day", "--scale", "1:5"]


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """Ratings of one's own."""
    chance = random.Random(2)
    lines = ["reader,book,stars,day\n"]
    for day in range(400):
        reader, book = chance.randrange(20), chance.randrange(50)
        stars = min(5, max(1, round(3 + (reader % 3 - 1) + (book % 3 - 1) + chance.gauss(0, 0.7))))
        lines.append(f"r{reader},b{book},{stars},{1_500_000_000 + 3600 * day}\n")
    path = tmp_path / "books.csv"
    path.write_text("".join(lines))
    return path


def tuned(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out.read_text())
    return found


@pytest.mark.parametrize("protocol", ["prequential", "cv"])
def test_an_interrupted_search_ends_where_a_whole_one_does(books: Path, tmp_path: Path, protocol: str) -> None:
    cut, whole = tmp_path / "cut.json", tmp_path / "whole.json"
    trials = tmp_path / "cut.json.trials"
    search = ["tune", str(books), *COLUMNS, "--protocol", protocol, "--seed", "3", "--quiet"]
    with command(*search, "--out", str(cut), "--trials", "5000", "--jobs", "2") as process:
        wait_until(lambda: trials.exists() and trials.read_text().count("\n") > 2, "a second trial")
        process.send_signal(signal.SIGINT)
        output, messages = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, "")
    assert "the same command continues" in messages
    assert not cut.exists()
    known = trials.read_text().count("\n") - 1
    wanted = str(known + 3)
    for out in (cut, whole):
        status, output, messages = run_command(*search, "--out", str(out), "--trials", wanted)
        assert status == 0, messages
        assert "RMSE" in output
    assert cut.read_text() == whole.read_text()
    assert trials.read_text().count("\n") == known + 4


def test_the_file_is_taken_by_another_command(books: Path, tmp_path: Path) -> None:
    out = tmp_path / "settings.json"
    status, output, messages = run_command("tune", str(books), *COLUMNS, "--out", str(out), "--trials", "4", "--json")
    assert status == 0, messages
    found = tuned(out)
    assert json.loads(output) == found
    assert found["tuned_on"]["ratings"] == 400
    assert set(found["rmse"]["defaults"]) == set(found["rmse"]["found"])
    options = ["--settings", str(out), "--set", "rank=3", "--json"]
    status, output, messages = run_command("evaluate", str(books), *COLUMNS, *options)
    assert status == 0, messages
    used = json.loads(output)["settings"]
    assert used["rank"] == 3
    assert {name: used[name] for name in found["settings"]} == {**found["settings"], "rank": 3}


def test_trials_of_another_search_are_not_mixed_in(books: Path, tmp_path: Path) -> None:
    search = ["tune", str(books), *COLUMNS, "--out", str(tmp_path / "settings.json"), "--trials", "1"]
    assert run_command(*search)[0] == 0
    status, output, messages = run_command(*search, "--seed", "1")
    assert (status, output) == (1, "")
    assert "holds the trials of another search" in messages
