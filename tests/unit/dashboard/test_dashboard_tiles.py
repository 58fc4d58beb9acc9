"""The small cards, outside a browser."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from boards import board, point
from nicegui import Client
from nicegui.page import page

from evaluation import Figures
from evaluation.metrics.figures import MAE
from streamsvd.dashboard import tiles
from streamsvd.dashboard.windows import ALL


@pytest.fixture
def visitor() -> Iterator[None]:
    with Client(page("/")):
        yield


@pytest.mark.usefixtures("visitor")
def test_figures_declared_for_the_dashboard_are_shown_below_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "_FURTHER", [f for f in Figures.declared() if f.name == "mae_last_window"])
    stored = board([msgspec.structs.replace(point(5000), figures={"mae_last_window": 0.70125})]).stored
    card = tiles.CurrentErrorCard()

    card.show(None, ALL, MAE)
    assert shown(card) == {"MAE, event, newest": "–"}
    card.show(stored, ALL, MAE)
    assert shown(card) == {"MAE, event, newest": "0.7013"}
    assert card._over.text == "MAE over all ratings: 5,000 ratings"


def shown(card: tiles.CurrentErrorCard) -> dict[str, str]:
    assert card._further is not None
    return {name: value.text for name, value in card._further._values.items()}
