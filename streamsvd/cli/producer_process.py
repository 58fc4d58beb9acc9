"""A producer in a process of its own, while a consumer runs in this one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from types import TracebackType

from producer import prepare
from streamsvd.errors import DeliveryFailed
from streamsvd.log import Topics, log_client
from streamsvd.ratings import Catalogue, Dataset


class ProducerProcess:
    """Replays a data set while the body of the `with` runs.

    The topics and the catalogue are there when the body begins, the ratings follow.

    Parameters
    ----------
    data : str
        Name or path, as `streamsvd replay` takes it.
    kafka : str
    topics : Topics
    dataset : Dataset
    catalogue : Catalogue or None
    rate : float, optional
        Ratings a second; as fast as possible without it.
    more : sequence of str
        Further arguments of `streamsvd replay`.
    """

    def __init__(
        self,
        data: str,
        kafka: str,
        topics: Topics,
        dataset: Dataset,
        catalogue: Catalogue | None,
        rate: float | None = None,
        more: Sequence[str] = (),
    ) -> None:
        self._command = [sys.executable, "-m", "streamsvd", "replay", data, "--quiet"]
        self._command += ["--kafka", kafka, "--topic", topics.ratings]
        self._command += [] if rate is None else ["--rate", str(rate)]
        self._command += more
        self._prepare: Callable[[], object] = lambda: prepare(log_client(kafka), topics, dataset, catalogue)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> ProducerProcess:
        self._prepare()
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        return self

    def check(self) -> None:
        """Raise DeliveryFailed if the producer has failed."""
        if self._process is not None and self._process.poll():
            said = (self._process.stderr.read() if self._process.stderr else "").strip()
            raise DeliveryFailed(f"the producer stopped with exit status {self._process.returncode}: {said}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
            self._process.communicate()
