"""Shadow models: their learning beside the served model, and their comparison with it."""

from evaluation.shadows.sequential_test import Comparison
from evaluation.shadows.shadow_models import FIRST_SERVED, Served, Shadow, Shadows, check_promotion

__all__ = ["FIRST_SERVED", "Comparison", "Served", "Shadow", "Shadows", "check_promotion"]
