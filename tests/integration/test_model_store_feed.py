"""The feed in a real Redis: written with the checkpoint, read page by page, begun anew by a whole write."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from model_states import checkpoint, state

from model_store import ModelWriter, read_shadows
from model_store.codec.keys import Keys
from model_store.feed import (
    Detail,
    FeedPoint,
    Now,
    Operation,
    feed_entry,
    next_point,
    now_fields,
    read_feed,
    read_now,
)
from model_store.shadow_rows import encode_row
from streamsvd.errors import SnapshotCorrupt
from streamsvd.figures import ShadowRow, Values, Verdict


def point(events: int) -> FeedPoint:
    errors: Values = {"events": events, "rmse_event": 0.5, "mae_event": None}
    return FeedPoint(events=events, event_time=7, written_at=1.5, users=2, items=3, total=errors, fading={"events": 0})


def now(version: int) -> Now:
    return Now(point=point(version), operation=Operation(version=version, dead_letters={"not JSON": 2}))


DETAIL = Detail(singular_values=[2.5])


def write(writer: ModelWriter, points: list[FeedPoint], detail: Detail | None = None, **more: Any) -> None:
    version = writer.version + 1
    changes = checkpoint(version, writer.token, state(version, [1], [1]))
    writer.write(changes, feed=[feed_entry(point) for point in points], now=now_fields(now(version), detail), **more)


def test_points_come_back_page_by_page(client: redis.Redis, model_name: str) -> None:
    assert read_feed(client, model_name) == ([], False)
    assert read_now(client, model_name) is None
    writer = ModelWriter(client, model_name)
    writer.acquire()
    write(writer, [point(1000), point(2000)], DETAIL)
    write(writer, [])
    write(writer, [point(3000)])
    assert read_now(client, model_name) == (now(3), DETAIL)
    first, restarted = read_feed(client, model_name, limit=2)
    assert (first, restarted) == ([point(1000), point(2000)], False)
    assert read_feed(client, model_name, first[-1].id) == ([point(3000)], False)
    assert read_feed(client, model_name, "3000-0") == ([], False)
    writer.close()


def test_a_model_learned_anew_begins_its_feed_anew(client: redis.Redis, model_name: str) -> None:
    writer = ModelWriter(client, model_name)
    writer.acquire()
    write(writer, [point(1000), point(2000)])
    write(writer, [point(1000)], whole=True)
    assert read_feed(client, model_name) == ([point(1000)], False)
    assert read_feed(client, model_name, "2000-0") == ([point(1000)], True)
    writer.close()


NO_NUMBER = b'{"events":1,"event_time":7,"written_at":1.5,"users":2,"items":3,"total":{"rmse":"?"},"fading":{}}'


@pytest.mark.parametrize("raw", [b"rubbish", b"{}", b'{"point":1}', b"\xff", NO_NUMBER])
def test_what_is_no_point_is_refused(client: redis.Redis, model_name: str, raw: bytes) -> None:
    client.hset(Keys(model_name).now, "now", raw)
    client.xadd(Keys(model_name).feed, {b"point": raw}, id="1-0")
    with pytest.raises(SnapshotCorrupt, match="now cannot be read"):
        read_now(client, model_name)
    with pytest.raises(SnapshotCorrupt, match="feed cannot be read"):
        read_feed(client, model_name)


@pytest.mark.parametrize("raw", [b"rubbish", b"{}", b"[]", b"\xff", b'{"rmse_page":"?"}'])
def test_what_is_no_row_of_a_shadow_is_refused(client: redis.Redis, model_name: str, raw: bytes) -> None:
    row = ShadowRow(
        name="wide",
        served=False,
        kind="iterated-svd",
        spec="rank=12",
        made_of={},
        since=0,
        events=1,
        users=1,
        items=1,
        figures={"rmse_page": 0.5, "new": None},
        against_served=Verdict(better="shadow", difference=-0.1),
    )
    client.hset(Keys(model_name).shadows, "wide", encode_row(row))
    assert read_shadows(client, model_name) == [row]
    if raw.startswith(b'{"'):
        raw = encode_row(row).replace(b'"rmse_page":0.5', raw[1:-1])
    client.hset(Keys(model_name).shadows, "wide", raw)
    with pytest.raises(SnapshotCorrupt, match="shadows cannot be read"):
        read_shadows(client, model_name)


def test_points_of_any_stream_fit_into_a_feed_that_is_bounded() -> None:
    places = [next_point(0)]
    while places[-1] < 10**12:
        places.append(next_point(places[-1]))
    assert places[:2] == [1000, 2000]
    assert 1_010_000 in places
    assert len(places) < 10_000
