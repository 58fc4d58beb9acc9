"""`streamsvd key` and what `streamsvd serve` refuses before it starts."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from streamsvd.cli.main import main
from streamsvd.service.security import find_key, read_key_file


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["streamsvd", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_a_key_is_printed_once_and_kept_as_a_digest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "keys.txt"
    assert run(monkeypatch, "key", "shop", "--scope", "read", "--file", str(file)) == 0
    said = capsys.readouterr()
    secret = said.out.strip()
    assert secret not in said.err + file.read_text()
    found = find_key(read_key_file(file), secret)
    assert found is not None
    assert (found.name, found.scopes) == ("shop", frozenset({"read"}))
    assert run(monkeypatch, "key", "shop", "--scope", "write", "--file", str(file)) == 1
    assert "same name" in capsys.readouterr().err


def test_other_machines_are_not_let_in_without_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("STREAMSVD_API_KEYS", raising=False)
    assert run(monkeypatch, "serve", "--host", "0.0.0.0") == 1  # noqa: S104
    assert "there are no API keys" in capsys.readouterr().err
    monkeypatch.setenv("STREAMSVD_API_KEYS", "shop read ssvd_a-plain-key")
    assert run(monkeypatch, "serve") == 1
    said = capsys.readouterr().err
    assert "STREAMSVD_API_KEYS, line 1: a key is a line NAME" in said
    assert "a-plain-key" not in said
    assert run(monkeypatch, "serve", "--keys", str(tmp_path / "none")) == 1
    assert "cannot be read as a file of keys" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], redis_url: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert run(monkeypatch, "serve", "--lookups-only", "--redis", redis_url, "--port", port) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err
