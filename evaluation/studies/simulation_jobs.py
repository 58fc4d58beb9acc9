"""Simulations in parallel processes; figures do not depend on their number.

A worker is a spawned process (a fork could inherit a held lock) that gets the history once and ends with its parent.
Progress and the request to stop are numbers in shared memory.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import Any

from evaluation.studies.simulation import Outcome, Predictor, Run, in_process, load_kernels, simulate
from evaluation.studies.tuning_tasks import Stopped
from streamsvd.errors import SettingsError
from streamsvd.ratings import Catalogue, RatingTable

_LOOK_SECONDS = 0.1

Show = Callable[[Sequence[int]], None]


def simulate_all(
    table: RatingTable,
    catalogue: Catalogue | None,
    runs: Sequence[Run],
    *,
    jobs: int = 1,
    predict: Predictor = in_process,
    show: Show = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Run, Outcome]]:
    """Outcomes of runs, as each ends.

    Parameters
    ----------
    table : RatingTable
        The whole history.
    catalogue : Catalogue or None
    runs : sequence of Run
    jobs : int
        Processes; with one, everything happens in this one.
    predict : Predictor
        Can be sent to another process.
    show : callable
        Called again and again with the ratings learned so far by each run.
    stopped : callable
        Asked again and again; true ends everything.

    Raises
    ------
    Stopped
        It was asked to stop; what was there before has been given.
    SettingsError
        Not one job at least.
    """
    if jobs < 1:
        raise SettingsError(f"{jobs} jobs; give at least 1")
    if min(jobs, len(runs)) < 2:
        yield from _one_by_one(table, catalogue, runs, predict, show, stopped)
        return
    context = get_context("spawn")
    learned = context.Array("q", len(runs) + 1, lock=False)  # the last one: whether to stop
    arguments = (table, catalogue, list(runs), predict, learned)
    with _pool(min(jobs, len(runs)), context, arguments, learned) as pool:
        pending: dict[Future[Outcome], Run] = {pool.submit(_work, n): run for n, run in enumerate(runs)}
        while pending:
            if stopped():
                raise Stopped
            done, _ = wait(pending, _LOOK_SECONDS, FIRST_COMPLETED)
            show(list(learned[:-1]))
            for future in done:
                yield pending.pop(future), future.result()


def _one_by_one(
    table: RatingTable,
    catalogue: Catalogue | None,
    runs: Sequence[Run],
    predict: Predictor,
    show: Show,
    stopped: Callable[[], bool],
) -> Iterator[tuple[Run, Outcome]]:
    learned = [0] * len(runs)
    for number, run in enumerate(runs):

        def tell(done: int, number: int = number) -> None:
            learned[number] = done
            show(learned)

        yield run, simulate(table, catalogue, run, predict=predict, tell=tell, stopped=stopped)


@contextmanager
def _pool(jobs: int, context: Any, arguments: tuple[Any, ...], learned: Any) -> Iterator[ProcessPoolExecutor]:
    """Workers for the body of a `with`; whatever ends it, they stop and are gone."""
    pool = ProcessPoolExecutor(jobs, context, _begin, arguments)
    try:
        yield pool
    finally:
        learned[-1] = 1
        pool.shutdown(cancel_futures=True)


_given: tuple[RatingTable, Catalogue | None, list[Run], Predictor, Any]  # what a worker works on


def _begin(*given: Any) -> None:
    global _given
    _given = given
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and passes it on through shared memory
    threading.Thread(target=_end_with_parent, daemon=True).start()
    load_kernels(_given[2])


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(number: int) -> Outcome:
    table, catalogue, runs, predict, learned = _given

    def tell(done: int) -> None:
        learned[number] = done

    return simulate(table, catalogue, runs[number], predict=predict, tell=tell, stopped=lambda: bool(learned[-1]))
