"""One form for every line: ours, aiohttp's and the plugins'; for people on a terminal, JSON elsewhere."""

from __future__ import annotations

import json
import logging
import sys
from typing import TextIO

import structlog
from aiohttp.http_exceptions import HttpProcessingError
from structlog.typing import EventDict, Processor, WrappedLogger

from safelight.config.model import Logs
from safelight.redaction import redactor

_MANY_LINES = frozenset({"exception", "stack"})


def configure(settings: Logs, *, stream: TextIO | None = None) -> None:
    """Send every record of the process to `stream` (standard error), redacted, in the form the settings say."""
    stream = stream or sys.stderr
    as_console = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    console: list[Processor] = [_escape, structlog.dev.ConsoleRenderer(colors=stream.isatty())]
    as_json: list[Processor] = [structlog.processors.JSONRenderer()]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(), structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _redact,
            *(console if as_console else as_json),
        ],
    )
    handler = _Handler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").setLevel(logging.CRITICAL + 1)  # the service logs requests itself, without queries
    logging.getLogger("aiohttp.server").addFilter(_malformed)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _malformed(record: logging.LogRecord) -> bool:
    """
    Keep what a malformed request said out of the log: aiohttp reports it as a fault, with its bytes, whatever they are.

    Any other exception is a fault of ours, and keeps its traceback.
    """
    error = record.exc_info[1] if record.exc_info else None
    for said in (error, getattr(error, "__cause__", None)):  # a body's fault comes wrapped
        if isinstance(said, HttpProcessingError):
            record.msg, record.args, record.kind = "request_malformed", (), type(said).__name__
            record.exc_info, record.levelno, record.levelname = None, logging.INFO, "INFO"
            break
    return True


class _Handler(logging.StreamHandler[TextIO]):
    """Never raises, and never falls back to logging's own report of a failed record, which shows its arguments unredacted."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            return super().format(record)
        except Exception as error:  # noqa: BLE001 - whatever a plugin logs wrongly, the line says who and where
            facts = {"event": "log_record_broken", "level": "error", "logger": record.name, "error": type(error).__name__}
            return json.dumps({**facts, "file": record.filename, "line": record.lineno})

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Give up: the stream itself is gone, and there is nowhere else to say so."""


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Mask what is secret, by key and by value, tracebacks included; what is left are plain values."""
    return {str(key): value for key, value in redactor.value(dict(event)).items()}


def _escape(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Keep a value from moving the cursor, colouring the terminal or looking like a line of its own."""
    return {key: _printable(value, key) if isinstance(value, str) else value for key, value in event.items()}


def _printable(text: str, key: str) -> str:
    kept = "\n\t" if key in _MANY_LINES else ""
    return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in text)
