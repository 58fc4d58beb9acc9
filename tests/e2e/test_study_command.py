"""`streamsvd study`: the table, the files and the pictures, from a small file of ratings."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from evaluation.studies import check_pictures, study_specs
from streamsvd.cli.commands.study import study
from streamsvd.errors import InputError
from streamsvd.ratings import Synthetic

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A csv file with 1,500 made-up ratings."""
    path = tmp_path_factory.mktemp("data") / "ratings.csv"
    table = next(iter(Synthetic(ratings=1500, users=80, items=300).blocks(1500)))
    columns = (table.users, table.items, table.ratings, table.timestamps)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["userId", "movieId", "rating", "timestamp"])
        writer.writerows(zip(*(column.tolist() for column in columns), strict=True))
    return path


def run(*arguments: str) -> str:
    app = typer.Typer()
    app.command()(study)
    result = RUNNER.invoke(app, list(arguments))
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_table_files_and_pictures(ratings: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    shown = run(str(ratings), "--quick", "--window", "300", "--out", str(out))
    found = json.loads((out / "study.json").read_text())
    taking_part = [spec.model for spec in study_specs({}, catalogue=False)]
    assert [each["name"] for each in found["online"]] == [model.study for model in taking_part if model.online]
    assert [each["name"] for each in found["offline"]] == [model.study for model in taking_part]
    for each in (*found["online"], *found["offline"]):
        assert each["name"] in shown
        assert 0.3 < each.get("rmse_event", each.get("random_rmse")) < 2
    brand = next(each for each in found["online"] if each["discarded"] is not None)
    assert f"{brand['discarded']:,.1f}" in " ".join(shown.split())
    rows = list(csv.DictReader((out / "study.csv").read_text().splitlines()))
    assert {row["learner"] for row in rows} == {each["name"] for each in found["offline"]}
    for stem in ("error-against-time", "error-against-work"):
        assert (out / f"{stem}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (out / f"{stem}.svg").read_text()


def test_the_same_seed_gives_the_same_errors(ratings: Path) -> None:
    found = []
    for _ in range(2):
        offline = json.loads(run(str(ratings), "--quick", "--seed", "3", "--json"))["offline"]
        found.append([{k: v for k, v in each.items() if k not in ("seconds", "curve")} for each in offline])
    assert found[0] == found[1]


def test_too_few_ratings(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    path.write_text("userId,movieId,rating,timestamp\n1,1,3,881250949\n1,2,4,881250950\n")
    with pytest.raises(InputError, match="10 ratings or more"):
        run(str(path))


def test_pictures_need_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"streamsvd\[pictures\]"):
        check_pictures()
