"""Requests to stop, as signals make them."""

from __future__ import annotations

import os
import signal

import pytest

from streamsvd.stopping import StopRequest, stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_wait_and_is_remembered(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_on_signals() as stop:
        assert not stop
        os.kill(os.getpid(), number)
        stop.wait(60)
        assert stop
        stop.wait(60)  # and every later one
    assert before == signal.getsignal(number)


def test_a_second_interrupt_interrupts() -> None:
    with stop_on_signals() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_wait_without_a_request_lasts_its_time() -> None:
    stop = StopRequest()
    stop.wait(0.01)
    assert not stop
    stop.close()
