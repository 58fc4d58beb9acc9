"""Prequential error and ranking, kept current one rating at a time, with states that go into a checkpoint."""

from evaluation.metrics.pages import Pages
from evaluation.metrics.ranking_sampler import ORDERS, Order

__all__ = ["ORDERS", "Order", "Pages"]
