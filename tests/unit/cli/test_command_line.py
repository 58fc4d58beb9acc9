"""The command line as a whole: what is listed, what is imported, and what a missing package leads to."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streamsvd.cli import main
from streamsvd.errors import SettingsError

FOLDER = Path(main.__file__).parent / "commands"


def test_every_module_is_a_command_of_one_panel() -> None:
    assert sorted(main.COMMANDS) == sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
    assert len(set(main.COMMANDS)) == len(main.COMMANDS)


@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_list_says_what_a_command_says_of_itself(name: str) -> None:
    module = import_module(f"streamsvd.cli.commands.{name}")
    found = getattr(module, name)
    text = module.__doc__ if isinstance(found, typer.Typer) else found.__doc__
    assert text is not None
    assert main._summary(name) == " ".join(text.partition("\n\n")[0].split())
    listed = main._LazyGroup().get_command(None, name)
    assert (listed.name, listed.help) == (name, main._summary(name))
    assert name in main.PANELS[listed.rich_help_panel]


def test_help_imports_no_command_and_nothing_heavy() -> None:
    program = (
        "import sys; from streamsvd.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = ('numpy', 'numba', 'kafka', 'redis', 'pandas', 'streamsvd.cli.commands.')\n"
        "sys.exit(' '.join(name for name in sys.modules if name.startswith(heavy)) or None)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Evaluate" in ran.stdout


def test_a_consumer_without_shadows_starts_without_scipy() -> None:
    program = (
        "import sys; import streamsvd.cli.commands.consume\n"
        "heavy = ('scipy.optimize', 'scipy.sparse', 'scipy.special', 'pandas', 'matplotlib')\n"
        "sys.exit(' '.join(name for name in sys.modules if name.startswith(heavy)) or None)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_version() -> None:
    result = CliRunner().invoke(main.app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"streamsvd {metadata.version('streamsvd')}\n")


def test_an_unknown_command_is_refused() -> None:
    result = CliRunner().invoke(main.app, ["nosuch"])
    assert result.exit_code == 2
    assert "No such command 'nosuch'" in result.output


@pytest.mark.parametrize(
    ("missing", "advice"),
    [
        ("fastapi", "pip install 'streamsvd[serve]'"),
        ("uvicorn.config", "pip install 'streamsvd[serve]'"),
        ("prometheus_client", "pip install 'streamsvd[serve]'"),
        ("nicegui", "pip install 'streamsvd[dashboard]'"),
        ("optuna", "pip install 'streamsvd[tune]'"),
        ("numpy", "pip install numpy"),
    ],
)
def test_a_missing_package_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, missing: str, advice: str
) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr(main, "import_module", absent)
    with pytest.raises(SettingsError) as failure:
        main._load("serve")
    assert str(failure.value) == f"`streamsvd serve` needs the package {missing}, which is not installed: {advice}"


@pytest.mark.parametrize("command", ["study", "report", "compare", "simulate"])
def test_numpy_gets_one_thread_where_seconds_are_compared(command: str) -> None:
    script = f"""
import os, sys
from streamsvd.cli import main

class Watch:
    def find_spec(self, name, path, target=None):
        if name == "numpy":
            print(os.environ.get("OPENBLAS_NUM_THREADS"))

sys.meta_path.insert(0, Watch())
main._load({command!r})
"""
    unset = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}

    said = subprocess.run([sys.executable, "-c", script], env=unset, check=True, capture_output=True, text=True).stdout

    assert said == "1\n"
