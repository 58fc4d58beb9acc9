"""The commands as a user runs them: ratings of one's own from a file to recommendations, and figures for programs."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from model_runs import run_command

KEYS = {
    "dataset",
    "sha256",
    "events",
    "users",
    "items",
    "rmse_event",
    "mae_event",
    "rmse_page",
    "mae_page",
    "rmse_last_window",
    "events_per_second",
    "peak_rss_bytes",
    "settings",
    "versions",
}
COLUMNS = ["--columns", "reader,isbn,stars,day", "--scale", "1:10"]


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """A csv that is not MovieLens': ids are text, ratings go from 1 to 10, and the columns stand in another order."""
    chance = random.Random(1)
    lines = ["day,isbn,reader,stars\n"]
    for day in range(900):
        reader, book = chance.randrange(30), chance.randrange(60)
        stars = min(10, max(1, round(5.5 + (reader % 5 - 2) + (book % 3 - 1) + chance.gauss(0, 1))))
        lines.append(f"{1_500_000_000 + 3600 * day},978-{book:04},reader {reader},{stars}\n")
    path = tmp_path / "books.csv"
    path.write_text("".join(lines))
    return path


def test_ratings_of_ones_own_become_recommendations(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str, books: Path
) -> None:
    kafka, redis = ["--kafka", kafka_address, "--topic", topic_prefix], ["--redis", redis_url, "--model", model_name]

    status, output, messages = run_command("replay", str(books), *COLUMNS, *kafka, "--json")
    assert status == 0, messages
    assert json.loads(output)["events"] == 900
    status, output, messages = run_command("consume", *kafka, *redis, "--until-end", "--json")
    assert status == 0, messages
    figures = json.loads(output)
    status, output, messages = run_command("evaluate", str(books), *COLUMNS, "--json")
    assert status == 0, messages
    expected = json.loads(output)

    assert figures.keys() >= KEYS
    assert expected.keys() >= KEYS
    measured = {"events_per_second", "peak_rss_bytes"}
    assert {name: figures[name] for name in KEYS - measured} == {name: expected[name] for name in KEYS - measured}
    assert (figures["events"], figures["users"], figures["items"]) == (900, 30, 60)
    assert figures["rmse_event"] < 1.6  # in stars of the file's own scale; always the mean gives 2.0

    status, output, messages = run_command("recommend", "reader 7", *redis, "-n", "3", "--json")
    assert status == 0, messages
    answer = json.loads(output)
    assert answer["user"] == "reader 7"
    assert len(answer["items"]) == 3
    assert all(1 <= item["score"] <= 10 for item in answer["items"])
    rated = {line.split(",")[1] for line in books.read_text().splitlines() if ",reader 7," in line}
    assert not rated & {item["item"] for item in answer["items"]}
    provenance = answer["provenance"]
    assert answer["known_user"] is True
    assert provenance["offsets"][f"{topic_prefix}/0"] == 900
    assert provenance["rmse"] == figures["rmse_last_window"]
    assert provenance["event_time"] == 1_500_000_000 + 3600 * 899

    status, output, messages = run_command("recommend", "text:42", *redis, "-n", "2")
    assert status == 0, messages
    assert "42, who is unknown" in output
    assert "978-" in output
    assert "snapshot 1, " in output


def test_without_times_no_command_shows_a_date(kafka_address: str, topic_prefix: str, tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("who,what,stars\n" + "".join(f"{k % 7},{k % 11},{k % 5 + 1}\n" for k in range(200)))
    columns = ["--columns", "who,what,stars"]
    status, output, messages = run_command(
        "replay", str(path), *columns, "--kafka", kafka_address, "--topic", topic_prefix
    )
    assert status == 0, messages
    assert "the event time of each of these ratings is its number" in messages
    said = [output]
    for more in (["--detail", "--shadow", "means=damped-means"], ["--detail", "--json"]):
        status, output, messages = run_command("evaluate", str(path), *columns, *more)
        assert status == 0, messages
        said.append(output)
    assert not re.search(r"1970-|days|month|seconds\"", "".join(said))
    assert "ratings sent" in said[0]


def test_figures_are_the_same_every_time(ml_100k: Path) -> None:
    from streamsvd.ratings import read_ratings

    found = []
    for _ in range(2):
        status, output, messages = run_command("evaluate", str(ml_100k), "--quiet", "--json", "--set", "rank=4")
        assert status == 0, messages
        found.append(json.loads(output))
    for name in ("events_per_second", "peak_rss_bytes"):
        assert all(figures.pop(name) > 0 for figures in found)
    assert found[0] == found[1]
    assert found[0]["settings"]["rank"] == 4
    assert found[0]["sha256"] == read_ratings(ml_100k).dataset.sha256


def test_duplicates_and_re_ratings_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    first, second = 1_400_000_100, 1_400_000_300
    lines = [f"1,7,3,{first}", f"1,7,3,{first}", f"2,7,4,{first}", f"1,7,5,{second}", *[f"2,8,1,{second}"] * 3]
    path.write_text("\n".join(["userId,movieId,rating,timestamp", *lines]))
    status, output, messages = run_command("evaluate", str(path), "--quiet")
    assert status == 0, messages
    facts = {line.split("  ")[0].strip(): line for line in output.splitlines()}
    assert " 3 (same user, item, rating, time)" in facts["exact duplicates"]
    assert " 1 (" in facts["re-ratings"]
    status, output, messages = run_command("evaluate", str(path), "--quiet", "--json")
    assert status == 0, messages
    found = json.loads(output)
    assert (found["events"], found["duplicates"], found["re_ratings"]) == (7, 3, 1)


def test_a_demo_prints_one_object_and_nothing_else(tmp_path: Path) -> None:
    path, changes = tmp_path / "ratings.csv", {"STREAMSVD_KAFKA": "embedded", "STREAMSVD_REDIS": "embedded"}
    path.write_text(
        "userId,movieId,rating,timestamp\n"
        + "".join(f"{k % 7},{k % 11},{k % 5 + 1},{881250949 + k}\n" for k in range(70))
    )
    status, output, messages = run_command("demo", str(path), "--no-dashboard", "--json", "-n", "2", **changes)
    assert status == 0, messages
    found = json.loads(output)
    assert found.keys() >= KEYS
    assert (found["events"], found["snapshots"] >= 1) == (70, True)
    assert all("reasons" in item for item in found["recommendations"])
    said = f"Data: {tmp_path.name}: 70 ratings of 7 users on 11 items, 1997-12-04 to 1997-12-04 (seconds since 1970)."
    assert said in messages
