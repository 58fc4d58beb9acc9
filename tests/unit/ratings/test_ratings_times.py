"""Times of ratings: units and formats that are found, that are named, and that are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.errors import DatasetError, SettingsError
from streamsvd.ratings import Columns, RatingTable, read_ratings
from streamsvd.ratings.reading import splitting
from streamsvd.ratings.reading.times import Times

NAMED = Columns("u", "i", "r", "t")
FROM, TO = datetime(1990, 1, 1), datetime(2030, 1, 1)
SECONDS = st.datetimes(FROM, TO).map(lambda time: int(time.replace(tzinfo=UTC).timestamp()))


def table_of(place: Path, *texts: str, time_format: str | None = None) -> RatingTable:
    """The table of a file with these times."""
    path = place / "a.csv"
    rows = (f'{k},{k % 3},{k % 5},"{text}"\n' for k, text in enumerate(texts))
    path.write_text("u,i,r,t\n" + "".join(rows), encoding="utf-8")
    return read_ratings(path, NAMED, (0, 5), time_format=time_format)


def read(texts: list[str], time_format: str | None = None) -> list[int]:
    """Seconds of a column that is read in blocks of two."""
    times = Times(time_format)
    found = [
        second
        for start in range(0, len(texts), 2)
        for second in times.read(pa.array(texts[start : start + 2], pa.string())).tolist()
    ]
    times.end()
    return found


def written(seconds: int, form: str) -> str:
    """A moment as text."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).strftime(form)


FOUND = {
    "s": str,
    "fraction": lambda s: f"{s}.75",
    "ms": lambda s: f"{s}999",
    "us": lambda s: f"{s}999999",
    "ns": lambda s: f"{s}999999999",
    "iso": lambda s: written(s, "%Y-%m-%dT%H:%M:%SZ"),
    "iso without zone": lambda s: written(s, "%Y-%m-%d %H:%M:%S"),
    "yyyymmddhhmmss": lambda s: written(s, "%Y%m%d%H%M%S"),
}


@pytest.mark.parametrize("form", FOUND)
@given(seconds=st.lists(SECONDS, min_size=1, max_size=7))
def test_a_format_that_is_found_gives_the_times_back(form: str, seconds: list[int]) -> None:
    assert read([FOUND[form](one) for one in seconds]) == seconds


@pytest.mark.parametrize(
    "form",
    ["%d/%m/%Y %H:%M:%S", "%m %d, %Y %H:%M:%S", "%Y-%m-%d %H:%M:%S UTC", "%d %b %Y %I:%M:%S %p", "%Y%m%d%H%M%S"],
)
@given(seconds=st.lists(SECONDS, min_size=1, max_size=7))
def test_a_format_that_is_named_gives_the_times_back(form: str, seconds: list[int]) -> None:
    assert read([written(one, form) for one in seconds], form) == seconds


@given(seconds=st.lists(SECONDS, min_size=1, max_size=7), hours=st.integers(-11, 11))
def test_zones_are_respected(seconds: list[int], hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    assert read([datetime.fromtimestamp(one, zone).isoformat() for one in seconds]) == seconds


@pytest.mark.parametrize("word", ["minutes", "hours", "days", "excel"])
@given(seconds=st.lists(SECONDS, min_size=1, max_size=7))
def test_a_unit_that_is_named_gives_the_times_back(word: str, seconds: list[int]) -> None:
    length = {"minutes": 60, "hours": 3600}.get(word, 86_400)
    zero = -25_569 * 86_400 if word == "excel" else 0
    assert read([repr((one - zero) / length) for one in seconds], word) == seconds
    assert read([str((one - zero) // length) for one in seconds], word) == [one // length * length for one in seconds]


@given(days=st.lists(st.dates(FROM.date(), TO.date()), min_size=1, max_size=7))
def test_dates_as_digits_give_the_days_back(days: list[datetime]) -> None:
    seconds = [int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) for day in days]
    assert read([day.strftime("%Y%m%d") for day in days]) == seconds


@pytest.mark.parametrize("size", [20, 1 << 20])
def test_what_was_understood_is_part_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(splitting, "BLOCK_BYTES", size)
    for texts, expected in (
        (["20140501", "20150601", "20160701"], "dates written YYYYMMDD"),
        (["1400000000000000", "1400000001000000"], "microseconds since 1970"),
        (["1400000000", "1400000001.5"], "seconds since 1970"),
        (["2014-05-01", "2014-05-01T10:00:00+02:00"], "ISO 8601 dates"),
    ):
        assert table_of(tmp_path, *texts).time_format == expected
    assert table_of(tmp_path, "41760", time_format="excel").timestamps.tolist() == [1398902400]
    assert table_of(tmp_path, "1998", time_format="year").timestamps.tolist() == [883612800]
    assert table_of(tmp_path, "5", "6", time_format="s").timestamps.tolist() == [5, 6]


@pytest.mark.parametrize(
    ("texts", "hints"),
    [
        (["41759", "41760"], ["--time-format excel (days since 1899-12-30) reads 41760 as 2014-05-01"]),
        (["1998", "2001"], ["--time-format year (years) reads 2001 as 2001-01-01"]),
        (["23314560"], ["--time-format minutes (minutes since 1970) reads 23314560 as 2014-04-30"]),
        (["201405"], ["--time-format %Y%m reads 201405 as 2014-05-01"]),
        (["31122014", "01052014"], ["--time-format %d%m%Y reads 31122014 as 2014-12-31"]),
        (["1", "2", "3"], ["Name what it is with --time-format"]),
    ],
)
def test_a_history_within_1970_is_refused_with_what_it_may_be(
    tmp_path: Path, texts: list[str], hints: list[str]
) -> None:
    with pytest.raises(DatasetError, match="all timestamps lie in 1970") as caught:
        table_of(tmp_path, *texts)
    for hint in [*hints, "If they are right, say so: --time-format s"]:
        assert hint in str(caught.value)


@pytest.mark.parametrize("size", [20, 1 << 20])
@pytest.mark.parametrize(
    ("texts", "line", "reasons"),
    [
        (
            ["01/05/2014"],
            2,
            [
                "--time-format %d/%m/%Y reads 01/05/2014 as 2014-05-01",
                "--time-format %m/%d/%Y reads 01/05/2014 as 2014-01-05",
            ],
        ),
        (["05 1, 2014"], 2, ["--time-format '%m %d, %Y' reads 05 1, 2014 as 2014-05-01"]),
        (["2014-05-01 10:00:00 UTC"], 2, ["--time-format '%Y-%m-%d %H:%M:%S UTC' reads"]),
        (["1400000000", ""], 3, ["the timestamp is empty"]),
        (["1400000000000", "1400000000"], 3, ["would be seconds since 1970, and the lines before it are milliseconds"]),
        (["1400000000", "1400000000000000"], 3, ["would be microseconds since 1970, and the lines before it are sec"]),
        (["2014-05-01", "1400000000"], 3, ["not one of ISO 8601 dates, as the lines before it are"]),
        (["1400000000", "2014-05-01"], 3, ["not one of seconds since 1970, as the lines before it are"]),
        (["20140501", "19650101"], 3, ["the timestamp '19650101' is before 1970"]),
        (["1965-01-01"], 2, ["the timestamp '1965-01-01' is before 1970"]),
        (["9999-01-01"], 2, ["the timestamp '9999-01-01' is after the year 5138"]),
        (["now"], 2, ["not an ISO date"]),
        (["0x53721A00"], 2, ["not an ISO date"]),
    ],
)
def test_times_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: list[str], line: int, reasons: list[str], size: int
) -> None:
    monkeypatch.setattr(splitting, "BLOCK_BYTES", size)
    with pytest.raises(DatasetError, match=f"a.csv, line {line}: ") as caught:
        table_of(tmp_path, *texts)
    assert [reason for reason in reasons if reason not in str(caught.value)] == []


def test_a_named_format_is_held_to(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"line 3: the timestamp '05/13/2014' is not one of times written"):
        table_of(tmp_path, "01/05/2014", "05/13/2014", time_format="%d/%m/%Y")
    with pytest.raises(DatasetError, match="line 2: the timestamp 'x' is not one of milliseconds since 1970"):
        table_of(tmp_path, "x", time_format="ms")


@pytest.mark.parametrize("time_format", ["", "foo", "%H:%M", "%q", "%", "%d/%m"])
def test_a_format_that_is_none(tmp_path: Path, time_format: str) -> None:
    with pytest.raises(SettingsError, match="time format"):
        table_of(tmp_path, "1400000000", time_format=time_format)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["20140501", "20141301"], "line 3: the timestamp '20141301' is not one of dates written YYYYMMDD"),
        (
            ["201405011030", "201405012460"],
            "line 3: the timestamp '201405012460' is not one of times written YYYYMMDDhhmm,",
        ),
        (
            ["20140501103000", "20161231235960"],
            "line 3: the timestamp '20161231235960' is not one of times written YYYYMMDDhhmmss",
        ),
        (["20140501", "1400000000"], "line 3: the timestamp '1400000000' is not one of dates written YYYYMMDD"),
        (["1400000000", "20140501"], "the oldest timestamp, 20140501, is 1970-08-22; is it a date among seconds?"),
        (["20140501103000123"], "the newest timestamp, 20140501103000123, is 2608-"),
        (["1400000000", "95000000000"], "the newest timestamp, 95000000000, is 4980-"),
    ],
)
def test_numbers_that_cannot_be_what_they_look_like_are_refused(tmp_path: Path, texts: list[str], said: str) -> None:
    with pytest.raises(DatasetError) as caught:
        table_of(tmp_path, *texts)
    assert said in str(caught.value)


def test_a_far_time_is_read_where_its_unit_is_named(tmp_path: Path) -> None:
    assert table_of(tmp_path, "1400000000", "95000000000", time_format="s").timestamps.tolist()[1] == 95_000_000_000
