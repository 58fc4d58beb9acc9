"""Prequential metrics, updated with each rating, with states for checkpoints; and the figures that they give."""

from evaluation.metrics.figures import (
    BIAS,
    COUNT,
    RMSE,
    CoverageFigures,
    Errors,
    Figure,
    Figures,
    Measure,
    Output,
    Over,
    RankingFigures,
)
from evaluation.metrics.monitor import Monitor
from evaluation.metrics.pages import Pages
from evaluation.metrics.prequential import Prequential
from evaluation.metrics.ranking import Ranking
from evaluation.metrics.ranking_sampler import ORDERS, Order, RankingSampler
from evaluation.metrics.windows import Window

__all__ = [
    "BIAS",
    "COUNT",
    "ORDERS",
    "RMSE",
    "CoverageFigures",
    "Errors",
    "Figure",
    "Figures",
    "Measure",
    "Monitor",
    "Order",
    "Output",
    "Over",
    "Pages",
    "Prequential",
    "Ranking",
    "RankingFigures",
    "RankingSampler",
    "Window",
]
