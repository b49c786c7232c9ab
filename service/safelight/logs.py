"""One form for every line: ours, aiohttp's and the plugins'; for people on a terminal, JSON elsewhere."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from safelight.config.model import Logs
from safelight.redaction import redactor


def configure(settings: Logs, *, stream: TextIO | None = None) -> None:
    """Send every record of the process to `stream` (standard error), redacted, in the form the settings say."""
    stream = stream or sys.stderr
    as_console = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)]
        if as_console
        else [structlog.processors.JSONRenderer(default=_shown)]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            *renderer,
        ],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Mask what is secret, by key and by value; texts of exceptions included."""
    return {str(key): redactor.value(_plain(value), str(key)) for key, value in event.items()}


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str | int | float | bool | list | tuple | dict) else _shown(value)


def _shown(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a log line is never lost for a repr that fails
        return f"<{type(value).__name__}, unprintable: {type(error).__name__}>"
