"""The HTTP service: lookups as JSON, ratings onto the log."""

from streamsvd.app.service.application import create_app
from streamsvd.app.service.limits import Limits
from streamsvd.app.service.parts import Log

__all__ = ["Limits", "Log", "create_app"]
