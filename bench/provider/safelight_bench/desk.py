"""The desk: a port on which the load client hands in what the runs are to say, as an upstream's push would."""

from __future__ import annotations

import asyncio
from typing import Any

_DONE = b"HTTP/1.1 204 No Content\r\n\r\n"
_UNKNOWN = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Desk:
    """
    What the runs of one instance are told.

    Attributes:
        calls: How often the provider was asked to watch something.
        going: Set once the runs that wait for it may begin.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.going = asyncio.Event()
        self._said: dict[int, asyncio.Queue[str | None]] = {}

    def queue(self, channel: int) -> asyncio.Queue[str | None]:
        """Return what is said on a channel from now on; None is its end."""
        return self._said.setdefault(channel, asyncio.Queue())

    def hear(self, path: str, body: bytes) -> bytes:
        """Take one request in and return its whole answer."""
        _, word, *rest = path.split("/")
        if word == "calls":
            text = b'{"calls": %d}' % self.calls
            return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)
        if word == "go":
            self.going.set()
            return _DONE
        channel = int(rest[0]) if rest and rest[0].isdigit() else -1
        if channel not in self._said or word not in {"pub", "end"}:
            return _UNKNOWN
        self._said[channel].put_nowait(body.decode() if word == "pub" else None)
        return _DONE


class Caller(asyncio.Protocol):
    """One connection to the desk: keep-alive requests whose heads are read no further than their path and length."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._came = b""

    def connection_made(self, transport: Any) -> None:
        """Keep what is answered on."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._came += data
        while (end := self._came.find(b"\r\n\r\n")) >= 0:
            head = self._came[:end].decode("latin-1")
            _, _, tail = head.lower().partition("content-length:")
            length = int(tail.partition("\r\n")[0] or 0)
            whole = end + 4 + length
            if len(self._came) < whole:
                return
            body, self._came = self._came[end + 4 : whole], self._came[whole:]
            self._transport.write(self._desk.hear(head.split(" ", 2)[1], body))
