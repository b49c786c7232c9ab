"""What an upstream said last, kept in the instance's folder for the next start."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger()


class Kept:
    """
    One JSON document in a file, replaced as a whole. A file that cannot be read or written is a warning, no failure.

    Args:
        file: Where.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._written = ""

    async def read(self) -> Any:
        """Return what was kept, None where there is nothing to go by."""
        try:
            return json.loads(await asyncio.to_thread(self._file.read_text, encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            log.warning("kept_document_unreadable", file=str(self._file), exc_info=True)
            return None

    async def write(self, document: Any) -> None:
        """Keep a document, if it is another than before."""
        text = json.dumps(document)
        if text == self._written:
            return
        try:
            await asyncio.to_thread(self._replace, text)
        except OSError:
            log.warning("kept_document_not_written", file=str(self._file), exc_info=True)
        else:
            self._written = text

    def _replace(self, text: str) -> None:
        part = self._file.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(self._file)
