"""Peers on the same events: errors of both protocols, error along the stream, and speed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.models import MODELS, RIVER
from evaluation.studies.peers import Peer, Stream

BASIS = MODELS[RIVER].compare
"""Name of the peer that every speed is a ratio to."""
POINTS = 200  # of a curve
WINDOW = 5_000  # ratings of the rolling error

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PeerResult:
    """Results of one peer.

    Attributes
    ----------
    name : str
    settings : dict
    errors : dict of str to float or None
        From `peer_errors`.
    curve : (int64 array, float64 array)
        Numbers of ratings, and the rolling RMSE there by the page protocol; NaN where there is none.
    rates : dict
        From `peer_rates`.
    """

    name: str
    settings: dict[str, Any]
    errors: dict[str, float | None]
    curve: tuple[NDArray[np.int64], Floats]
    rates: dict[str, Any]


def compare(stream: Stream, peers: Iterable[Peer], tell: Callable[[str], None] = lambda _: None) -> list[PeerResult]:
    """Compare peers, one after another; `tell` is called with what is done next."""
    all_peers = list(peers)
    predictions: dict[str, tuple[Floats, Floats]] = {}
    timed: dict[tuple[str, str], list[float]] = {}
    for peer in all_peers:
        tell(f"{peer.name}: errors")
        predictions[peer.name] = peer.predictions()  # compiles what is compiled
        tell(f"{peer.name}: speed")
        timed |= peer_seconds([peer], 1)
    return [
        PeerResult(
            name=peer.name,
            settings=peer.settings,
            errors=peer_errors(stream, *predictions[peer.name]),
            curve=rolling(stream, predictions[peer.name][1]),
            rates=peer_rates(peer, stream, timed),
        )
        for peer in all_peers
    ]


def rolling(stream: Stream, predicted: Floats, window: int = WINDOW) -> tuple[NDArray[np.int64], Floats]:
    """RMSE over the last `window` ratings at some numbers of ratings; NaN before there are so many predictions.

    Examples
    --------
    >>> from streamsvd.ratings import Synthetic
    >>> stream = Stream.of(Synthetic(ratings=1_000, users=50, items=500).table(), None)
    >>> places, errors = rolling(stream, np.full(1_000, 3.0), window=500)
    >>> int(places[-1]), bool(np.isnan(errors[0])), bool(np.isfinite(errors[-1]))
    (1000, True, True)
    """
    squared = (predicted - np.asarray(stream.ratings)) ** 2
    places = np.unique(np.linspace(0, len(squared), POINTS + 1).astype(np.int64)[1:])
    width = min(window, len(squared))
    means = [squared[k - width : k].mean() if k >= width else np.nan for k in places.tolist()]
    return places, np.sqrt(np.array(means))


def peer_errors(stream: Stream, event: Floats, page: Floats) -> dict[str, float | None]:
    """RMSE and MAE of both protocols over all events, and over those after the first fit of what must be fitted."""
    given = np.asarray(stream.ratings)
    found: dict[str, float | None] = {}
    for protocol, predicted in (("event", event), ("page", page)):
        off, late = predicted - given, (predicted - given)[stream.first_fit :]
        whole = bool(np.isfinite(off).all())
        found[f"rmse_{protocol}"] = float(np.sqrt(np.mean(off**2))) if whole else None
        found[f"mae_{protocol}"] = float(np.mean(abs(off))) if whole else None
        found[f"rmse_{protocol}_after_first_fit"] = float(np.sqrt(np.mean(late**2)))
    return found


def peer_seconds(all_peers: Iterable[Peer], rounds: int) -> dict[tuple[str, str], list[float]]:
    """Seconds of each peer and form of use, over rounds in which they take turns; one round where it is refitted."""
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds):
        for peer in all_peers:
            for form, run in peer.forms().items():
                if number == 0 or not peer.refitted:
                    began = time.perf_counter()
                    run()
                    found.setdefault((peer.name, form), []).append(time.perf_counter() - began)
    return found


def peer_rates(peer: Peer, stream: Stream, timed: dict[tuple[str, str], list[float]]) -> dict[str, Any]:
    """Ratings a second as median, least and most, and as a ratio to River's."""
    events = len(stream.users) - (stream.first_fit if peer.refitted else 0)
    river = timed.get((BASIS, "one_call"))
    found: dict[str, Any] = {}
    for form in ("arrays", "one_call"):
        if (peer.name, form) not in timed:
            continue
        taken = timed[peer.name, form]
        rate = events / statistics.median(taken)
        of_river = None if river is None else rate * statistics.median(river) / len(stream.users)
        found[form] = {"median": rate, "least": events / max(taken), "most": events / min(taken), "of_river": of_river}
    return found
