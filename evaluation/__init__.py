"""Prequential evaluation: each rating is predicted before it is learned, by event and by page."""

from evaluation.metrics.figures import Errors, Figures, RankingFigures
from evaluation.metrics.monitor import Monitor
from evaluation.metrics.prequential import Prequential
from evaluation.metrics.ranking import Ranking
from evaluation.metrics.ranking_sampler import RankingSampler
from evaluation.metrics.windows import Window
from evaluation.progressive_validation import evaluate

__all__ = [
    "Errors",
    "Figures",
    "Monitor",
    "Prequential",
    "Ranking",
    "RankingFigures",
    "RankingSampler",
    "Window",
    "evaluate",
]
