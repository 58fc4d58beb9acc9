"""Shadow models: they learn the served model's stream, and are compared with it."""

from evaluation.shadows.comparison import comparison_rows
from evaluation.shadows.sequential_test import Comparison
from evaluation.shadows.shadow_models import FIRST_SERVED, Served, Shadow, Shadows, check_promotion

__all__ = ["FIRST_SERVED", "Comparison", "Served", "Shadow", "Shadows", "check_promotion", "comparison_rows"]
