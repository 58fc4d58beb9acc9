"""The HTTP service: lookups as JSON, ratings onto the log."""

from streamsvd.service.application import create_app
from streamsvd.service.limits import Limits
from streamsvd.service.parts import Log

__all__ = ["Limits", "Log", "create_app"]
