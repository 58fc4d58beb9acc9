"""The richer figures for programs: nothing that JSON does not know, and the slices only when asked for."""

from __future__ import annotations

import json
from io import StringIO

import numpy as np
from rich.console import Console

from evaluation import Monitor, evaluate
from streamsvd import IteratedSVD
from streamsvd.cli.figure_tables import detail_tables, details_object, figures_table
from streamsvd.cli.shadows import verdict_text
from streamsvd.figures import Verdict
from streamsvd.ratings import Synthetic


def test_for_programs_and_for_people() -> None:
    world = Synthetic(ratings=2000, users=60, items=400)
    catalogue = world.catalogue()
    model = IteratedSVD(scale=world.dataset.scale)
    monitor = evaluate(model, world.table(), Monitor(catalogue=catalogue))
    short, whole = details_object(monitor, detail=False), details_object(monitor, detail=True)
    assert json.loads(json.dumps(short, allow_nan=False)) == short
    assert json.loads(json.dumps(whole, allow_nan=False)) == whole
    assert [part["ratings_of_the_user"] for part in short["calibration"]] == ["all"]
    assert len(whole["calibration"]) == 6
    assert whole.keys() - short.keys() == {"slices"}
    assert {part["by"] for part in whole["slices"]} == {"user", "item", "ratings of the user", "genre", "month"}
    assert sum(part["events"] for part in whole["slices"] if part["by"] == "month") == 2000

    console = Console(width=100, record=True, file=StringIO())
    console.print(detail_tables(monitor))
    text = console.export_text()
    assert all(word in text for word in ("last 1,000 ratings", "last 30 days", "100+", catalogue.genres[0], "in 95 %"))


def test_without_times_there_are_no_days_and_months() -> None:
    table = Synthetic(ratings=2000, users=60, items=400).table()
    monitor = evaluate(IteratedSVD(scale=table.dataset.scale), table, Monitor())
    monitor.drift.update(np.arange(20_000), np.repeat([0.5, 1.5], 10_000))
    found = details_object(monitor, detail=True, dated=False)
    assert {window["unit"] for window in found["windows"]} == {"events"}
    assert {part["by"] for part in found["slices"]} == {"user", "item", "ratings of the user"}
    assert {mark["event_time"] for mark in found["drift"]["marks"]} == {None}
    console = Console(width=100, record=True, file=StringIO())
    console.print(detail_tables(monitor, dated=False))
    text = console.export_text()
    assert "Changes of the page error" in text
    assert not any(word in text for word in ("days", "month", "1970"))
    verdict = Verdict(better="shadow", since_event=1200, since_time=1199)
    assert verdict_text(verdict, dated=False) == "better since 1,200"


def test_before_the_first_rating() -> None:
    found = details_object(Monitor(), detail=True)
    assert json.loads(json.dumps(found["windows"], allow_nan=False))[0]["rmse_event"] is None
    assert found["drift"]["marks"] == []


def test_the_headline_has_a_row_for_each_measure_over_all_and_over_the_newest_ratings() -> None:
    monitor = Monitor()
    model = IteratedSVD()
    columns = ["ann"], ["Heat"], [3.0], [0]
    found = model.learn(*columns)
    monitor.score(*columns[1:], found._replace(event=0 * found.event + 3.5, page=0 * found.page + 2.0))
    console = Console(width=100, record=True, file=StringIO())
    console.print(figures_table("run", monitor.figures(), {"scale": "1 to 5"}, monitor.total()))
    rows = [line.strip("│ ").split("│") for line in console.export_text().splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["error", "event protocol", "page protocol"],
        ["RMSE, all events", "0.5000", "1.0000"],
        ["MAE, all events", "0.5000", "1.0000"],
        ["bias, all events", "+0.5000", "-1.0000"],
        ["RMSE, last 1 events", "0.5000", "1.0000"],
    ]
