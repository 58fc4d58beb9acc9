"""The published sets that figures are recorded of."""

from __future__ import annotations

import pytest

LATEST_SMALL = pytest.param("ml-latest-small", marks=pytest.mark.grouplens)
BOTH = ["ml-100k", LATEST_SMALL]
