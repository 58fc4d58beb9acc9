"""The kernels' first call in a process: loaded from the cache, which two processes side by side fill the first time."""

from __future__ import annotations

import hashlib
import os
import selectors
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import llvmlite.binding
import numba
from rich.console import Console

import evaluation
import model_store
import streamsvd.log
from streamsvd.cli.kernel_compiler import SHARES
from streamsvd.cli.progress_bars import parts_bar
from streamsvd.compiler import CACHE
from streamsvd.learner import kernel_cache_folder
from streamsvd.ratings import ProgressCallback, bulk

STEPS = tuple(step for steps in SHARES.values() for step in steps)
NO_FOLDER = (
    f"No folder for compiled kernels can be written ({CACHE}): they are compiled in this process, half a minute, "
    "at every start. NUMBA_CACHE_DIR names another folder."
)
COMPILING = "Compiling the learner's kernels for this machine, once, in two processes …"
_LOOK_SECONDS = 0.1


def warm_up(console: Console) -> None:
    """Make the kernels ready, so that no figure contains their compilation."""
    said = missing_kernels_note()
    if said is None:
        load()
        return
    console.print(said, highlight=False)
    with parts_bar(console) as bar:
        part = bar.add("kernels")
        prepare_kernels(part.show)


def missing_kernels_note() -> str | None:
    """None when all kernels are in the cache; else a message that says what will be done."""
    stamp = _stamp()
    if stamp is None:
        return NO_FOLDER
    return None if stamp.exists() else COMPILING


def prepare_kernels(progress: ProgressCallback) -> None:
    """Fill the cache, and load all kernels into this process; where there is no cache, compile them in it."""
    stamp = _stamp()
    if stamp is not None and not stamp.exists():
        _fill(progress)
        load()  # this process compiles what the others have not
        stamp.touch()
    else:
        load(progress)


def load(progress: ProgressCallback = lambda _done, _total: None) -> None:
    """Load all kernels into this process; those that are not in the cache are compiled."""
    for done, step in enumerate(STEPS):
        progress(done, len(STEPS))
        step()
    progress(len(STEPS), len(STEPS))


def _stamp() -> Path | None:
    """The file that says that the cache holds all kernels, for this processor and these versions; None without a cache.

    Numba looks at the processor, at its own version and at the time of a source, too; the folder is one for the
    learner's sources.
    """
    folder = kernel_cache_folder()
    if folder is None:
        return None
    cpu = f"{llvmlite.binding.get_host_cpu_name()} {llvmlite.binding.get_host_cpu_features().flatten()}"
    digest = hashlib.sha256(f"{numba.__version__} {sys.version} {cpu}".encode())
    for room in (bulk, streamsvd.log, evaluation, model_store):
        for path in sorted(Path(room.__path__[0]).rglob("*.py")):
            digest.update(f"{path} {path.stat().st_mtime_ns} {path.stat().st_size}".encode())
    return Path(folder) / f"all-{digest.hexdigest()[:16]}"


def _fill(progress: ProgressCallback) -> None:
    """Compile into the cache, a process for each share; one that fails leaves its share to this process."""
    done = 0
    progress(done, len(STEPS))
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for share in SHARES:
            process = subprocess.Popen(
                [sys.executable, "-m", "streamsvd.cli.kernel_compiler", share],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C of the terminal is for us alone
            )
            stack.callback(_end, process)
            assert process.stdout is not None
            selector.register(process.stdout, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(_LOOK_SECONDS):
                found = os.read(key.fd, 1024)
                done += found.count(b"\n")
                if not found:
                    selector.unregister(key.fileobj)
            progress(done, len(STEPS))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # no effect on one that has ended
    process.communicate()
