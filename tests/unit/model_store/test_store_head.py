"""The head document, and the names of keys and fields."""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_store.codec.checkpoint import FORMAT, Head
from model_store.codec.keys import Keys, field, parse_field
from streamsvd.errors import SettingsError, SnapshotCorrupt

RAW = (Path(__file__).parent / "golden" / "head-v1.txt").read_bytes()
HEAD = Head.decode(RAW, "key")


def checked(text: bytes) -> bytes:
    return b"%08x " % zlib.crc32(text) + text


def test_any_flipped_byte_is_found() -> None:
    for k in range(len(RAW)):
        with pytest.raises(SnapshotCorrupt, match=r"key.*rebuild"):
            Head.decode(RAW[:k] + bytes([RAW[k] ^ 1]) + RAW[k + 1 :], "key")


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"format":1}', b'{"format":1,"more":2}', b"\xff"])
def test_a_sound_checksum_is_not_enough(text: bytes) -> None:
    with pytest.raises(SnapshotCorrupt, match="cannot be read"):
        Head.decode(checked(text), "key")


@pytest.mark.parametrize("version", [FORMAT - 1, FORMAT + 1])
def test_another_format_is_named(version: int) -> None:
    doc = json.loads(RAW[9:]) | {"format": version}
    with pytest.raises(SnapshotCorrupt, match=rf"format {version}.*the release that wrote it"):
        Head.decode(checked(json.dumps(doc).encode()), "key")


def test_a_summary_may_lack_a_figure() -> None:
    found = Head.decode(replace(HEAD, summary={"rmse": math.nan, "events": 0}).encode(), "key")
    assert math.isnan(float(found.summary["rmse"]))
    assert found.summary["events"] == 0


@pytest.mark.parametrize("settings", [{"gamma": math.inf}, {"k": {1, 2}}])
def test_what_is_no_json_value_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="no JSON value"):
        replace(HEAD, settings=settings).encode()


@given(st.one_of(st.integers(-(2**63), 2**63 - 1), st.text()))
def test_ids_survive_and_stay_apart(id_: int | str) -> None:
    found = parse_field(field(id_), "key")
    assert found == id_
    assert type(found) is type(id_)


@given(st.integers())
def test_a_number_and_its_text_are_two_fields(id_: int) -> None:
    assert field(id_) != field(str(id_))


@pytest.mark.parametrize("name", [b"", b"x", b'"', b"1.5", b"\xff"])
def test_a_field_that_is_no_id_is_refused(name: bytes) -> None:
    with pytest.raises(SnapshotCorrupt, match="no id"):
        parse_field(name, "key")


@pytest.mark.parametrize("model", ["", "a b", "a}b", "a:b", "x" * 101, "é"])
def test_model_names_are_plain(model: str) -> None:
    with pytest.raises(SettingsError, match="model name"):
        Keys(model)


def test_all_keys_share_a_slot() -> None:
    keys = Keys("m")
    names = [keys.fence, keys.head, keys.globals_, keys.metrics, keys.catalogue, keys.all]
    names += [keys.versions("users"), keys.block("items", "factors")]
    assert all(name.startswith("streamsvd:{m}:") for name in names)
    assert len(set(names)) == len(names)
