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
