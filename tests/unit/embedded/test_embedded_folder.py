"""Folders of embedded servers: temporary or kept, one server each."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamsvd.embedded.folder import FolderBusyError, free_ports, running_in, server_folder
from streamsvd.errors import ServiceError


def test_a_temporary_folder_goes_at_the_end() -> None:
    with server_folder("x", None) as place:
        (place.path / "file").touch()

    assert not place.path.exists()
    assert not place.keeps


def test_a_temporary_folder_stays_when_the_server_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with pytest.raises(ServiceError), server_folder("x", None) as place:
        raise ServiceError

    assert place.path.is_dir()


def test_a_temporary_folder_goes_when_the_user_of_the_server_fails() -> None:
    with pytest.raises(ZeroDivisionError), server_folder("x", None) as place:
        raise ZeroDivisionError

    assert not place.path.exists()


def test_a_named_folder_is_for_one_server(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "down"
    with server_folder("x", folder), pytest.raises(FolderBusyError, match="down already"), server_folder("x", folder):
        pass
    with server_folder("x", folder) as place:
        assert place.keeps


def test_the_address_is_known_from_its_announcement_to_the_end(tmp_path: Path) -> None:
    assert running_in(tmp_path / "none") is None
    with server_folder("x", tmp_path) as place:
        assert running_in(tmp_path) is None
        place.announce("here:1")
        assert running_in(tmp_path) == "here:1"
    assert running_in(tmp_path) is None


def test_what_a_killed_process_announced_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "running.json").write_text('{"address": "gone:1"}')

    assert running_in(tmp_path) is None


def test_free_ports_differ() -> None:
    assert len(set(free_ports(20))) == 20
