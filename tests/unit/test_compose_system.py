"""The compose file as docker-compose reads it, and the image's build steps in a clean folder; no engine is needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.system


def test_docker_compose_accepts_the_file() -> None:
    answer = subprocess.run(["docker-compose", "config", "--quiet"], cwd=ROOT, capture_output=True, text=True)

    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.timeout(1200)
def test_the_images_build_steps_make_a_working_command(tmp_path: Path) -> None:
    """Follow the first stage of the Dockerfile word for word, with folders of our own in place of the image's."""
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    build = dockerfile[: dockerfile.rindex("\nFROM ")]
    source, installed = tmp_path / "src", tmp_path / "installed"
    source.mkdir()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}

    for instruction, rest in re.findall(r"^(COPY|RUN) (.+)$", build, re.MULTILINE):
        if instruction == "RUN":
            command = rest.replace("/opt/streamsvd", str(installed))
            subprocess.run(["sh", "-c", command], cwd=source, env=environ, check=True)
            continue
        *names, target = rest.split()
        for name in names:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, source / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, source / target)

    command = [installed / "bin" / "streamsvd", "--help"]
    answer = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=True)
    assert "Redis" in answer.stdout
