"""The models that studies, shadows and simulations compare: a registry, and specifications as text."""

from evaluation.models.batch import BatchFit
from evaluation.models.registry import (
    BATCH,
    LEARNER,
    MODELS,
    RATINGS_ONLY,
    REFIT_EVERY,
    RIVER,
    Model,
    Range,
    descriptions,
    shadow_names,
    taking_part,
)
from evaluation.models.specs import ModelSpec, compile_kernels, parse_spec

__all__ = [
    "BATCH",
    "LEARNER",
    "MODELS",
    "RATINGS_ONLY",
    "REFIT_EVERY",
    "RIVER",
    "BatchFit",
    "Model",
    "ModelSpec",
    "Range",
    "compile_kernels",
    "descriptions",
    "parse_spec",
    "shadow_names",
    "taking_part",
]
