"""Sorting records: every one ends in one place, wherever a poll has cut the log."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from consumer.decoding import ClockBound, EventDecoder, RatingBatch
from streamsvd.errors import EventError
from streamsvd.log import Record
from streamsvd.ratings import Erasure, Rating, Retraction, encode


class Logged(NamedTuple):
    """A record as the log hands it out."""

    value: bytes | None
    offset: int = 0
    partition: int = 0
    topic: str = "ratings"
    timestamp: int = 0
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


NO_BOUND = ClockBound(clock=lambda: 10, max_ahead=0, refusals={})

few = st.integers(0, 3)
sources = st.sampled_from([(None, None), (None, 1), ("a", 0), ("a", 1), ("a", 2), ("b", 1)])
events = (
    st.builds(lambda u, i, r, s: Rating(u, i, float(r), 5, *s), few, few, few, sources)
    | st.builds(lambda u, i, s: Retraction(u, i, 5, *s), few, few, sources)
    | st.builds(lambda u, s: Erasure(u, 5, *s), few, sources)
)
values = events.map(encode) | st.sampled_from([None, b"", b"rubbish"])


def sort(records: list[Record], cuts: list[int]) -> tuple[object, ...]:
    """All that becomes of some records, in polls that end at the given places."""
    rejected: list[int] = []
    decoder = EventDecoder((1.0, 3.0), {}, NO_BOUND)
    learned: list[object] = []
    edges = [0, *sorted(cuts), len(records)]
    for start, stop in pairwise(edges):
        for part in decoder.decode(records[start:stop], lambda record, _: rejected.append(record.offset)):
            if isinstance(part, RatingBatch):
                learned += zip(part.users, part.items, part.ratings, part.timestamps, strict=True)
            else:
                learned.append(part)
    return learned, rejected, decoder.high_watermarks, decoder.repeated


@given(values=st.lists(st.tuples(values, st.integers(0, 1)), max_size=20), data=st.data())
def test_where_a_poll_ends_changes_nothing(values: list[tuple[bytes | None, int]], data: st.DataObject) -> None:
    records: list[Record] = [Logged(value, offset, number) for offset, (value, number) in enumerate(values)]
    cuts = data.draw(st.lists(st.integers(0, len(records)), max_size=4))
    whole = sort(records, [])
    assert sort(records, cuts) == whole
    learned, rejected, _, repeated = whole
    assert len(learned) + len(rejected) + repeated == len(records)  # type: ignore[arg-type, operator]


def test_a_rating_outside_the_scale_is_rejected_with_the_reason_and_sets_no_mark() -> None:
    reasons: list[EventError] = []
    decoder = EventDecoder((1.0, 5.0), {}, NO_BOUND)
    record = Logged(encode(Rating("ann", "Heat", 9.0, 5, "a", 7)))
    assert list(decoder.decode([record], lambda _, error: reasons.append(error))) == []
    assert "rating 9 is outside the declared scale 1 to 5" in str(reasons[0])
    assert decoder.high_watermarks == {}


def test_a_mark_holds_for_its_source_and_partition_only() -> None:
    decoder = EventDecoder((1.0, 5.0), {"a/0": 7}, NO_BOUND)
    ratings = [Rating("ann", "Heat", 3.0, 5, *mark) for mark in (("a", 7), ("b", 7), (None, 7), ("a", 8))]
    records: list[Record] = [Logged(encode(rating)) for rating in ratings]
    records.append(Logged(encode(ratings[0]), partition=1))
    (run,) = decoder.decode(records, lambda *_: None)
    assert isinstance(run, RatingBatch)
    assert (len(run), decoder.repeated) == (4, 1)
    assert decoder.high_watermarks == {"a/0": 8, "b/0": 7, "/0": 7, "a/1": 7}
