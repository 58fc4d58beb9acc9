"""Import every module of this project, so that Python keeps the compiled form of it and of all that it imports.

The image's containers are read-only: what is not compiled when the image is built is compiled again at every start. To
compile all modules of all libraries would make the image a seventh larger, for modules that nothing imports.
"""

from __future__ import annotations

import contextlib
import importlib
import pkgutil

ROOMS = ("streamsvd", "producer", "consumer", "model_store", "evaluation")

for room in ROOMS:
    package = importlib.import_module(room)
    for module in pkgutil.walk_packages(package.__path__, f"{room}."):
        if module.name.endswith("__main__"):
            continue
        with contextlib.suppress(ModuleNotFoundError):  # of an extra that the image lacks
            importlib.import_module(module.name)
