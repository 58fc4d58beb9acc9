"""The feed: the model's figures, now and over time, for dashboards; written in the same atomic step as the checkpoint.

Two keys of a model. `…:feed` is a Redis stream with a point at fixed numbers of ratings learned (see `next_point`),
under the explicit id `<ratings learned>-0`: a consumer that was killed and learns the same ratings again can neither
double nor change one, and the whole history of a model takes a few thousand points. `…:now` is a hash of the newest
figures, replaced by every checkpoint. Which figures there are is the writer's business: here they are numbers by name,
null where one does not exist.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeVar, cast

import msgspec
import redis

from model_store.client import translated
from model_store.codec.keys import Keys
from model_store.write.checkpoint_step import FeedEntry
from streamsvd.errors import SnapshotCorrupt
from streamsvd.figures import DriftDetection, Values

__all__ = [
    "Detail",
    "FeedPage",
    "FeedPoint",
    "Now",
    "Operation",
    "Slice",
    "WindowErrors",
    "feed_entry",
    "next_point",
    "now_fields",
    "read_feed",
    "read_now",
]

_POINT_EVENTS = 1_000  # ratings between two points, up to a million; from there, a thousandth to a hundredth of all
_VERSION = 1

_FIELD = b"point"
_Found = TypeVar("_Found", "FeedPoint", "Now", "Detail")


class WindowErrors(msgspec.Struct, frozen=True, kw_only=True):
    """Errors over the newest ratings: `size` of them, or those of the newest `size` seconds of event time."""

    unit: Literal["events", "seconds"]
    size: int
    errors: Values


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """Errors over a part of all ratings.

    Attributes
    ----------
    by : str
        `user` or `item` (`new` or `known`), `ratings of the user` (`0`, `1-4`, …), `genre` or `month` (`1997-11`).
    name : str
    errors : dict of str to number or None
    """

    by: str
    name: str
    errors: Values


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """How the consumer is doing, as of a checkpoint.

    Attributes
    ----------
    version : int
        Of the snapshot.
    events_per_second : float or None
        Ratings learned a second of wall clock since the checkpoint before.
    lag : int or None
        Records between the consumer and the end of the log; null while Kafka does not answer.
    lag_seconds : int or None
        The same in event time: the log's newest time less the newest one learned.
    checkpoint_seconds, checkpoint_bytes : float and int, or None
        How long the checkpoint before took, and what it sent.
    dead_letters : dict of str to int
        Records that were no valid ratings, by reason, since the model's beginning.
    repeated : int
        Repeated deliveries left out since the consumer's start.
    """

    version: int
    events_per_second: float | None = None
    lag: int | None = None
    lag_seconds: int | None = None
    checkpoint_seconds: float | None = None
    checkpoint_bytes: int | None = None
    dead_letters: dict[str, int] = {}
    repeated: int = 0


class FeedPoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of one moment. All but `written_at` and `lag` depend on the ratings alone.

    Attributes
    ----------
    events : int
        Ratings learned.
    event_time : int or None
        Newest event time learned, in seconds since 1970.
    written_at : float
        Wall clock when it was reached, in seconds since 1970.
    lag : int or None
        Records that were left in the log then, as far as known.
    users, items : int
    total, fading : dict of str to number or None
        Errors over all ratings; with weights that fade with every rating (RMSE only).
    windows : list of WindowErrors
    drift : dict of str to int
        Changes found so far, by detector.
    figures : dict of str to number or None
        Further figures that dashboards show.
    shadows : dict of str to dict
        Errors of each shadow model, over all ratings that it has seen.
    shadows_recent : dict of str to dict
        Errors of each shadow model, over the newest ratings (5,000 by default).
    v : int
        Version of this format.
    """

    events: int
    event_time: int | None
    written_at: float
    users: int
    items: int
    total: Values
    fading: Values
    lag: int | None = None
    windows: list[WindowErrors] = []
    drift: dict[str, int] = {}
    figures: Values = {}
    shadows: dict[str, Values] = {}
    shadows_recent: dict[str, Values] = {}
    v: int = _VERSION

    @property
    def id(self) -> str:
        """Its id in the stream."""
        return f"{self.events}-0"


class Now(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest figures: as of the newest checkpoint.

    Attributes
    ----------
    point : FeedPoint
    operation : Operation
    drifts : list of DriftDetection
        The newest changes found, oldest first.
    calibration : list of dict
        Of the predicted deviations, over all and then by number of ratings of the user: `name` (`all`, `0`, `1-4`, …)
        and figures.
    """

    point: FeedPoint
    operation: Operation
    drifts: list[DriftDetection] = []
    calibration: list[dict[str, str | int | float | None]] = []


class Detail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What takes longer to work out; in live mode, as of a checkpoint some seconds back.

    Attributes
    ----------
    slices : list of Slice
    singular_values : list of float
        Of the model, descending; empty where it is too large to work them out in passing.
    """

    slices: list[Slice] = []
    singular_values: list[float] = []


class FeedPage(NamedTuple):
    """Some points of a feed.

    Attributes
    ----------
    points : list of FeedPoint
        Oldest first.
    restarted : bool
        The model was learned again since `after`: these points are from the beginning, forget the ones before.
    """

    points: list[FeedPoint]
    restarted: bool


def next_point(events: int) -> int:
    """The number of ratings learned at which the next point is due.

    Examples
    --------
    >>> next_point(0), next_point(999), next_point(1000), next_point(1_000_000)
    (1000, 1000, 2000, 1010000)
    """
    step: int = max(_POINT_EVENTS, 10 ** (len(str(events)) - 3))
    return (events // step + 1) * step


def feed_entry(point: FeedPoint) -> FeedEntry:
    """A point as `ModelWriter.write` takes it."""
    return point.id, {_FIELD.decode(): msgspec.json.encode(point)}


def now_fields(now: Now, detail: Detail | None = None) -> dict[str, bytes]:
    """The newest figures as `ModelWriter.write` takes them; without detail, the one before stays."""
    fields = {"now": msgspec.json.encode(now)}
    return fields if detail is None else {**fields, "detail": msgspec.json.encode(detail)}


def read_feed(client: redis.Redis, model: str, after: str = "", limit: int = 1_000) -> FeedPage:
    """Points of a feed, in one step of the server.

    Parameters
    ----------
    client : redis.Redis
        From `connect`.
    model : str
    after : str
        Id of the last point that is known already; from the beginning without one.
    limit : int
        Most points to return; ask again after the last one for more.

    Raises
    ------
    SnapshotCorrupt
        An entry that is no point, or one of a later format.
    StoreUnavailable, StoreError
    """
    keys = Keys(model)
    with translated(client, f"reading the feed of model {model}"):
        pipe = client.pipeline(transaction=True)
        pipe.xrange(keys.feed, f"({after}" if after else "-", "+", limit)
        pipe.xrevrange(keys.feed, "+", "-", 1)
        found, newest = pipe.execute()
        restarted = bool(after) and (not newest or _order(newest[0][0]) < _order(after.encode()))
        if restarted:
            found = cast("list[Any]", client.xrange(keys.feed, "-", "+", limit))
    return FeedPage([_decoded(fields.get(_FIELD, b""), FeedPoint, keys.feed) for _, fields in found], restarted)


def read_now(client: redis.Redis, model: str) -> tuple[Now, Detail] | None:
    """The newest figures with all details; None before the first checkpoint. Raises as `read_feed`."""
    keys = Keys(model)
    with translated(client, f"reading the newest figures of model {model}"):
        now, detail = cast("list[bytes | None]", client.hmget(keys.now, ["now", "detail"]))
    if now is None:
        return None
    return _decoded(now, Now, keys.now), Detail() if detail is None else _decoded(detail, Detail, keys.now)


def _order(id_: bytes) -> tuple[int, int]:
    events, _, number = id_.partition(b"-")
    return int(events), int(number or 0)


def _decoded(raw: bytes, kind: type[_Found], key: str) -> _Found:
    try:
        found = msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotCorrupt(f"{key} cannot be read ({error}); rebuild the snapshot from the log") from error
    point = found.point if isinstance(found, Now) else found
    if isinstance(point, FeedPoint) and point.v != _VERSION:
        raise SnapshotCorrupt(f"{key} is of format {point.v}, this release reads {_VERSION}: use the one that wrote it")
    return found
