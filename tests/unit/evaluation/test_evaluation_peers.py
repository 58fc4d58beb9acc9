"""The comparison with the peers: same events, both protocols; a peer that is not installed is named, not an error."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from evaluation.studies.peer_comparison import BASIS, compare, peer_errors, rolling
from evaluation.studies.peer_pictures import draw_peers
from evaluation.studies.peers import Stream, installed_peers
from streamsvd.learner import IteratedSVD
from streamsvd.ratings import Synthetic

WORLD = Synthetic(ratings=1_500, users=80, items=400)
STREAM = Stream.of(WORLD.table(), WORLD.catalogue())


def test_a_peer_that_is_missing_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "river", None)
    monkeypatch.setitem(sys.modules, "surprise", None)
    found, missing = installed_peers(STREAM)
    assert missing.keys() == {"river", "surprise"}
    assert all("pip install 'streamsvd[peers]'" in reason for reason in missing.values())
    assert all(peer.name != BASIS for peer in found)


def test_what_is_there_is_compared_on_the_same_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "surprise", None)  # slow, and not installed everywhere
    there, _ = installed_peers(STREAM)
    said: list[str] = []
    found = compare(STREAM, there, said.append)
    assert [one.name for one in found] == [peer.name for peer in there]
    assert len(said) == 2 * len(there)
    table = STREAM.table
    own = IteratedSVD(scale=STREAM.scale).learn(table.users, table.items, table.ratings, table.timestamps)
    assert found[0].errors == peer_errors(STREAM, own.event, own.page)
    assert all(one.rates for one in found)
    assert BASIS.encode() in draw_peers("toy", found).svg


def test_pages_begin_with_another_user_or_time() -> None:
    table = STREAM.table
    assert (STREAM.pages[0], STREAM.pages[-1]) == (0, len(table))
    for begin, end in zip(STREAM.pages, STREAM.pages[1:], strict=False):
        assert len({(u, t) for u, t in zip(table.users[begin:end], table.timestamps[begin:end], strict=True)}) == 1


def test_errors_are_those_of_a_definition_and_none_where_predictions_are_missing() -> None:
    given = np.asarray(STREAM.ratings)
    late = np.where(np.arange(len(given)) < STREAM.first_fit, np.nan, given + 0.5)
    found = peer_errors(STREAM, given + 1, late)
    assert (found["rmse_event"], found["mae_event"]) == (1.0, 1.0)
    assert (found["rmse_page"], found["mae_page"]) == (None, None)
    assert found["rmse_page_after_first_fit"] == 0.5


def test_the_rolling_error_is_that_of_a_window() -> None:
    given = np.asarray(STREAM.ratings)
    places, rmse = rolling(STREAM, given + np.arange(len(given)), window=10)
    assert np.isnan(rmse[places < 10]).all()
    expected = [np.sqrt(np.mean(np.arange(k - 10, k) ** 2.0)) for k in places.tolist() if k >= 10]
    np.testing.assert_allclose(rmse[places >= 10], expected)
