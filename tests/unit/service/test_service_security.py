"""API keys: how they are kept, read and found, and where the service may listen."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.errors import SettingsError
from streamsvd.service.security import (
    SCOPES,
    ApiKey,
    add_key,
    check_exposure,
    find_key,
    new_key,
    read_key_file,
    read_keys,
)

DIGEST = 64 * "a"


def test_a_key_is_found_and_nothing_like_it() -> None:
    made = [new_key(f"app{number}", [scope]) for number, scope in enumerate(SCOPES)]
    kept = read_keys("\n".join(str(key) for _, key in made), "here")
    for (secret, _), key in zip(made, kept, strict=True):
        assert find_key(kept, secret) == key
        assert find_key(kept, secret[:-1]) is None
        assert find_key(kept, secret.upper()) is None
        assert find_key(kept, key.digest) is None
        assert secret not in f"{key} {key!r}"
        assert key.digest not in repr(key)
    assert find_key(kept, "") is None


@given(st.text())
def test_whatever_is_presented_is_answered(presented: str) -> None:
    assert find_key(read_keys(f"app read {DIGEST}", "here"), presented) is None


def test_a_file_of_keys_grows_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    secrets = [add_key(path, "shop", ["read", "write"]), add_key(path, "board", ["read"])]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = read_key_file(path)
    assert [(key.name, key.scopes) for key in kept] == [
        ("shop", frozenset({"read", "write"})),
        ("board", frozenset({"read"})),
    ]
    assert [find_key(kept, secret) for secret in secrets] == list(kept)
    assert not any(secret in path.read_text() for secret in secrets)
    with pytest.raises(SettingsError, match="same name"):
        add_key(path, "board", ["admin"])
    assert read_key_file(path) == kept
    with pytest.raises(SettingsError, match="scopes are read, write, admin"):
        add_key(path, "root", ["root"])


def test_comments_blank_lines_and_semicolons() -> None:
    text = f"# first\n\na read {DIGEST}; b read,write {DIGEST}  # second\n"
    assert read_keys(text, "here") == (
        ApiKey("a", frozenset({"read"}), DIGEST),
        ApiKey("b", frozenset({"read", "write"}), DIGEST),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "here holds no key"),
        ("# nothing", "here holds no key"),
        ("a read", "here, line 1: a key is a line NAME"),
        (f"\na read {DIGEST} more", "here, line 2: a key is a line NAME"),
        ("a read ssvd_plain", "line 1: a key is a line NAME"),
        (f"a/b read {DIGEST}", "line 1: a key is a line NAME"),
        (f"a everything {DIGEST}", "the scopes are read, write, admin"),
        (f"a read, {DIGEST}", "the scopes are read, write, admin"),
    ],
)
def test_what_is_no_key_is_told(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read_keys(text, "here")


def test_a_plain_key_in_the_file_is_not_repeated_in_the_message(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_text("a read ssvd_a-plain-key")
    with pytest.raises(SettingsError) as error:
        read_key_file(path)
    assert "plain-key" not in str(error.value)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_key_file(tmp_path)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.8.9.1", "::1"])
def test_the_loopback_interface_needs_no_keys(host: str) -> None:
    check_exposure(host, ())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104
def test_other_interfaces_need_keys(host: str) -> None:
    with pytest.raises(SettingsError, match="there are no API keys"):
        check_exposure(host, ())
    check_exposure(host, read_keys(f"a read {DIGEST}", "here"))


def test_a_host_without_address_is_told() -> None:
    with pytest.raises(SettingsError, match="has no address"):
        check_exposure("no.such.host.invalid", ())
