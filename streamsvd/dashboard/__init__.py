"""The live dashboard: a web page that shows how a model learns."""

from streamsvd.dashboard.server import serve

__all__ = ["serve"]
