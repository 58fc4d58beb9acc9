"""Honest evaluation: what the model predicted before it had seen the rating, by event and by page."""

from evaluation.in_process import evaluate
from evaluation.monitor import Monitor
from evaluation.prequential import Figures, Prequential
from evaluation.ranking import Ranking, RankingFigures
from evaluation.sums import Errors
from evaluation.watching import Watch
from evaluation.windows import Window

__all__ = ["Errors", "Figures", "Monitor", "Prequential", "Ranking", "RankingFigures", "Watch", "Window", "evaluate"]
