"""The service's journal: one JSON object a line, on standard error. (*Log* is Kafka's here.)

Lines hold what an operator needs, and nothing private: no keys, no query strings, no bodies.
"""

from __future__ import annotations

import logging
from typing import Any, BinaryIO

import msgspec
import structlog

Journal = Any
"""A structlog logger; its type is dynamic."""

_TRACEBACK = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)  # locals hold secrets
_encode = msgspec.json.Encoder(enc_hook=str).encode


class _JournalHandler(logging.Handler):
    """Writes records of the standard library's logging to the journal."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        more = {"exc_info": record.exc_info} if record.exc_info else {}
        self._journal.log(record.levelno, "library", logger=record.name, message=record.getMessage(), **more)


def json_journal(stream: BinaryIO) -> Journal:
    """A journal that writes to a stream.

    Examples
    --------
    >>> import io
    >>> stream = io.BytesIO()
    >>> json_journal(stream).info("request", status=200)
    >>> import json
    >>> line = json.loads(stream.getvalue())
    >>> line["event"], line["level"], line["status"]
    ('request', 'info', 200)
    """
    return structlog.wrap_logger(
        structlog.BytesLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_TRACEBACK),
            structlog.processors.JSONRenderer(serializer=lambda line, **_: _encode(line)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


def redirect_logging(journal: Journal) -> None:
    """Send warnings and errors that uvicorn and other libraries log to this journal too."""
    root = logging.getLogger()
    root.handlers = [_JournalHandler(journal)]
    root.setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    logging.captureWarnings(True)
