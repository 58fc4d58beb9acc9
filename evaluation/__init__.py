"""Prequential evaluation: each rating is predicted before it is learned, by event and by page."""

from evaluation.metrics import Errors, Figures, Monitor, Prequential, Ranking, RankingFigures, RankingSampler, Window
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
