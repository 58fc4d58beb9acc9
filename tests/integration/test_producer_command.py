"""`streamsvd replay` as a user runs it, against a real Kafka."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from streamsvd.cli.commands.replay import replay
from streamsvd.errors import DatasetError, SettingsError, TopicUnsafe
from streamsvd.log import Topics, log_client, read_catalogue

BOOKS = "reader,isbn,stars,day\n" + "".join(
    f"r{n % 40},b{n % 30},{n % 10 + 1},{900000000 + n * 60}\n" for n in range(1500)
)


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(replay)
    return made


@pytest.fixture
def books(tmp_path: Path) -> Path:
    path = tmp_path / "books.csv"
    path.write_text(BOOKS)
    return path


def invoke(app: typer.Typer, *arguments: str) -> Result:
    result = CliRunner().invoke(app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_another_table_is_replayed_and_reported(
    app: typer.Typer, kafka_address: str, topic_prefix: str, books: Path
) -> None:
    options = ["--columns", "reader,isbn,stars,day", "--scale", "1:10", "--kafka", kafka_address]
    first = invoke(app, str(books), *options, "--topic", topic_prefix, "--limit", "1000")
    assert "books: 1,000 ratings sent" in first.stdout
    assert "from 1998-07-09 to 1998-07-10." in first.stdout
    second = invoke(app, str(books), *options, "--topic", topic_prefix, "--limit", "200", "--json")
    found = json.loads(second.stdout)
    assert (found["dataset"], found["topic"], found["events"]) == ("books", topic_prefix, 200)
    assert (found["skipped"], found["offsets"]) == (1000, {"0": 1200})
    assert len(found["sha256"]) == 64
    assert found["events_per_second"] > 0
    third = invoke(app, str(books), *options, "--topic", topic_prefix)
    assert "books: 300 ratings sent" in third.stdout
    assert "1,200 ratings were in the log already." in third.stdout
    held = read_catalogue(log_client(kafka_address), Topics(topic_prefix).catalogue)
    assert held.dataset is not None
    assert held.dataset.scale == (1.0, 10.0)


def test_the_synthetic_stream_with_its_catalogue(app: typer.Typer, kafka_address: str, topic_prefix: str) -> None:
    arguments = ["synthetic", "--ratings", "2000", "--kafka", kafka_address, "--topic", topic_prefix]
    assert "synthetic: 2,000 ratings sent" in invoke(app, *arguments).output
    held = read_catalogue(log_client(kafka_address), Topics(topic_prefix).catalogue)
    assert held.catalogue is not None
    with pytest.raises(TopicUnsafe):
        invoke(app, *arguments, "--seed", "1")


def test_quiet_says_nothing(app: typer.Typer, kafka_address: str, topic_prefix: str) -> None:
    arguments = ["synthetic", "--ratings", "100", "--kafka", kafka_address, "--topic", topic_prefix, "--quiet"]
    assert invoke(app, *arguments).output == ""


@pytest.mark.parametrize("wrong", [["--from", "soon"], ["--speed", "fast"], ["--topic", "a b"], ["--scale", "5"]])
def test_a_wrong_option_is_refused_before_anything_starts(app: typer.Typer, books: Path, wrong: list[str]) -> None:
    with pytest.raises(SettingsError):
        invoke(app, str(books), "--columns", "reader,isbn,stars,day", "--kafka", "127.0.0.1:1", *wrong)


def test_ratings_of_the_future_are_refused_until_they_are_left_out(
    app: typer.Typer, kafka_address: str, topic_prefix: str, books: Path
) -> None:
    books.write_text(BOOKS + "r1,b1,5,4000000000\n")
    options = [str(books), "--columns", "reader,isbn,stars,day", "--kafka", kafka_address, "--topic", topic_prefix]
    with pytest.raises(DatasetError, match=r"1 of 1,501 ratings lie in the future, from 2096-10-02 on"):
        invoke(app, *options)
    found = invoke(app, *options, "--until", "2096-10-02", "--json")
    assert json.loads(found.stdout)["events"] == 1500


def test_what_is_read_is_said_and_a_bound_outside_of_it_noted(
    app: typer.Typer, kafka_address: str, topic_prefix: str, books: Path
) -> None:
    options = [str(books), "--columns", "reader,isbn,stars,day", "--kafka", kafka_address, "--topic", topic_prefix]
    found = invoke(app, *options, "--from", "1990-01-01", "--until", "20150101")
    said = "books: 1,500 ratings of 40 users on 30 items, 1998-07-09 to 1998-07-10 (seconds since 1970)"
    assert said in found.stderr
    assert "Note: --from 1990-01-01 is before the first rating (1998-07-09)." in found.stderr
    assert "Note: --until 20150101 is a number of ratings, of which there are 1,500." in found.stderr
    assert "books" not in invoke(app, *options, "--quiet").stderr
