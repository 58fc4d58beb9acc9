"""Every program in examples/ runs, by itself, to its end."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from model_runs import LONG_SECONDS, ROOT, compile_kernels, environment

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
SAYS = {"film_night.py": ["20,000 ratings learned", "For the newcomer", "recommended again: no", "20,003 ratings,"]}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_example_runs(path: Path) -> None:
    compile_kernels()
    found = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        timeout=LONG_SECONDS,
        env=environment(),
        check=False,
    )
    assert found.returncode == 0, found.stderr
    for text in SAYS.get(path.name, ()):
        assert text in found.stdout


def test_friends_who_have_seen_everything_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    film_night = runpy.run_path(str(ROOT / "examples" / "film_night.py"))

    class Reader:
        def recommend_many(self, users: tuple[int, ...], n: int) -> list[Any]:
            assert n == film_night["FILMS"]
            return [SimpleNamespace(items=[SimpleNamespace(item=user, score=4.0)]) for user in users]

    assert film_night["liked_by_all"](Reader()) is None
    assert "seen every film" in capsys.readouterr().out
