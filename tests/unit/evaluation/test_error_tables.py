"""Tables of errors, against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from evaluation.studies import error_tables as tables
from streamsvd.learner import Predictions
from streamsvd.ratings import Catalogue, CatalogueItem, Dataset, RatingTable

CATALOGUE = Catalogue([CatalogueItem(7, "Heat", ("Crime", "Drama"), 1995), CatalogueItem(8, "Babe", ("Comedy",), 1995)])


@pytest.fixture
def scored() -> pd.DataFrame:
    ratings = pd.DataFrame(
        {"user": [1, 1, 2, 2], "item": [7, 8, 7, 7], "rating": [4.0, 2.0, 5.0, 1.0], "time": [0, 0, 9, 10]}
    )
    event, page = np.array([3.0, 2.0, 4.5, 4.0]), np.array([3.0, 4.0, 4.5, 4.0])
    return tables.scored_frame(ratings, Predictions(event, page, np.full(4, 1.0)))


def test_counts_are_those_of_the_moment(scored: pd.DataFrame) -> None:
    assert scored["of_user"].tolist() == [0, 1, 0, 1]
    assert scored["of_item"].tolist() == [0, 0, 1, 2]


def test_errors_of_all(scored: pd.DataFrame) -> None:
    whole = tables.errors_by(scored, pd.Series(0, scored.index)).iloc[0]
    assert whole["ratings"] == 4
    assert whole["rmse"] == math.sqrt((1 + 0 + 0.25 + 9) / 4)
    assert whole["mae"] == (1 + 0 + 0.5 + 3) / 4
    assert whole["rmse_page"] == math.sqrt((1 + 4 + 0.25 + 9) / 4)
    assert whole["bias"] == (-1 + 0 - 0.5 + 3) / 4


def test_errors_by_rating_and_count(scored: pd.DataFrame) -> None:
    by_rating = tables.by_rating(scored, (1.0, 5.0))
    assert by_rating.index.tolist() == [1.0, 2.0, 4.0, 5.0]
    assert by_rating["bias"].tolist() == [3.0, 0.0, -1.0, -0.5]
    by_count = tables.by_count(scored, "of_item")
    assert by_count.index.tolist() == ["0", "1", "2–4"]
    assert by_count["ratings"].tolist() == [2, 1, 1]
    assert by_count["rmse"].tolist() == [math.sqrt(0.5), 0.5, 3.0]


def test_errors_by_genre_count_a_film_in_each(scored: pd.DataFrame) -> None:
    found = tables.by_genre(scored, CATALOGUE)
    assert found["ratings"].to_dict() == {"Crime": 3, "Drama": 3, "Comedy": 1}
    assert found.loc["Comedy", "rmse_page"] == 2.0


def test_joint_counts_hold_every_rating(scored: pd.DataFrame) -> None:
    counts, given, predicted = tables.joint_counts(scored, (1.0, 5.0))
    assert counts.shape == (len(given) - 1, len(predicted) - 1)
    assert counts.sum(axis=1).tolist() == [1, 1, 1, 1]


def test_worst_and_misses(scored: pd.DataFrame) -> None:
    assert tables.worst_of(scored, "user", least=1).index.tolist() == [2, 1]
    assert tables.worst_of(scored, "item", least=2).index.tolist() == [7]
    assert tables.largest_misses(scored, top=2, least=1)["rating"].tolist() == [1.0]
    assert tables.largest_misses(scored, top=2, least=50)["rating"].tolist() == [1.0, 4.0]


def test_coverage(scored: pd.DataFrame) -> None:
    found = tables.coverage(scored, (0.5, 0.95))
    assert found["held"].tolist() == [0.5, 0.75]  # half-widths 0.67 and 1.96 around errors of 1, 0, 0.5 and 3


def test_predictions_in_bins_hold_every_rating(scored: pd.DataFrame) -> None:
    assert tables.by_prediction(scored)["ratings"].sum() == 4
    assert tables.by_prediction(scored.assign(event=3.0))["ratings"].tolist() == [4]


def test_unknown_shares() -> None:
    table = RatingTable(
        np.array([1, 1, 2, 1]), np.array([7, 8, 7, 9]), np.ones(4), np.arange(4), Dataset("toy", "0" * 64, (1.0, 5.0))
    )
    assert tables.unknown_shares(table, 2) == (0.5, 0.5)
    assert tables.unknown_shares(table, 4) == (0.0, 0.0)
