"""What the service wants to know of the model that it serves."""

from __future__ import annotations

from model_store import ModelReader, Provenance


def status_of(reader: ModelReader) -> Provenance:
    """What an answer would be computed from now."""
    return reader.recommend(0, 1).provenance


def scale_of(reader: ModelReader) -> tuple[float, float]:
    """Limits of the model's ratings; errors as of any lookup."""
    low, high = reader.read(0, ())[0].head.settings["scale"]
    return float(low), float(high)
