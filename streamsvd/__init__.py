"""streamsvd: a recommender that learns each rating as it arrives.

>>> from streamsvd import IteratedSVD
>>> model = IteratedSVD(scale=(1, 5))
>>> model.learn_one("ann", "Heat", 5)
3.45
"""

from streamsvd.errors import StreamSVDError
from streamsvd.learner import IteratedSVD, Settings

__version__ = "0.1.0"

__all__ = ["IteratedSVD", "Settings", "StreamSVDError", "__version__"]
