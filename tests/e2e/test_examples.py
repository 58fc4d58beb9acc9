"""Every program in examples/ runs, by itself, to its end."""

from __future__ import annotations

import runpy
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from model_runs import LONG_SECONDS, ROOT, compile_kernels, environment

from model_store import Checkpoint, ModelReader, ModelWriter, connect
from streamsvd.learner import IteratedSVD
from streamsvd.ratings import Catalogue, CatalogueItem

BARE_CLIENT = ROOT / "examples" / "bare_client.py"  # needs a model
EXAMPLES = sorted(set((ROOT / "examples").glob("*.py")) - {BARE_CLIENT})
SAYS = {"film_night.py": ["20,000 ratings learned", "For the newcomer", "recommended again: no", "20,003 ratings,"]}


def ran(path: Path, *arguments: str, **changes: str) -> str:
    """What a program printed, once it has ended well."""
    found = subprocess.run(
        [sys.executable, str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=LONG_SECONDS,
        env=environment(**changes),
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_example_runs(path: Path) -> None:
    compile_kernels()
    said = ran(path)
    for text in SAYS.get(path.name, ()):
        assert text in said


def test_the_bare_client_prints_a_list(redis_url: str, model_name: str) -> None:
    catalogue = Catalogue(CatalogueItem(item, f"Film {item}", ("Drama",), 1990) for item in range(20))
    model = IteratedSVD(content=catalogue)
    model.learn([1, 1, 2, 2], [0, 3, 3, 4], [4, 5, 1, 3])
    with connect(redis_url) as client, closing(ModelWriter(client, model_name)) as writer:
        writer.acquire()
        state, about = model.state(), {"genres": catalogue.genres, "offsets": {}}
        writer.write(Checkpoint(1, writer.token, state=state, **about), catalogue=catalogue.values())
        expected = ModelReader(client, model_name).recommend(1).items
    first, *lines = ran(BARE_CLIENT, redis_url, model_name, "1", PYTHONPATH="").splitlines()
    assert first == "For user 1, from version 1:"
    assert [(line[2:6], line.split("  ")[-1]) for line in lines] == [
        (f"{one.score:.2f}", one.title) for one in expected
    ]
    assert "of whom nothing is known" in ran(BARE_CLIENT, redis_url, model_name, "nobody")


def test_friends_who_have_seen_everything_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    film_night = runpy.run_path(str(ROOT / "examples" / "film_night.py"))

    class Reader:
        def recommend_many(self, users: tuple[int, ...], n: int) -> list[Any]:
            assert n == film_night["FILMS"]
            return [SimpleNamespace(items=[SimpleNamespace(item=user, score=4.0)]) for user in users]

    assert film_night["liked_by_all"](Reader()) is None
    assert "seen every film" in capsys.readouterr().out
