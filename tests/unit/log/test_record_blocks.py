"""Blocks hold records as bytes: whatever is cut from them, the records that come out are those that went in."""

from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from streamsvd.log import LogRecord, RecordBlock

texts = st.none() | st.binary(max_size=5)
headers = st.just(()) | st.lists(st.tuples(st.text(max_size=2), st.binary(max_size=2)), min_size=1, max_size=2)
contents = st.tuples(st.integers(0, 1), st.integers(1, 3), st.integers(-1, 10**13), texts, texts, headers)


def logged(drawn: list[tuple[int, int, int, bytes | None, bytes | None, list[tuple[str, bytes]]]]) -> list[LogRecord]:
    """Records whose offsets grow within each partition, some left out."""
    offsets, records = {0: 0, 1: 0}, []
    for partition, step, *content in drawn:
        offsets[partition] += step
        records.append(LogRecord("films", partition, offsets[partition], *content))  # type: ignore[arg-type]
    return records


@given(drawn=st.lists(contents, max_size=12))
def test_the_records_of_blocks_are_those_that_they_were_made_of(drawn: list) -> None:  # type: ignore[type-arg]
    records = logged(drawn)
    blocks = RecordBlock.of(records)
    assert list(chain.from_iterable(blocks)) == records
    assert [block.next_offset for block in blocks] == [list(block)[-1].offset + 1 for block in blocks]


@given(drawn=st.lists(contents, min_size=1, max_size=12), start=st.integers(0, 12), stop=st.integers(0, 12))
def test_a_part_of_a_block_has_its_records(drawn: list, start: int, stop: int) -> None:  # type: ignore[type-arg]
    records = logged([(0, *rest) for _, *rest in drawn])
    (block,) = RecordBlock.of(records)
    assert list(block[start:stop]) == records[start:stop]
    assert list(block.before(stop)) == [record for record in records if record.offset < stop]
