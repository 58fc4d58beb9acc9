"""Honest evaluation: what the model predicted before it had seen the rating, by event and by page."""

from evaluation.in_process import evaluate
from evaluation.prequential import Figures, Prequential

__all__ = ["Figures", "Prequential", "evaluate"]
