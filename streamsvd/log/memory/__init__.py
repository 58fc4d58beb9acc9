"""An in-process log for tests: deterministic, with fault injection."""

from streamsvd.log.memory.client import MemoryLog

__all__ = ["MemoryLog"]
