"""Shadow models: what they are made of, how they learn beside the served one, and which is better."""

from evaluation.shadows.sequential_test import Comparison
from evaluation.shadows.shadow_models import FIRST_SERVED, Served, Shadow, Shadows, check_promotion

__all__ = ["FIRST_SERVED", "Comparison", "Served", "Shadow", "Shadows", "check_promotion"]
