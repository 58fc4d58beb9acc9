"""Events as bytes: JSON, version 1, strict.

A value is one JSON object. `v`, `user` and `ts` are always there; a rating adds `item` and `rating`, a retraction
adds `"kind":"retract"` and `item`, an erasure adds `"kind":"erase"`; `source` and `seq` are optional. Unknown
fields are ignored, so a minor version may add some; all else that is not exactly right is refused, with the reason.
An id's JSON type is its kind, and white space around a text id is no part of it (see `id_text`).

`decode` is the hot path of the consumer: one pass of a typed decoder, and the few checks that types cannot make.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

import msgspec

from streamsvd.errors import EventError, InputError
from streamsvd.ratings.event import MAX_TIMESTAMP, Erasure, Event, Rating, Retraction
from streamsvd.ratings.id_text import MAX_ID_LENGTH, LoggedId, stripped_text

VERSION = 1
MAX_VALUE_BYTES = 1_000_000
"""Largest value that is parsed, in bytes: what a broker takes by default, if it is not compressed. Else kilobytes
hold any size, which would be parsed for minutes; a rating takes some hundred bytes."""
MAX_SOURCE_LENGTH = MAX_ID_LENGTH
"""Most characters of a source: its high watermark is in every checkpoint."""

SourceText = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_SOURCE_LENGTH)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=MAX_TIMESTAMP)]
Sequence = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

_ID_HINT = f"an id is an integer of 64 bits or a string of 1 to {MAX_ID_LENGTH} characters"
_HINTS = {
    "$.v": f"the version is the integer {VERSION}",
    "$.kind": 'leave it out for a rating, else "retract" or "erase"',
    "$.user": _ID_HINT,
    "$.item": _ID_HINT,
    "$.rating": "a rating is a finite number",
    "$.ts": "event time is in whole seconds since 1970",
    "$.source": f"a source is a string of 1 to {MAX_SOURCE_LENGTH} characters",
    "$.seq": "a sequence number is an integer from 0 on",
}


class _WireEvent(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """The object on the wire, all kinds in one; fields in the order in which they are written."""

    v: int
    kind: Literal["retract", "erase"] | None = None
    user: LoggedId
    item: LoggedId | None = None
    rating: float | None = None
    ts: Seconds
    source: SourceText | None = None
    seq: Sequence | None = None


class _Head(msgspec.Struct):
    v: int


_read = msgspec.json.Decoder(_WireEvent).decode
_read_head = msgspec.json.Decoder(_Head).decode
_write = msgspec.json.Encoder().encode


def encode(event: Event) -> bytes:
    """Write one event.

    Raises
    ------
    EventError
        When the event holds anything that `decode` would refuse or read back differently.

    Examples
    --------
    >>> encode(Rating(196, 242, 3.0, 881250949))
    b'{"v":1,"user":196,"item":242,"rating":3.0,"ts":881250949}'
    """
    try:
        value = _write(_wire(event))
        same = decode(value) == event
    except (EventError, TypeError, ValueError, OverflowError) as error:
        raise EventError(f"{event!r} cannot be sent: {error}") from error
    if not same:
        raise EventError(f"{event!r} cannot be sent: it would be read back as {decode(value)!r}")
    return value


def decode(value: bytes | None) -> Event:
    """Read one event.

    Raises
    ------
    EventError
        With the reason, for anything that is not an event of version 1.

    Examples
    --------
    >>> decode(b'{"v":1,"kind":"erase","user":"ann","ts":881250949}')
    Erasure(user='ann', timestamp=881250949, source=None, sequence=None)
    """
    if not value:
        raise EventError("the value is empty; send one JSON object for each event", reason="empty")
    if len(value) > MAX_VALUE_BYTES:
        raise EventError(
            f"the value has {len(value):,} bytes; {MAX_VALUE_BYTES:,} are the most for an event", reason="too large"
        )
    try:
        wire = _read(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refusal(value, error) from error
    if wire.v != VERSION:
        raise _unknown_version(wire.v)
    # A colon outside a string follows a key, so a count that fits means neither unknown nor repeated fields.
    fields = 3 + (wire.item is not None) + (wire.rating is not None) + (wire.kind is not None)
    if value.count(b":") != fields + (wire.source is not None) + (wire.seq is not None):
        _check_keys(value)
    user = _stripped("user", wire.user) if isinstance(wire.user, str) else wire.user
    item = _stripped("item", wire.item) if isinstance(wire.item, str) else wire.item
    if wire.kind is None:
        if item is None or wire.rating is None:
            raise EventError(f"`{'item' if item is None else 'rating'}` is missing; a rating needs it")
        return Rating(user, item, wire.rating, wire.ts, wire.source, wire.seq)
    if wire.kind == "retract":
        if item is None:
            raise EventError("`item` is missing; a retraction names the item whose rating is taken back")
        return Retraction(user, item, wire.ts, wire.source, wire.seq)
    if item is not None:
        raise EventError("an erasure removes the whole user; leave `item` out, or send a retraction")
    return Erasure(user, wire.ts, wire.source, wire.seq)


def _stripped(what: str, text: str) -> str:
    """A text id as `stripped_text` has it."""
    try:
        return stripped_text(text)
    except InputError as error:
        raise EventError(f"not an event: the {what}: {error}") from error


def _wire(event: Event) -> _WireEvent:
    source, seq = event.source, event.sequence
    if isinstance(event, Rating):
        return _WireEvent(
            v=VERSION,
            user=event.user,
            item=event.item,
            rating=event.rating,
            ts=event.timestamp,
            source=source,
            seq=seq,
        )
    if isinstance(event, Retraction):
        return _WireEvent(
            v=VERSION,
            kind="retract",
            user=event.user,
            item=event.item,
            ts=event.timestamp,
            source=source,
            seq=seq,
        )
    return _WireEvent(v=VERSION, kind="erase", user=event.user, ts=event.timestamp, source=source, seq=seq)


def _check_keys(value: bytes) -> None:
    """Refuse a field given twice; the slow path, taken only when there are more colons than fields."""
    try:
        pairs = json.loads(value.decode(), object_pairs_hook=list, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise _refusal(value, error) from error
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise EventError(f"`{key}` is given twice; send each field once")
        seen.add(key)


def _refusal(value: bytes, error: Exception) -> EventError:
    if isinstance(error, RecursionError):
        return EventError("not an event: JSON nested too deeply; send one flat object", reason="not JSON")
    if isinstance(error, UnicodeDecodeError):
        message = f"not UTF-8: {error.reason} at byte {error.start} of a string; encode text as UTF-8"
        return EventError(message, reason="not JSON")
    if not isinstance(error, msgspec.ValidationError):
        return EventError(f"not JSON: {error}; send one JSON object for each event", reason="not JSON")
    try:  # the version explains more than a field that another version types differently
        version = _read_head(value).v
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        version = VERSION
    if version != VERSION:
        return _unknown_version(version)
    hint = next((f"; {text}" for field, text in _HINTS.items() if f"`{field}`" in str(error)), "")
    return EventError(f"not an event: {error}{hint}")


def _unknown_version(version: int) -> EventError:
    message = f"unknown version {version}; this release reads version {VERSION}: upgrade it, or send that version"
    return EventError(message, reason="unknown version")
