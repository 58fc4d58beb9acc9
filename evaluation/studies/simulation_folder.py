"""Folders of simulations: a run's manifest, its metrics over time and its picture.

A folder appears whole or not at all: it is filled under a name that begins with a dot, then renamed. A failed or
interrupted run writes nothing.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evaluation.studies.pictures import Drawing
from streamsvd.errors import InputError

MANIFEST, METRICS, PICTURE = "manifest.json", "metrics", "metrics"
Format = Literal["parquet", "csv"]
Curve = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A finished run on disk."""

    path: Path
    manifest: dict[str, Any]

    @property
    def digest(self) -> str:
        """Of its inputs."""
        return str(self.manifest["digest"])

    @property
    def label(self) -> str:
        """Its model, in short."""
        return str(self.manifest["label"])

    @property
    def is_dated(self) -> bool:
        """Whether its event times are dates, and not the numbers of ratings."""
        return self.manifest["first_event_time"] is not None

    def curve(self) -> Curve:
        """Its metrics over time.

        Raises
        ------
        InputError
            They cannot be read.
        """
        try:
            if (table := self.path / f"{METRICS}.csv").exists():
                return _from_csv(table.read_text(encoding="utf-8"))
            return _from_parquet((self.path / f"{METRICS}.parquet").read_bytes())
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.path}: its metrics cannot be read ({error}); simulate again with --again"
            ) from error


def stored_runs(folder: Path) -> list[StoredRun]:
    """The finished runs of a folder, in the order in which they were started.

    Raises
    ------
    InputError
        It is no folder, or one of its manifests is damaged.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; `streamsvd simulate DATA --out {folder}` makes one")
    found = [_stored_run(path.parent) for path in folder.glob(f"[!.]*/{MANIFEST}")]
    return sorted(found, key=lambda run: (run.manifest["started"], run.path.name))


def write_run(
    folder: Path, manifest: dict[str, Any], curve: Curve, kind: Format, drawing: Drawing | None, instead_of: Path | None
) -> StoredRun:
    """Write a finished run, whole or not at all.

    Parameters
    ----------
    folder : Path
        Of all runs; made if need be.
    manifest : dict
    curve : dict of array
    kind : {"parquet", "csv"}
        What the metrics are written as.
    drawing : Drawing or None
        Their picture.
    instead_of : Path or None
        A folder of the same run, which this one replaces.

    Raises
    ------
    InputError
        It cannot be written, or is there already.
    """
    files = {f"{METRICS}.{kind}": _as_csv(curve) if kind == "csv" else _as_parquet(curve)}
    if drawing is not None:
        files |= {f"{PICTURE}.png": drawing.png, f"{PICTURE}.svg": drawing.svg}
    files[MANIFEST] = (json.dumps(manifest, indent=2, allow_nan=False) + "\n").encode()
    path = folder / run_name(manifest)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=folder))
        try:
            for name, content in files.items():
                (part / name).write_bytes(content)
            part.chmod(0o755)
            if instead_of is not None:
                shutil.rmtree(instead_of)
            part.rename(path)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; name another --out") from error
    return StoredRun(path, manifest)


def run_name(manifest: dict[str, Any]) -> str:
    """Name of a run's folder: data, model, digest.

    >>> run_name({"inputs": {"data": {"name": "ml-100k"}}, "label": "rank=16,gamma=inf", "digest": "0123456789abcdef"})
    'ml-100k.rank=16,gamma=inf.0123456789ab'
    """
    data, model = (_plain(text) for text in (manifest["inputs"]["data"]["name"], manifest["label"]))
    return f"{data}.{model}.{manifest['digest'][:12]}"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9=,._-]+", "-", text).strip(".-")[:60] or "data"


def _stored_run(path: Path) -> StoredRun:
    try:
        found = json.loads((path / MANIFEST).read_bytes())
        if not isinstance(found, dict) or not {"digest", "label", "inputs", "figures", "started"} <= found.keys():
            raise ValueError("not a manifest of streamsvd")
        return StoredRun(path, found)
    except (OSError, ValueError) as error:
        raise InputError(f"{path / MANIFEST} cannot be read: {error}; remove the folder {path.name}") from error


def _as_csv(curve: Curve) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(curve)
    writer.writerows(zip(*(column.tolist() for column in curve.values()), strict=True))  # floats to the last bit
    return file.getvalue().encode()


def _from_csv(text: str) -> Curve:
    names, *rows = csv.reader(io.StringIO(text))
    columns = zip(names, zip(*rows, strict=True), strict=True)
    return {name: np.array(cells, np.int64 if cells[-1].isdecimal() else np.float64) for name, cells in columns}


def _as_parquet(curve: Curve) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(pa.table(curve), file)
    return file.getvalue()


def _from_parquet(content: bytes) -> Curve:
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(content))
    return {name: table.column(name).to_numpy() for name in table.column_names}
