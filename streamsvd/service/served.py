"""What the service knows of the model that it serves."""

from __future__ import annotations

from model_store import ModelReader


class ServedScale:
    """Limits of the model's ratings.

    They hold for the life of a model, so they are asked for once, and ratings can be sent while Redis is away. After a
    model was rebuilt with another scale, its services are started again.
    """

    def __init__(self, reader: ModelReader) -> None:
        self._reader = reader
        self.known: tuple[float, float] | None = None

    def ask(self) -> tuple[float, float]:
        """The limits; errors as of any lookup, while they are not known."""
        if self.known is None:
            with self._reader.reading(0) as (view, _):
                low, high = view.head.settings["scale"]
            self.known = float(low), float(high)
        return self.known
