"""The in-process run: the learner's own predictions, scored, whatever the block."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest

from evaluation import Figures, Prequential, evaluate
from streamsvd import IteratedSVD
from streamsvd.ratings import Columns, RatingTable, Synthetic, read_ratings


@pytest.fixture(scope="module")
def table() -> RatingTable:
    """A thousand made-up ratings."""
    world = Synthetic(ratings=1000, users=60, items=400)
    blocks = list(world.blocks(1000))
    assert len(blocks) == 1
    return blocks[0]


@pytest.mark.parametrize("block", [1, 7, 1000, 10**9])
def test_the_block_changes_no_figure(table: RatingTable, block: int) -> None:
    scale = table.dataset.scale
    expected = evaluate(IteratedSVD(scale=scale), table, Prequential(200)).figures()
    done: list[int] = []
    metrics = evaluate(
        IteratedSVD(scale=scale), table, Prequential(200), chunk=block, progress=lambda n, _: done.append(n)
    )
    assert metrics.figures() == expected
    assert done[-1] == 1000
    assert len(done) == math.ceil(1000 / block)


def test_scores_what_the_learner_predicted(table: RatingTable) -> None:
    model = IteratedSVD(scale=table.dataset.scale)
    predicted = model.learn(table.users, table.items, table.ratings, table.timestamps)
    figures = evaluate(IteratedSVD(scale=table.dataset.scale), table, Prequential()).figures()
    assert figures.rmse_event == pytest.approx(np.sqrt(((predicted.event - table.ratings) ** 2).mean()), rel=1e-12)
    assert figures.mae_page == pytest.approx(np.abs(predicted.page - table.ratings).mean(), rel=1e-12)


def test_no_ratings_no_figures(table: RatingTable) -> None:
    assert evaluate(IteratedSVD(), table[:0], Prequential()).figures().events == 0


@pytest.mark.parametrize("order", ["by user", "by item", 0, 1])
def test_the_order_of_the_lines_changes_no_figure(tmp_path: Path, table: RatingTable, order: str | int) -> None:
    """With a day for the time, so that users take turns unless the lines are in the order of the users."""
    days = table.timestamps // 86_400 * 86_400
    lines = list(zip(table.users.tolist(), table.items.tolist(), table.ratings.tolist(), days.tolist(), strict=True))

    def figures(path: Path) -> Figures:
        path.write_text("u,i,r,t\n" + "".join(f"{u},{i},{r},{t}\n" for u, i, r, t in lines))
        found = read_ratings(path, Columns("u", "i", "r", "t"), (0.5, 5.0))
        return evaluate(IteratedSVD(scale=(0.5, 5.0)), found, Prequential()).figures()

    expected = figures(tmp_path / "first.csv")
    if isinstance(order, int):
        random.Random(order).shuffle(lines)
    else:
        lines.sort(key=lambda line: line[order == "by item"])
    assert figures(tmp_path / "second.csv") == expected
    assert expected.rmse_page != expected.rmse_event
