"""Records that are no events: every kind that a log is known to receive."""

from __future__ import annotations

import json
from pathlib import Path

_WRONG = Path(__file__).resolve().parents[1] / "unit" / "ratings" / "golden" / "bad_events.json"
_GOOD = b'{"v":1,"user":196,"item":242,"rating":3.0,"ts":881250949}'


def invalid_records() -> list[bytes | None]:
    """One value of each kind; none may teach a model anything."""
    wrong = [one["value"].encode("latin-1") for one in json.loads(_WRONG.read_text())]
    long = _GOOD.replace(b'"v":1', b'"v":2,"note":"%s"' % (b"x" * 900_000))
    return [
        None,
        *wrong,
        _GOOD.replace(b"3.0", b"5.5"),  # out of scale
        _GOOD.replace(b"3.0", b"-3"),
        _GOOD.replace(b"3.0", b"0"),
        _GOOD.replace(b"3.0", b"1e308"),
        _GOOD.replace(b"881250949", b"99999999999"),  # of the year 5138
        _GOOD.replace(b'"v":1', b'"v":99999999999999999999'),
        _GOOD.replace(b'"v":1', b'"v":1,"kind":"teach"'),
        b"x" * 900_000,
        long,
        b"[" * 100_000,
        b'{"v":1,"user":' + b'{"a":' * 50_000,
        _GOOD.replace(b"196", b'"%s' % (b"u" * 900_000)),  # cut off in the midst of a string
        *(_GOOD[:length] for length in range(1, len(_GOOD), 7)),
        bytes(range(256)),
        b"\x00" * 64,
        b"\x1f\x8b\x08\x00" + bytes(range(200)),  # packed
        _GOOD.decode().encode("utf-16"),
        b"<rating user='196'/>",
        b"v=1&user=196",
    ]


def bad_catalogue_records() -> list[tuple[bytes, bytes, str]]:
    """Key and value of records that are no items and no data sets, and a part of the reason."""
    item, dataset = b'{"v":1,"item":1,"title":"t"%s}', b'{"v":1,"name":"x","sha256":"y","scale":[%s]}'
    genres = ",".join(f'"g{k}"' for k in range(1000)).encode()
    return [
        (b"1", b"garbage", "not an item"),
        (b"1", b"", "empty"),
        (b"1", b'{"v":2,"item":1,"title":"x"}', "unknown version 2"),
        (b"1", b'{"v":1,"item":998,"title":"x"}', "the key is item 1, the value is item 998"),
        (b'"1"', item % b"", "the key is item '1', the value is item 1"),
        (b"", item % b"", "the key is no item"),
        (b"\xff", item % b"", "the key is no item"),
        (b"1", item % (b',"genres":[%s]' % genres), "item 1: the item has 1,000 genres; 100 are the most"),
        (b"1", item % (b',"genres":["%s"]' % (b"g" * 256)), "item 1: the genre has 256 characters; 255 are the most"),
        (b"1", item % b',"year":1000000000000000', "`$.year`"),
        (b"1", item % b',"year":-1000000', "`$.year`"),
        (
            b"1",
            b'{"v":1,"item":1,"title":"%s"}' % (b"t" * 500_000),
            "item 1: the title has 500,000 characters; 2,000 are the most",
        ),
        (b"1", item % (b',"note":"%s"' % (b"t" * 1_000_000)), "bytes; 1,000,000 are the most"),
        (b"dataset", b"[" * 100_000, "not a data set"),
        (b"dataset", dataset % b"NaN,5", "not a data set"),
        (b"dataset", dataset % b"5,1", "a scale from 5 to 1 is not one"),
        (b"dataset", dataset % b"5,5", "a scale from 5 to 5 is not one"),
        (b"dataset", dataset % b"0,5e-324", "is not one"),
        (b"dataset", dataset % b"-1e308,1e308", "is not one"),
        (b"dataset", dataset.replace(b'"x"', b'"%s"' % (b"x" * 256)) % b"1,5", "`$.name`"),
    ]
