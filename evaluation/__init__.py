"""Prequential evaluation: each rating is predicted before it is learned, by event and by page."""

from evaluation.metrics import Figures, Monitor, Prequential, Ranking, RankingSampler
from evaluation.progressive_validation import evaluate

__all__ = ["Figures", "Monitor", "Prequential", "Ranking", "RankingSampler", "evaluate"]
