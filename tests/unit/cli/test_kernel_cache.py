"""Kernels made ready: compiled once, in processes of their own, and loaded from then on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from model_runs import compile_kernels, environment

from streamsvd.cli import kernel_cache

WHAT_IS_MADE = """
from streamsvd.cli.kernel_cache import STEPS, prepare_kernels, missing_kernels_note
from numba.core import event

told, compiled = [], []

class Compiled(event.Listener):
    def on_start(self, event):
        compiled.append(event.data["dispatcher"].py_func.__name__)

    def on_end(self, event):
        pass

event.register("numba:compile", Compiled())
print(missing_kernels_note())
prepare_kernels(lambda done, total: told.append((done, total)))
assert told == sorted(told) and told[0] == (0, len(STEPS)) and told[-1] == (len(STEPS), len(STEPS)), told
print(missing_kernels_note(), compiled)
"""


def test_other_processes_fill_the_cache_and_nothing_is_compiled_twice(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WHAT_IS_MADE]

    said = subprocess.run(
        command, env=environment(NUMBA_CACHE_DIR=str(tmp_path)), check=True, capture_output=True, text=True
    ).stdout.splitlines()

    assert said == [kernel_cache.COMPILING, "None []"]


def test_what_the_progress_raises_ends_the_processes(tmp_path: Path) -> None:
    script = """
from streamsvd.cli.kernel_cache import prepare_kernels
import psutil

def stop(done, total):
    children.extend(psutil.Process().children())
    if len(children) > 3:
        raise KeyboardInterrupt

children = []
try:
    prepare_kernels(stop)
except KeyboardInterrupt:
    assert not any(child.is_running() for child in children)
    print("ended")
"""
    command = [sys.executable, "-c", script]

    said = subprocess.run(
        command, env=environment(NUMBA_CACHE_DIR=str(tmp_path)), check=True, capture_output=True, text=True
    ).stdout

    assert said == "ended\n"


def test_without_a_folder_they_are_compiled_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    compile_kernels()
    monkeypatch.setattr(kernel_cache, "kernel_cache_folder", lambda: None)
    told: list[tuple[int, int]] = []

    said = kernel_cache.missing_kernels_note()
    kernel_cache.prepare_kernels(lambda done, total: told.append((done, total)))

    assert said == kernel_cache.NO_FOLDER
    assert told == [(k, len(kernel_cache.STEPS)) for k in range(len(kernel_cache.STEPS) + 1)]
