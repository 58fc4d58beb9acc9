"""A learner's state in one file: NumPy's own archive format, without pickle, with a checksum for every array.

Entries: `format`, `header` (JSON as bytes) and `globals/NAME`; for each side, `users/…` and `items/…`, the row numbers,
the ids (JSON as bytes) and the blocks: `fixed/NAME`, and for ragged ones `ragged/NAME/values` and `…/offsets`.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import InputError, SnapshotCorrupt
from streamsvd.kernels import Ragged, Rows, State

FORMAT = 1
Arrays = dict[str, NDArray[Any]]


def save(state: State, path: Path) -> None:
    """Write a whole state, or leave what was there.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    arrays: Arrays = {"format": np.array([FORMAT]), "header": _text(state.settings)}
    arrays |= {f"globals/{name}": array for name, array in state.globals_.items()}
    for side, rows in (("users", state.users), ("items", state.items)):
        arrays |= {f"{side}/numbers": rows.numbers, f"{side}/ids": _text(rows.ids)}
        arrays |= {f"{side}/fixed/{name}": block for name, block in rows.fixed.items()}
        for name, ragged in rows.ragged.items():
            arrays |= {f"{side}/ragged/{name}/values": ragged.values, f"{side}/ragged/{name}/offsets": ragged.offsets}
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"{path}: the model cannot be saved there: {error.strerror}") from error


def load(path: Path) -> State:
    """The state that was saved.

    Raises
    ------
    InputError
        There is no such file.
    SnapshotCorrupt
        It is damaged, no saved model, or of a format that this release does not know.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays: Arrays = {name: archive[name] for name in archive.files}
        found = int(arrays["format"][0])
        if found != FORMAT:
            raise SnapshotCorrupt(f"{path}: format {found}, this release reads {FORMAT}; use the release that wrote it")
        return State(
            settings=_json(arrays["header"]),
            globals_={name.removeprefix("globals/"): a for name, a in arrays.items() if name.startswith("globals/")},
            users=_rows(arrays, "users"),
            items=_rows(arrays, "items"),
        )
    except OSError as error:
        raise InputError(f"{path}: the model cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, IndexError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise SnapshotCorrupt(f"{path}: damaged, or no saved model ({error}); save it again") from error


def _rows(arrays: Arrays, side: str) -> Rows:
    fixed, ragged = f"{side}/fixed/", f"{side}/ragged/"
    names = {name.removeprefix(ragged).split("/")[0] for name in arrays if name.startswith(ragged)}
    return Rows(
        numbers=arrays[f"{side}/numbers"],
        ids=_json(arrays[f"{side}/ids"]),
        fixed={name.removeprefix(fixed): array for name, array in arrays.items() if name.startswith(fixed)},
        ragged={
            name: Ragged(arrays[f"{ragged}{name}/values"], arrays[f"{ragged}{name}/offsets"]) for name in sorted(names)
        },
    )


def _text(value: Any) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def _json(array: NDArray[Any]) -> Any:
    return json.loads(array.tobytes())
