"""docs/maintaining.md, where exactly-once is held: the modules, the names in them and the tests exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/maintaining.md").read_text()
SECTION = PAGE[PAGE.index("## Where exactly-once is held") :]
ROWS = [line.strip("| ").split(" | ") for line in SECTION.splitlines() if line.startswith("| ")][2:]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_a_row_names_exists(row: list[str]) -> None:
    _, modules, _, tests = row
    paths = re.findall(r"`([\w/]+\.py)`", modules)
    code = "".join((ROOT / path).read_text() for path in paths)
    names = [
        part for name in re.findall(r"`([\w.]+)`", modules) if not name.endswith(".py") for part in name.split(".")
    ]
    assert paths
    assert [name for name in names if not re.search(rf"(def|class) {name}\b", code)] == []
    for test in re.findall(r"`([\w/]+\.py)`", tests):
        assert (ROOT / "tests/integration" / test).exists() or (ROOT / test).exists(), test
