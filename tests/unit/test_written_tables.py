"""The tables of README and docs say what the results and the code say."""

from __future__ import annotations

import pytest
from write_tables import PAGES, ROOT, written


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_was_measured(page: str) -> None:
    text = (ROOT / page).read_text()
    assert written(text) == text
