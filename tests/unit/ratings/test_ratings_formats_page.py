"""docs/formats.md: each row's example is read by its command."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import shlex
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamsvd.cli.data_options import DataOptions, IdKind

PAGE = (Path(__file__).resolve().parents[3] / "docs/formats.md").read_text()
ROWS = [line.strip("| ").split(" | ") for line in PAGE.partition("## ")[0].splitlines() if line.startswith("| ")][2:]
OPTIONS = {
    "--columns": "columns",
    "--scale": "scale",
    "--ids": "ids",
    "--drop-ratings": "drop_ratings",
    "--time-format": "time_format",
}


def written(place: Path, name: str, text: str) -> None:
    """Write an example under its name, packed as the name says."""
    data = text.encode()
    if name.endswith(".parquet"):
        pq.write_table(
            pa.table({"u": [7, 8], "i": [1, 1], "r": [3, 4], "t": [1_400_000_000, 1_400_000_001]}), place / name
        )
    elif ".zip/" in name:
        archive, _, member = name.partition("/")
        with zipfile.ZipFile(place / archive, "w") as made:
            made.writestr(member, data)
            made.writestr("readme.csv", "no ratings")
    else:
        pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}.get(Path(name).suffix, bytes)
        (place / name).write_bytes(pack(data))


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_example_of_a_row_is_read_by_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: list[str]
) -> None:
    _, example, command = row
    text = example.strip("`").replace(" ⏎ ", "\n").replace("→", "\t") + "\n"
    program, action, name, *words = shlex.split(command.strip("`"))
    assert (program, action) == ("streamsvd", "evaluate")
    monkeypatch.chdir(tmp_path)
    if name == "-":
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    else:
        written(tmp_path, name, text)
    given = {OPTIONS[option]: value for option, value in zip(words[::2], words[1::2], strict=True)}
    chosen = IdKind(given.pop("ids", "auto"))
    table, _ = DataOptions(ids=chosen, **given).load(name)
    assert len(table) == 2 + (row[0].startswith("Jester"))
    assert (chosen is IdKind.TEXT) == (table.users.tolist()[0] == "7")


def test_every_reading_option_is_on_the_page() -> None:
    assert set(OPTIONS) <= set(re.findall(r"--[a-z][a-z-]+", PAGE))
