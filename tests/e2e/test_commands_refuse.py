"""What cannot be done is refused soon, with one helpful message, exit status 1 and no traceback."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from model_runs import environment, run_command

from streamsvd.cli.main import COMMANDS, main

CLOSED = "127.0.0.1:1"  # nobody listens there
LONGEST_SECONDS = 90.0  # hangs are what is looked for; kernels may have to be compiled on a busy machine


def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """The message with which a command ends, its one error; run in this process, which is quicker."""
    for name in ("STREAMSVD_KAFKA", "STREAMSVD_REDIS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "argv", ["streamsvd", *arguments])
    began = time.monotonic()
    with pytest.raises(SystemExit) as end:
        main()
    assert time.monotonic() - began < LONGEST_SECONDS
    said = capsys.readouterr()
    assert (end.value.code, said.out) == (1, "")
    *notes, message = said.err.splitlines()
    assert all(note.startswith(("ml-100k: ", "Note: ")) for note in notes), said.err  # what it has read before
    return message


def explained(*command: str) -> str:
    """What `--help` prints."""
    arguments = [sys.executable, "-m", "streamsvd", *command, "--help"]
    found = subprocess.run(arguments, capture_output=True, text=True, env=environment(), timeout=60, check=True)
    assert found.stderr == ""
    return found.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("demo nosuch", "DatasetError: nosuch: no such path, and no data set of that name"),
        ("replay nosuch", "DatasetError: nosuch: no such path, and no data set of that name"),
        ("evaluate nosuch", "DatasetError: nosuch: no such path, and no data set of that name"),
        ("simulate synthetic --grid rnk=3", "SettingsError: there is no setting 'rnk'; the settings are: rank, "),
        ("simulate synthetic --through air", "SettingsError: --through 'air': it can be process or kafka"),
        ("simulate synthetic --format xls", "SettingsError: --format 'xls': it can be parquet or csv"),
        ("simulate ml-100k --until 1990-01-01", "InputError: ml-100k: no ratings from event 0 until event 0; there"),
        ("simulate ml-100k --baseline damped-means --lookup 1", "SettingsError: --lookup is of one model, in process"),
        ("runs nowhere", "InputError: nowhere is no folder; `streamsvd simulate DATA --out nowhere` makes one"),
        ("evaluate synthetic --set rnk=3", "SettingsError: there is no setting 'rnk'; the settings are: rank, "),
        ("consume --set rnk=3", "SettingsError: there is no setting 'rnk'; the settings are: rank, "),
        ("consume --set rank", "SettingsError: --set 'rank': a name and a value are needed"),
        ("consume --set rank=0", "SettingsError: setting rank=0 must be 1 or more"),
        ("evaluate synthetic --set gamma=nan", "SettingsError: setting gamma="),
        ("evaluate synthetic --set rank=many", "SettingsError: setting rank='many' is not a whole number"),
        ("evaluate ml-100k --scale 5", "SettingsError: --scale '5': two numbers with a colon are needed"),
        ("evaluate ml-100k --scale 5:1", "a scale from 5 to 1 is not one"),
        ("evaluate ml-100k --columns a,b", "three or four different names are needed"),
        ("consume --kafka nonsense", "SettingsError: STREAMSVD_KAFKA='nonsense' is no Kafka address"),
        ("consume --redis http://x", "SettingsError: STREAMSVD_REDIS='http://x' is no Redis URL"),
        ("recommend 1 --redis nonsense", "SettingsError: STREAMSVD_REDIS='nonsense' is no Redis URL"),
        (f"consume --kafka {CLOSED} --redis redis://{CLOSED}", f"Kafka at {CLOSED} does not answer"),
        (f"replay ml-100k --kafka {CLOSED}", f"Kafka at {CLOSED} does not answer"),
        (f"recommend 1 --redis redis://{CLOSED}", f"Redis at redis://{CLOSED}/0 does not answer"),
        ("tune ml-100k --out /proc/settings.json", "InputError: /proc/settings.json cannot be written: "),
        ("tune ml-100k --out /proc", "InputError: /proc cannot be written: Is a directory; name another file"),
        ("snapshot export /proc/none/f", "InputError: /proc/none/f cannot be written: No such file"),
        ("study ml-100k --out /proc/none", "InputError: /proc/none is no folder and cannot be made one: No such file"),
    ],
)
def test_a_bad_input_is_refused_with_one_message(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    ml_100k: Path,
    arguments: str,
    message: str,
) -> None:
    said = refused(capsys, monkeypatch, *arguments.replace("ml-100k", str(ml_100k)).split())
    assert message in said
    assert "Traceback" not in said


def test_a_topic_and_a_model_have_names_that_can_be_used(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kafka_address: str, redis_url: str
) -> None:
    services = ["--kafka", kafka_address, "--redis", redis_url]
    assert "topic 'a/b': a name has" in refused(capsys, monkeypatch, "consume", *services, "--topic", "a/b")
    found = refused(capsys, monkeypatch, "recommend", "1", "--redis", redis_url, "--model", "a/b")
    assert "model name 'a/b': use 1 to 100 letters" in found
    found = refused(capsys, monkeypatch, "recommend", "1", "--redis", redis_url, "--model", "no-such-model")
    assert found.startswith("SnapshotMissing: ")
    assert "start `streamsvd consume` for it, or check the name" in found


def test_a_redis_out_of_reach_ends_a_consumer(kafka_address: str, topic_prefix: str, tmp_path: Path) -> None:
    small = tmp_path / "small.csv"
    small.write_text(
        "userId,movieId,rating,timestamp\n" + "".join(f"{k % 7},{k},3.5,{881250949 + k}\n" for k in range(49))
    )
    topic = ["--kafka", kafka_address, "--topic", topic_prefix]
    status, _, messages = run_command("replay", str(small), *topic)
    assert status == 0, messages
    began = time.monotonic()
    status, output, messages = run_command("consume", *topic, "--redis", f"redis://{CLOSED}")
    assert time.monotonic() - began < LONGEST_SECONDS
    assert (status, output) == (1, "")
    assert messages.splitlines()[-1].startswith("StoreUnavailable: ")
    assert "Traceback" not in messages


@pytest.mark.parametrize("name", [*COMMANDS])
def test_every_command_explains_itself(name: str) -> None:
    text = explained(name)
    assert f"Usage: python -m streamsvd {name}" in text
    assert name in ("services", "doctor") or f"streamsvd {name}" in text.split("Usage", 1)[1]


def test_the_program_names_every_command() -> None:
    text = explained()
    assert all(f" {command} " in text for command in COMMANDS)
