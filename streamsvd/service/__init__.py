"""The HTTP service: lookups as JSON, ratings onto the log."""

from streamsvd.service.application import create_app
from streamsvd.service.context import Log
from streamsvd.service.middleware import Limits

__all__ = ["Limits", "Log", "create_app"]
