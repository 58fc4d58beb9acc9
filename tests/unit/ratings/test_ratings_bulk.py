"""Values to columns by the kernels: whatever they call plain, `decode` reads as the same rating.

`STREAMSVD_FUZZ` is how many damaged values there are: 100,000 by default. Each run draws its own seed and prints it;
`STREAMSVD_FUZZ_SEED` repeats one.
"""

from __future__ import annotations

import os
import random

import numpy as np
import pytest

from streamsvd.errors import EventError
from streamsvd.ratings import MAX_TIMESTAMP, Rating, decode, encode
from streamsvd.ratings.bulk import ColumnDecoder, RatingColumns, text_table

VALUES = int(os.environ.get("STREAMSVD_FUZZ", "100000"))
AT_ONCE = 5000
SCALE = (0.5, 5.0)
IDS = (
    0,
    1,
    7,
    -1,
    -12,
    10**17,
    10**18,
    2**63 - 1,
    -(2**63),
    "ann",
    "7",
    "é",
    "\u2009b",
    "x" * 255,
    "a b",
    "\U0001f600" * 255,
)
RATINGS = (0.5, 5.0, 3, 3.5, 4.25, 0.1, 1 / 3, 2.718281828459045, 1e-7, 4.999999999999999, 5.000000000000001, 1e22)
TIMES = (0, 1, 881250949, MAX_TIMESTAMP)
SOURCES = (None, "a", "ml-25m", "é", "tab\t", "x" * 2000)
SEQUENCES = (None, 0, 5, 10**17, 2**63 - 1)
BYTES = b'0123456789.-+eE{}",:[]\\ \n\tnulvser\x00\xff\xc3\xa9\xe2\x80\x89\xed\xa0\x80'


def columns_of(values: list[bytes], latest: int = MAX_TIMESTAMP, decoder: ColumnDecoder | None = None) -> RatingColumns:
    sizes = np.array([len(value) for value in values], np.int64)
    data = np.frombuffer(b"".join(values), np.uint8)
    return (decoder or ColumnDecoder(SCALE)).decode(data, np.cumsum(sizes) - sizes, sizes, latest)


def read(columns: RatingColumns) -> list[Rating | None]:
    """The plain ones, as `decode` would have them."""
    rows = np.flatnonzero(columns.plain)
    names = columns.source_names()
    found: list[Rating | None] = [None] * len(columns)
    users, items = list(columns.users.take(rows)), list(columns.items.take(rows))
    for user, item, row in zip(users, items, rows.tolist(), strict=True):
        source, sequence = names[int(columns.sources[row])] or None, int(columns.sequences[row])
        found[row] = Rating(
            user if isinstance(user, str) else int(user),
            item if isinstance(item, str) else int(item),
            float(columns.ratings[row]),
            int(columns.timestamps[row]),
            source,
            sequence if sequence >= 0 else None,
        )
    return found


def by_decode(value: bytes) -> Rating | None:
    try:
        event = decode(value)
    except EventError:
        return None
    return event if isinstance(event, Rating) and SCALE[0] <= event.rating <= SCALE[1] else None


def damaged(chance: random.Random) -> bytes:
    """A rating's value with up to four changes."""
    pick = chance.choice
    rating = Rating(pick(IDS), pick(IDS), pick(RATINGS), pick(TIMES), pick(SOURCES), pick(SEQUENCES))
    try:
        value = bytearray(encode(rating))
    except EventError:
        return b""
    for _ in range(pick((0, 0, 1, 1, 2, 4))):
        at = chance.randrange(len(value) + 1)
        match chance.randrange(5):
            case 0 if at < len(value):
                value[at] = pick(BYTES)
            case 1:
                value.insert(at, pick(BYTES))
            case 2:
                del value[at : at + 1]
            case 3:
                value[at:at] = value[at : at + chance.randrange(12)]
            case _:
                del value[at + (len(value) - at) // 2 :]
    return bytes(value)


@pytest.mark.timeout(3600)
def test_what_is_plain_is_what_decode_reads() -> None:
    seed = os.environ.get("STREAMSVD_FUZZ_SEED") or str(random.SystemRandom().randrange(10**9))
    print(f"STREAMSVD_FUZZ_SEED={seed}")  # noqa: T201  shown where the test fails
    chance, decoder = random.Random(seed), ColumnDecoder(SCALE)
    plain = 0
    for _ in range(0, VALUES, AT_ONCE):
        values = [damaged(chance) for _ in range(AT_ONCE)]
        for value, found in zip(values, read(columns_of(values, decoder=decoder)), strict=True):
            expected = by_decode(value)
            plain += found is not None
            assert found is None or repr(found) == repr(expected), value
    assert plain > VALUES / 20


@pytest.mark.parametrize("user", [0, -5, 2**63 - 1, "ann", "7", "x" * 255, "a b", "naïve", "\U0001f600"])
@pytest.mark.parametrize("rating", [0.5, 3.0, 3.14159, 4.99999999999999])
@pytest.mark.parametrize("source", [(None, None), ("ml-25m", 0), ("é", 2**63 - 1), ("a", None), (None, 3)])
def test_a_rating_as_encode_writes_it_is_plain(
    user: int | str, rating: float, source: tuple[str | None, int | None]
) -> None:
    event = Rating(user, 242, rating, 881250949, *source)
    assert read(columns_of([encode(event), encode(event)])) == [event, event]


@pytest.mark.parametrize(
    "value",
    [
        b'{"v":2,"user":1,"item":1,"rating":3.0,"ts":5}',
        b'{"v":1,"user":01,"item":1,"rating":3.0,"ts":5}',
        b'{"v":1,"user":-0,"item":1,"rating":3.0,"ts":5}',
        b'{"v":1,"user":9223372036854775808,"item":1,"rating":3.0,"ts":5}',
        b'{"v":1,"user":10000000000000000000000000,"item":1,"rating":3.0,"ts":5}',
        b'{"v":1,"user":"","item":1,"rating":3.0,"ts":5}',
        b'{"v":1,"user":" ann","item":1,"rating":3.0,"ts":5}',
        b'{"v":1,"user":"\\u0061","item":1,"rating":3.0,"ts":5}',
        b'{"v":1,"user":"' + b"x" * 256 + b'","item":1,"rating":3.0,"ts":5}',
        b'{"v":1,"user":"\xff","item":1,"rating":3.0,"ts":5}',
        b'{"v":1,"user":"\xed\xa0\x80","item":1,"rating":3.0,"ts":5}',
        b'{"v":1,"user":1,"item":1,"rating":5.5,"ts":5}',
        b'{"v":1,"user":1,"item":1,"rating":03.0,"ts":5}',
        b'{"v":1,"user":1,"item":1,"rating":3.,"ts":5}',
        b'{"v":1,"user":1,"item":1,"rating":.5,"ts":5}',
        b'{"v":1,"user":1,"item":1,"rating":30e-1,"ts":5}',
        b'{"v":1,"user":1,"item":1,"rating":3.0000000000000000000001,"ts":5}',
        b'{"v":1,"user":1,"item":1,"rating":3.0,"ts":-1}',
        b'{"v":1,"user":1,"item":1,"rating":3.0,"ts":101}',
        b'{"v":1,"user":1,"item":1,"rating":3.0,"ts":5,"source":""}',
        b'{"v":1,"user":1,"item":1,"rating":3.0,"ts":5,"seq":-1}',
        b'{"v":1,"user":1,"item":1,"rating":3.0,"ts":5,"other":1}',
        b'{"v":1,"user":1,"item":1,"rating":3.0,"ts":5} ',
        b'{"v":1,"kind":"retract","user":1,"item":1,"ts":5}',
        b"",
    ],
)
def test_anything_else_is_left_to_decode(value: bytes) -> None:
    good = encode(Rating(1, 1, 3.0, 100))
    assert columns_of([good, value, good], latest=100).plain.tolist() == [True, False, True]


def test_a_cut_value_is_not_read_beyond_its_end() -> None:
    whole = encode(Rating("ann", "Heat", 3.0, 5, "a", 123))
    data, ends = np.frombuffer(whole + whole, np.uint8), np.arange(len(whole) + 1)
    plain = ColumnDecoder(SCALE).decode(data, np.zeros(len(ends), np.int64), ends, 100).plain
    assert np.flatnonzero(plain).tolist() == [len(whole)]


def test_spans_outside_the_data_are_not_read() -> None:
    value = encode(Rating(1, 1, 3.0, 5))
    data, n = np.frombuffer(value, np.uint8), len(value)
    starts = np.array([0, -1, 1, n, 0, 2**62, -(2**62), 0, 0])
    sizes = np.array([n, n, n, n, n + 1, 2**62, n, -1, -(2**62)])
    assert ColumnDecoder(SCALE).decode(data, starts, sizes, 100).plain.tolist() == [True] + 8 * [False]


def test_data_that_may_be_written_to_is_taken_too() -> None:
    value = encode(Rating(1, 1, 3.0, 5))
    data = np.array(bytearray(value), np.uint8)
    assert ColumnDecoder(SCALE).decode(data, np.array([0]), np.array([len(value)]), 100).plain.all()
    assert data.flags.writeable


@pytest.mark.parametrize(("bound", "most"), [("MOST_TEXTS", 1000), ("MOST_BYTES", 9000)])
def test_a_text_is_one_string_and_old_ones_are_forgotten(
    bound: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_table, bound, most)
    decoder = ColumnDecoder(SCALE)
    kept = []
    for block in range(5):
        events = [Rating(f"user {k % 700}-{block // 2}", "Heat", 3.0, k, "a", k) for k in range(1400)]
        columns = columns_of([encode(event) for event in events], decoder=decoder)
        users = columns.users.take(slice(None))
        kept.append((users, [event.user for event in events]))
        assert read(columns) == events
        assert users[0] is users[700]
        assert len(columns.users.table.texts) <= 1400
    assert all(list(users) == expected for users, expected in kept)
