"""One file for a model: everything comes back, and what is damaged is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rating_streams import Genres, Stream, digest, learn

from streamsvd import IteratedSVD
from streamsvd.errors import InputError, SettingsError, SnapshotCorrupt
from streamsvd.kernels.state import Rows


def test_a_saved_model_continues_as_if_never_stopped(events: Stream, tmp_path: Path) -> None:
    model, content = IteratedSVD(content=Genres()), Genres()
    learn(model, events.cut(0, 300))
    model.erase(events.users[0])
    model.save(tmp_path / "model")
    loaded = IteratedSVD.load(tmp_path / "model", content)
    assert digest(loaded.state()) == digest(model.state())
    rest = events.cut(300, 600)
    assert (learn(loaded, rest).event == learn(model, rest).event).all()
    assert digest(loaded.state()) == digest(model.state())
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_empty_model_can_be_saved(tmp_path: Path) -> None:
    IteratedSVD().save(tmp_path / "model")
    assert len(IteratedSVD.load(tmp_path / "model")) == 0


def test_the_catalogue_must_be_the_models(events: Stream, tmp_path: Path) -> None:
    model = IteratedSVD(content=Genres())
    learn(model, events.cut(0, 50))
    model.save(tmp_path / "model")
    with pytest.raises(SettingsError, match="catalogue"):
        IteratedSVD.load(tmp_path / "model")


def test_what_cannot_be_read_is_refused(events: Stream, tmp_path: Path) -> None:
    path = tmp_path / "model"
    with pytest.raises(InputError, match="No such file"):
        IteratedSVD.load(path)
    model = IteratedSVD()
    learn(model, events.cut(0, 50))
    model.save(path)
    whole = path.read_bytes()
    for damaged in (b"", b"nonsense", whole[: len(whole) // 2], _flipped(whole, len(whole) // 2)):
        path.write_bytes(damaged)
        with pytest.raises(SnapshotCorrupt):
            IteratedSVD.load(path)
    with path.open("wb") as file:
        np.savez(file, format=np.array([2]))
    with pytest.raises(SnapshotCorrupt, match="format 2"):
        IteratedSVD.load(path)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "model"
    with path.open("wb") as file:
        np.savez(file, allow_pickle=True, format=np.array([{"a": 1}], object))
    with pytest.raises(SnapshotCorrupt, match="pickle"):
        IteratedSVD.load(path)


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be saved"):
        IteratedSVD().save(tmp_path / "missing" / "model")


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def test_windows_of_an_earlier_release_are_refused(events: Stream) -> None:
    model = IteratedSVD()
    learn(model, events)
    state = model.state()
    window = state.users.ragged["window"]
    wider = window.values.astype([(name, "<f4") for name in window.values.dtype.names or ()])
    old = replace(state.users, ragged={**state.users.ragged, "window": replace(window, values=wider)})
    with pytest.raises(SettingsError, match=r"saved with 16 bytes .* keeps 12: learn it again from the log"):
        IteratedSVD.from_state(replace(state, users=old))


def test_a_state_without_open_pages_of_an_earlier_release_is_refused() -> None:
    state = IteratedSVD().state()  # without a rating, nothing but its pages says so
    old = {name: array for name, array in state.globals_.items() if name != "page_ints"}
    with pytest.raises(SettingsError, match="one open page only: learn it again from the log"):
        IteratedSVD.from_state(replace(state, globals_=old))


def test_a_state_that_lacks_rows_is_refused(events: Stream) -> None:
    model = IteratedSVD()
    learn(model, events)
    for side in ("users", "items"):
        state = model.state()
        rows: Rows = getattr(state, side)
        kept = np.arange(len(rows)) != 3
        lacking = replace(rows, numbers=rows.numbers[kept], ids=[rows.ids[k] for k in np.flatnonzero(kept)])
        with pytest.raises(SnapshotCorrupt, match=f"{side[:-1]} rows are missing"):
            IteratedSVD.from_state(replace(state, **{side: lacking}))
