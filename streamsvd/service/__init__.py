"""The HTTP service: lookups as JSON, ratings onto the log."""

from streamsvd.service.application import Limits, create_app
from streamsvd.service.journal import json_journal, redirect_logging
from streamsvd.service.model_gauges import ModelGauges, ModelPoint
from streamsvd.service.rating_log import EventSender, RatingLog
from streamsvd.service.security import ApiKey, add_key, check_exposure, read_key_file, read_keys
from streamsvd.service.server import serve_until

__all__ = [
    "ApiKey",
    "EventSender",
    "Limits",
    "ModelGauges",
    "ModelPoint",
    "RatingLog",
    "add_key",
    "check_exposure",
    "create_app",
    "json_journal",
    "read_key_file",
    "read_keys",
    "redirect_logging",
    "serve_until",
]
