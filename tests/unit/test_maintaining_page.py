"""docs/maintaining.md: the files that it names exist; of where exactly-once is held, the names in them, too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/maintaining.md").read_text()
SECTION = PAGE[PAGE.index("## Where exactly-once is held") :]
ROWS = [line.strip("| ").split(" | ") for line in SECTION.splitlines() if line.startswith("| ")][2:]


def test_files_that_the_page_names_exist() -> None:
    named = {
        ROOT / path
        for path in re.findall(
            r"`((?:streamsvd|consumer|producer|evaluation|model_store|tests|docs)/[\w/]+\.\w+)`", PAGE
        )
    }
    linked = {(ROOT / "docs" / path).resolve() for path in re.findall(r"\]\(([\w./-]+)", PAGE)}
    assert len(named) > 20
    assert len(linked) > 8
    assert [str(path) for path in named | linked if not path.exists() and path.stem != "NAME"] == []


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
