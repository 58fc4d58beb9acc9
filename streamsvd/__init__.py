"""streamsvd: a recommender that learns each rating as it arrives.

>>> from streamsvd import IteratedSVD
>>> model = IteratedSVD(scale=(1, 5))
>>> first = model.learn_one("ann", "Heat", 5)
>>> model.predict_one("ann", "Heat") > first
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamsvd.errors import StreamSVDError

if TYPE_CHECKING:
    from streamsvd.learner import IteratedSVD, Settings
    from streamsvd.ratings import load

__version__ = "0.1.0"

__all__ = ["IteratedSVD", "Settings", "StreamSVDError", "__version__", "load"]


def __getattr__(name: str) -> Any:
    """The learner and the readers are imported when they are asked for: the other rooms do without its compiler."""
    if name in ("IteratedSVD", "Settings"):
        from streamsvd import learner

        return getattr(learner, name)
    if name == "load":
        from streamsvd import ratings

        return ratings.load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
