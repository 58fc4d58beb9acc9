"""The kernels' first call in a process: loaded from the cache, or compiled, which takes a while and is said so."""

from __future__ import annotations

import numpy as np
from rich.console import Console

from evaluation import Monitor
from streamsvd.learner import IteratedSVD
from streamsvd.learner.choices import Choices
from streamsvd.learner.compiler import CACHE


def warm_up(console: Console) -> None:
    """Make the kernels ready, so that no figure contains their compilation."""
    if not any(CACHE.rglob("kernels.learn-*.nbi")):
        console.print("Compiling the learner's kernels for this machine, once: about twenty seconds …", highlight=False)
    model = IteratedSVD()
    columns = [0, 1, 2], [3.0, 4.0, 5.0], [0, 0, 1]
    Monitor().score(*columns, model.learn([0, 0, 0], *columns))
    model.predict_with_deviation([0], [0])
    choices = Choices()
    choices.learn(model, [0, 0, 0], [0, 1, 2])
    choices.best(model, 0, 1, np.zeros(1, np.int32))
