"""Things done at once: all of them, or none of them any longer."""

from __future__ import annotations

import threading

import pytest

from streamsvd.cli.parallel import Check, run_parallel
from streamsvd.errors import ServiceError


def until_not_wanted(check: Check) -> None:
    """A part that would go on for ever."""
    while True:
        check()


def test_they_run_at_once() -> None:
    meeting = threading.Barrier(3, timeout=60.0)

    def meet(check: Check) -> None:
        meeting.wait()

    assert run_parallel([meet] * 3, lambda: False)


def test_a_failure_ends_the_others_and_is_the_callers() -> None:
    def fail(check: Check) -> None:
        raise ServiceError("no Java")

    before = threading.active_count()
    with pytest.raises(ServiceError, match="no Java"):
        run_parallel([until_not_wanted, fail, until_not_wanted], lambda: False)

    assert threading.active_count() == before


def test_the_first_failure_is_the_one_that_is_told() -> None:
    def fail_afterwards(check: Check) -> None:
        try:
            until_not_wanted(check)
        finally:
            raise ServiceError("second")

    def fail(check: Check) -> None:
        raise ServiceError("first")

    with pytest.raises(ServiceError, match="first"):
        run_parallel([fail_afterwards, fail], lambda: False)


def test_who_asks_to_stop_ends_them_all() -> None:
    begun = threading.Event()

    def begin(check: Check) -> None:
        begun.set()
        until_not_wanted(check)

    assert not run_parallel([begin, until_not_wanted], begun.is_set)


def test_an_interrupt_of_the_waiting_thread_ends_them_all() -> None:
    def interrupt() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_parallel([until_not_wanted], interrupt)
