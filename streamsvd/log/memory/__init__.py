"""A log in this process, for tests: deterministic, and disturbed where a test wants it to be."""

from streamsvd.log.memory.client import MemoryLog

__all__ = ["MemoryLog"]
