"""One form for every line: ours, aiohttp's and the plugins'; for people on a terminal, JSON elsewhere."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, TextIO, cast

import structlog
from aiohttp.http_exceptions import HttpProcessingError
from structlog.typing import EventDict, Processor, WrappedLogger

from safelight.config.model import Logs
from safelight.redaction import redactor

_MANY_LINES = frozenset({"exception", "stack"})
_encode = json.JSONEncoder().encode


def configure(settings: Logs, *, stream: TextIO | None = None) -> None:
    """Send every record of the process to `stream` (standard error), redacted, in the form the settings say."""
    stream = stream or sys.stderr
    as_console = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.StackInfoRenderer(),
    ]
    render = structlog.dev.ConsoleRenderer(colors=stream.isatty()) if as_console else _to_json
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)  # ours, and another each time: nothing to look for secrets in
    last: list[Processor] = [structlog.processors.format_exc_info, _redact, stamp, *([_escape] if as_console else []), render]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(), structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
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
        processors=[*shared, _Guarded(last)],
        logger_factory=lambda *_: handler,
        wrapper_class=structlog.make_filtering_bound_logger(settings.level),
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
    """
    Never raises, and never falls back to logging's own report of a failed record, which shows its arguments unredacted.

    The libraries' records come through `logging`; our own lines, ready, by the methods below: a record costs more than the line.
    """

    def format(self, record: logging.LogRecord) -> str:
        try:
            return super().format(record)
        except Exception as error:  # noqa: BLE001 - whatever a plugin logs wrongly, the line says who and where
            facts = {"event": "log_record_broken", "level": "error", "logger": record.name, "error": type(error).__name__}
            return json.dumps({**facts, "file": record.filename, "line": record.lineno})

    def write_line(self, line: str) -> None:
        """Write a line that is ready."""
        with self.lock or nullcontext():
            try:
                self.stream.write(line + self.terminator)
                self.flush()
            except (OSError, ValueError):
                pass  # as below

    debug = info = warning = error = critical = write_line

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Give up: the stream itself is gone, and there is nowhere else to say so."""


class _Guarded:
    """Processors as one that never raises: a line that cannot be written is never its caller's fault."""

    def __init__(self, processors: Sequence[Processor]) -> None:
        self._processors = processors

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        said: Any = event
        try:
            for processor in self._processors:
                said = processor(logger, method, said)
        except Exception as error:  # noqa: BLE001 - as for a record
            return json.dumps({"event": "log_record_broken", "level": "error", "error": type(error).__name__})
        return cast("str", said)


def _to_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return _encode(event)


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Mask what is secret, by key and by value, tracebacks included; what is left are plain values."""
    return {str(key): value for key, value in redactor.value(dict(event)).items()}


def _escape(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Keep a value from moving the cursor, colouring the terminal or looking like a line of its own."""
    return {key: _printable(value, key) if isinstance(value, str) else value for key, value in event.items()}


def _printable(text: str, key: str) -> str:
    kept = "\n\t" if key in _MANY_LINES else ""
    return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in text)
