"""Names of all keys of one model in Redis.

All keys of a model begin with `streamsvd:{MODEL}:`; the braces are a hash tag, so they share one slot of a
cluster and can be written in one transaction.

| key | type | field or member → value |
| --- | --- | --- |
| `…:fence` | string | the newest fencing token, an integer |
| `…:head` | hash | `version`, `token`, `users`, `items` (decimal integers), `doc` (JSON behind a checksum), `lineage` |
| `…:globals` | hash | array name → array blob |
| `…:metrics` | hash | array name → array blob |
| `…:users:versions` | sorted set | user → version that last changed the user's row |
| `…:users:block:NAME` | hash | user → row blob |
| `…:items:versions` | sorted set | item → version that last changed (or removed) the item's row |
| `…:items:block:NAME` | hash | item → row blob |
| `…:items:delta` | hash | what the newest version changed, column by column (see `delta`) |
| `…:catalogue` | hash | id → item, JSON as on the catalogue topic |
| `…:feed` | stream | `<ratings learned>-0` → field `point`: the figures of that moment, JSON (see `feed`) |
| `…:now` | hash | `now` and `detail`: the newest figures, JSON |
| `…:shadows` | hash | name of a shadow, or of the served model → its figures, JSON (see `shadow_rows`) |
| `…:promote` | string | name of the shadow that is to be served, until the consumer serves it |
| `…:shadow:NAME:…` | | of a shadow: its own `head`, `globals`, `metrics`, rows and `keys`, as above |
| `…:undo:VERSION` | hash | `KEY FIELD` → what KEY's field held in that version; empty where there was none |
| `…:keys` | set | names of the model's own keys above, except fence and promote: a whole write removes them |
| `…:stage:TOKEN:…` | as above | rows that are being staged |
| `…:stages` | set | names of the stage keys |

Ids are written as JSON: `196` for an integer, `"abc"` (with the quotes) for a string, so that `7` and `"7"`
differ.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from streamsvd.errors import InputError, SettingsError, SnapshotCorrupt
from streamsvd.ratings import Id

Side = Literal["users", "items"]
SIDES: tuple[Side, Side] = ("users", "items")

_MODEL = re.compile(r"[A-Za-z0-9._-]{1,100}")


def check_model_name(name: str) -> None:
    """Raise `SettingsError` unless a name can be that of a model: letters, digits, dot, underscore and hyphen."""
    if not _MODEL.fullmatch(name):
        raise SettingsError(f"model name {name!r}: use 1 to 100 letters, digits, dots, underscores or hyphens")


class _Key:
    """A key of a model, by what follows the model's name."""

    def __init__(self, rest: str) -> None:
        self._rest = rest

    def __get__(self, keys: Keys, owner: type[Keys]) -> str:
        return keys._key(self._rest)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one model.

    Examples
    --------
    >>> keys = Keys("films")
    >>> keys.head, keys.block("users", "factors")
    ('streamsvd:{films}:head', 'streamsvd:{films}:users:block:factors')

    Raises
    ------
    SettingsError
        When the name holds anything but letters, digits, dot, underscore and hyphen.
    """

    model: str
    shadow: str = ""

    def __post_init__(self) -> None:
        check_model_name(self.model)
        if self.shadow:
            check_model_name(self.shadow)

    def of_shadow(self, name: str) -> Keys:
        """The keys of one of its shadows, in the same slot.

        >>> Keys("films").of_shadow("wide").head
        'streamsvd:{films}:shadow:wide:head'
        """
        return Keys(self.model, name)

    def _key(self, rest: str) -> str:
        return f"streamsvd:{{{self.model}}}:{f'shadow:{self.shadow}:' if self.shadow else ''}{rest}"

    @property
    def prefix(self) -> str:
        """What all keys of the model begin with."""
        return self._key("")

    fence = _Key("fence")
    head = _Key("head")
    globals_ = _Key("globals")
    metrics = _Key("metrics")
    catalogue = _Key("catalogue")
    delta = _Key("items:delta")
    feed = _Key("feed")
    now = _Key("now")
    shadows = _Key("shadows")
    promote = _Key("promote")
    stages = _Key("stages")
    all = _Key("keys")

    def versions(self, side: Side) -> str:
        return self._key(f"{side}:versions")

    def block(self, side: Side, name: str) -> str:
        return self._key(f"{side}:block:{name}")

    def undo(self, version: int) -> str:
        return self._key(f"undo:{version}")

    def stage(self, token: int, key: str) -> str:
        """Stage key of a key of this model."""
        return self._key(f"stage:{token}:{self.name(key)}")

    def name(self, key: str) -> str:
        """A key without the model's prefix: `users:block:factors`."""
        return key.removeprefix(self.prefix)


def field(id_: Id) -> bytes:
    """An id as a field name.

    Examples
    --------
    >>> field(7), field("7"), field("é").decode()
    (b'7', b'"7"', '"é"')

    Raises
    ------
    InputError
        It cannot be written as UTF-8.
    """
    if isinstance(id_, int):
        return b"%d" % id_
    try:
        return json.dumps(id_, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair, such as Python makes of an argument that is not UTF-8
        raise InputError(f"the id {id_!r} is not Unicode text: use letters that UTF-8 can encode") from None


def parse_field(name: bytes, key: str) -> Id:
    """The id of a field name; `SnapshotCorrupt` when it is none."""
    try:
        id_ = int(name) if name[:1] != b'"' else json.loads(name)
    except ValueError:
        id_ = None
    if not isinstance(id_, int | str):
        raise SnapshotCorrupt(f"{key}: field {name[:40]!r} is no id; rebuild the snapshot from the log")
    return id_
