"""The commands that look something up, on a snapshot in a real Redis: tables for people, JSON for programs."""

from __future__ import annotations

import json
import math
import socket
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import pytest
from model_states import checkpoint
from rating_streams import learn, stream

from model_store import ModelWriter, connect
from streamsvd.cli.main import main
from streamsvd.learner import IteratedSVD
from streamsvd.ratings import Catalogue, CatalogueItem

USER, LONGEST_SECONDS = "user 0", 25.0  # three time-outs of ten seconds took longer
Run = Callable[..., str]


@pytest.fixture
def model(redis_url: str, model_name: str) -> str:
    """A model of a small stream; its items are films with titles."""
    events = stream(1000)
    items = list(dict.fromkeys(events.items))
    titles = [*(f"Toy Story {k}" for k in range(2)), "Toy Town", *(f"Film {k}" for k in range(3, len(items) + 1))]
    catalogue = Catalogue(
        CatalogueItem(item, f"{titles[k]} ({1980 + k})", ("Comedy",), 1980 + k)
        for k, item in enumerate([*items, "unrated"])
    )
    learner = IteratedSVD(content=catalogue)
    learn(learner, events)
    with connect(redis_url) as client, closing(ModelWriter(client, model_name)) as writer:
        writer.acquire()
        more: dict[str, Any] = {"genres": catalogue.genres, "written_at": time.time()}
        writer.write(checkpoint(1, writer.token, learner.state(), **more), catalogue=catalogue.values())
    return model_name


@pytest.fixture
def empty(redis_url: str, model_name: str) -> str:
    """A model that has a catalogue and no rating: its error is NaN."""
    catalogue = Catalogue([CatalogueItem("x", "Toy Story (1995)", ("Comedy",), 1995)])
    with connect(redis_url) as client, closing(ModelWriter(client, model_name)) as writer:
        writer.acquire()
        more: dict[str, Any] = {"genres": catalogue.genres, "event_time": None, "summary": {"rmse": math.nan}}
        state = IteratedSVD(content=catalogue).state()
        writer.write(checkpoint(1, writer.token, state, **more), catalogue=catalogue.values())
    return model_name


@pytest.fixture
def run(model: str, run_on: Callable[[str], Run]) -> Run:
    """Runs a command on the small stream's model."""
    return run_on(model)


@pytest.fixture
def run_on(redis_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Run]:
    """Runs a command on a model in this process; what it printed, or the message with which it ended."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(model: str, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["streamsvd", *arguments, "--redis", redis_url, "--model", model])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        if end.value.code:
            assert said.out == ""
            return said.err
        assert said.err == ""
        return said.out

    return lambda model: partial(run, model)


def test_recommend_with_filters(run: Run) -> None:
    whole = json.loads(run("recommend", USER, "-n", "100", "--with-seen", "--json"))
    assert (whole["user"], whole["known_user"], whole["provenance"]["offsets"]["ratings/0"]) == (USER, True, 100)
    some = json.loads(run("recommend", USER, "-n", "100", "--with-seen", "--json", "--years", "1990:1999"))
    assert some["items"] == [item for item in whole["items"] if 1990 <= item["year"] <= 1999]
    first = whole["items"][0]
    without = json.loads(run("recommend", USER, "-n", "100", "--with-seen", "--json", "--exclude", str(first["item"])))
    assert without["items"] == whole["items"][1:]
    assert json.loads(run("recommend", USER, "--json", "--min-ratings", "1000"))["items"] == []
    assert first["title"] in run("recommend", USER, "-n", "1", "--with-seen", "--genre", "COMEDY")
    assert "the genres are: comedy" in run("recommend", USER, "--genre", "western")
    assert "--years 'x'" in run("recommend", USER, "--years", "x")
    assert "explore is 'far'" in run("recommend", USER, "--explore", "far")
    assert "the best for an average user" in run("recommend", "nobody")


def test_recommend_for_somebody_without_an_account(run: Run) -> None:
    answer = json.loads(run("recommend", "--rated", "toy story 0=5", "--rated", "toy town=1", "--json"))
    assert answer["user"] is None
    assert len(answer["items"]) == 10
    assert "For these ratings" in run("recommend", "--rated", "toy town=1")
    assert "--rated 'toy town'" in run("recommend", "--rated", "toy town")
    assert "name a user, or ratings" in run("recommend")
    assert "name a user, or ratings" in run("recommend", USER, "--rated", "toy town=1")


def test_similar_takes_a_title_and_names_candidates(run: Run) -> None:
    answer = json.loads(run("similar", "toy TOWN", "-n", "4", "--json"))
    assert (answer["item"]["title"], len(answer["items"])) == ("Toy Town (1982)", 4)
    assert "Like Toy Town (1982)" in run("similar", str(answer["item"]["item"]))
    assert "Like Toy Story 1 (1981)" in run("similar", "Toy Story 1")
    said = run("similar", "toy story")
    assert "InputError: 'toy story' can be several items" in said
    assert "Toy Story 0 (1980)" in said
    assert "Toy Story 1 (1981)" in said
    assert "no item that has been rated has the id 'zebra'" in run("similar", "zebra")


def test_predict_and_explain(run: Run) -> None:
    rating = json.loads(run("predict", USER, "toy town", "--json"))
    assert (rating["known_user"], rating["known_item"]) == (True, True)
    assert rating["deviation"] > 0
    parts = json.loads(run("explain", USER, "toy town", "--json"))
    total = parts["everybody"] + parts["own"] + parts["rest"] + sum(one["moved"] for one in parts["ratings"])
    assert total == pytest.approx(parts["score"], abs=1e-9)
    assert min(max(parts["score"], 1.0), 5.0) == pytest.approx(rating["rating"], abs=1e-9)
    assert "expected of any user" in run("explain", USER, "toy town")
    assert f"{rating['rating']:.2f}" in run("predict", USER, "toy town")
    assert "unknown user and item: predicted from the averages over all" in run("predict", "nobody", "unheard-of")
    assert json.loads(run("predict", USER, "unrated", "--json"))["item"]["title"].endswith("(2040)")


def test_users(run: Run) -> None:
    found = json.loads(run("users", "-n", "3", "--json"))
    assert (found["total"], len(found["users"])) == (40, 3)
    assert "40 users" in run("users")
    one = json.loads(run("users", USER, "-n", "2", "--json"))
    assert (one["user"]["user"], len(one["newest"]), len(one["alike"])) == (USER, 2, 2)
    assert "Users of the same taste" in run("users", USER)
    assert "UnknownId: the model does not know user 'nobody'" in run("users", "nobody")


def test_numbers_out_of_range_are_refused_and_large_ones_give_all(run: Run) -> None:
    every = json.loads(run("recommend", USER, "-n", "1000", "--json"))["items"]
    assert json.loads(run("recommend", USER, "-n", "9223372036854775807", "--json"))["items"] == every
    assert json.loads(run("recommend", USER, "-n", "99999999999999999999", "--json"))["items"] == every
    assert run("recommend", USER, "--explore", "sampled", "--seed", "-1").startswith("SettingsError: seed is -1")
    assert json.loads(run("similar", "toy town", "-n", "9223372036854775807", "--json"))["items"]
    assert json.loads(run("users", "-n", "99999999999999999999", "--json"))["users"]


HOSTILE = ("Love [/] Hate", "[bold]x", "\x1b[31mred", "a\rb", "\u202eeno", "\x9b2J :smile:", "two\nlines", "\x07\x7f")


@pytest.fixture
def hostile(redis_url: str, model_name: str) -> str:
    """A model whose titles, genres, ids and topic would be markup, or commands to a terminal."""
    catalogue = Catalogue(CatalogueItem(title, title, (title,), 1995) for title in HOSTILE)
    learner = IteratedSVD(content=catalogue)
    for k, title in enumerate(HOSTILE * 4):
        learner.learn([HOSTILE[(k * 3 + k // 8) % 8]], [title], [1.0 + k % 5], [1000 + k])
    with connect(redis_url) as client, closing(ModelWriter(client, model_name)) as writer:
        writer.acquire()
        more: dict[str, Any] = {"genres": catalogue.genres, "offsets": {("[/]\x1b[2J", 0): 32}}
        writer.write(checkpoint(1, writer.token, learner.state(), **more), catalogue=catalogue.values())
    return model_name


def test_text_from_data_is_text_on_the_terminal(hostile: str, run_on: Callable[[str], Run]) -> None:
    run, said = run_on(hostile), ""
    for title in HOSTILE:
        for arguments in (
            ["recommend", title, "--with-seen"],
            ["recommend", "--rated", "Love [/] Hate=5"],
            ["similar", title],
            ["predict", title, title],
            ["explain", title, title],
            ["users", title],
            ["users", f"nobody {title}"],
            ["similar", f"nothing {title}"],
        ):
            said += run(*arguments)
    said += run("users")
    assert not [one for one in said if not one.isprintable() and one != "\n"]
    for shown in (
        "Love [/] Hate",
        "[bold]x",
        "␛[31mred",
        "a␍b",
        r"\u202eeno",
        r"\x9b2J :smile:",
        "two␊lines",
        "␇␡",
    ):
        assert f"Like {shown}" in said
        assert f"For user {shown}" in said
    assert "[/]␛[2J/0: 32" in said


def test_a_model_without_ratings(empty: str, run_on: Callable[[str], Run]) -> None:
    run = run_on(empty)
    for arguments in (["recommend", "1"], ["predict", "1", "x"], ["users"]):
        answer = json.loads(run(*arguments, "--json"), parse_constant=pytest.fail)
        assert answer["provenance"]["rmse"] is None
        assert "RMSE –" in run(*arguments)
    for arguments in (["similar", "x"], ["explain", "1", "x"], ["recommend", "--rated", "x=4"]):
        assert run(*arguments).startswith("InputError: no item that has been rated has the id 'x'")
    assert run("users", "1").startswith("UnknownId: ")


def test_a_redis_that_accepts_and_never_answers_is_given_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # the system accepts, and that is all
        address = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        monkeypatch.setattr(sys, "argv", ["streamsvd", "recommend", "1", "--redis", address])
        began = time.monotonic()
        with pytest.raises(SystemExit):
            main()
        assert time.monotonic() - began < LONGEST_SECONDS
    said = capsys.readouterr().err
    assert said.startswith("StoreUnavailable: reading model default: Redis at ")
    assert "does not answer" in said
