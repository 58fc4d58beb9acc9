"""Every program in examples/ runs, by itself, to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
