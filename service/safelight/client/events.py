"""Server-sent events read from bytes as they come, by the rules of the HTML standard."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import attrs

MAX_LINE = 1024 * 1024
"""An event of the service is at most 16 KiB; what never ends its line is none of it."""


class NoEvents(ValueError):
    """The bytes are no event stream."""


@attrs.frozen(kw_only=True)
class Event:
    """One event; `id` is the last one said, of this event or of one before it."""

    name: str
    data: str
    id: str


class EventParser:
    """
    Turns chunks into events, wherever the chunks are cut.

    Attributes:
        retry_seconds: How long to wait before coming back, where the stream has said it.
    """

    def __init__(self) -> None:
        self.retry_seconds: float | None = None
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._is_fresh = True
        self._id = ""
        self._name = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """
        Yield the events that a chunk completes.

        Raises:
            NoEvents: A line has no end.
        """
        text = self._rest + self._decode(chunk)
        if self._is_fresh and text:
            text, self._is_fresh = text.removeprefix("\ufeff"), False
        lines, self._rest = _lines(text)
        if len(self._rest) > MAX_LINE:
            raise NoEvents("A line of the stream has no end.")
        for line in lines:
            if line:
                self._take(line)
            elif (event := self._complete()) is not None:
                yield event

    def _take(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._name = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_seconds = int(value[:9]) / 1000

    def _complete(self) -> Event | None:
        data, name = self._data, self._name
        self._data, self._name = [], ""
        return Event(name=name or "message", data="\n".join(data), id=self._id) if data else None


def _lines(text: str) -> tuple[list[str], str]:
    """Return the complete lines and what is left; a CR at the very end waits, for an LF may follow."""
    held = text.endswith("\r")
    whole = (text[:-1] if held else text).replace("\r\n", "\n").replace("\r", "\n")
    *lines, rest = whole.split("\n")
    return lines, rest + ("\r" if held else "")
