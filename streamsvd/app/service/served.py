"""What the service wants to know of the model that it serves."""

from __future__ import annotations

from model_store import ModelReader, Provenance


def status_of(reader: ModelReader) -> Provenance:
    """What an answer would be computed from now."""
    return reader.status()


def scale_of(reader: ModelReader) -> tuple[float, float]:
    """Limits of the model's ratings; errors as of any lookup."""
    with reader.reading(0) as (view, _):
        low, high = view.head.settings["scale"]
        return float(low), float(high)
