"""`streamsvd simulate` and `runs`: in process and through Kafka the same, repeated only on request, nothing half."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from model_runs import command, wait_until

from streamsvd.cli.main import main
from streamsvd.ratings import Synthetic

ARGUMENTS = ("--from", "200", "--warm-up", "100", "--set", "rank=2", "--format", "csv", "--quiet", "--json")


Ran = Callable[..., str]


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ran:
    """A command that ends well, in this process, which is quicker: all that it says."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["streamsvd", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert end.value.code == 0, said.err
        return said.err + said.out

    monkeypatch.setenv("COLUMNS", "200")
    return run


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small history in a file of its own."""
    path = tmp_path_factory.mktemp("history") / "ratings.csv"
    lines = (f"{r.user},{r.item},{r.rating:g},{r.timestamp}" for r in Synthetic(2_000, 100, 400).table().events())
    path.write_text("userId,movieId,rating,timestamp\n" + "\n".join(lines) + "\n")
    return str(path)


def test_through_kafka_is_as_in_process_and_nothing_is_done_twice(ran: Ran, history: str, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    simulated = ["simulate", history, *ARGUMENTS, "--out", str(out)]
    found = {}
    for through in ("process", "kafka"):
        said = ran(*simulated, "--through", through)
        (found[through],) = json.loads(said[said.index("{") :])["runs"]
    assert found["kafka"]["figures"] == found["process"]["figures"]
    metrics = [(Path(each["folder"]) / "metrics.csv").read_bytes() for each in found.values()]
    assert metrics[0] == metrics[1]
    assert (found["process"]["figures"]["learned"], found["process"]["figures"]["events"]) == (1_800, 1_700)

    said = ran(*simulated)
    assert "1 of 1 runs are in" in said
    assert json.loads(said[said.index("{") :]) == {"runs": [found["process"]]}

    said = ran("runs", str(out), "--picture", str(tmp_path / "both.svg"))
    assert (said.count("rank=2"), said.count("through Kafka")) == (2, 1)
    assert "rank=2" in (tmp_path / "both.svg").read_text()


def test_interrupted_it_leaves_what_is_finished_and_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "runs"
    arguments = [
        "simulate",
        "synthetic",
        "--out",
        str(out),
        "--no-picture",
        "--format",
        "csv",
        "--grid",
        "rank=1,64,65",
    ]
    with command(*arguments) as process:
        wait_until(lambda: list(out.glob("[!.]*")), "the first run")
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Stopped on request after 1 of 3 runs; the same command does the others." in messages
    assert [path.name.split(".")[1] for path in out.iterdir()] == ["rank=1"]


def test_that_day(ran: Ran, history: str) -> None:
    until = ["--until", "1500", "--lookup"]
    said = ran("simulate", history, *until, "1", "-n", "3", "--json")
    answer = json.loads(said[said.index("{") :])
    assert (answer["user"], answer["learned"], len(answer["items"])) == (1, 1_500, 3)
    assert "this user was unknown, so these are the best for an average user" in ran(
        "simulate", history, *until, "nobody"
    )


def test_compare_shows_what_is_there_and_names_what_is_not(
    ran: Ran, monkeypatch: pytest.MonkeyPatch, history: str, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "surprise", None)
    said = ran("compare", history, "--until", "1500", "--picture", str(tmp_path / "peers.png"))
    assert "Not compared: surprise (" in said
    assert said.count("River BiasedMF, tuned in hindsight") == 2
    said = ran("compare", history, "--until", "1500", "--json")
    found = json.loads(said[said.index("{") :])
    assert (found["events"], len(found["peers"]), list(found["missing"])) == (1_500, 5, ["surprise"])
    assert (tmp_path / "peers.png").read_bytes().startswith(b"\x89PNG")
