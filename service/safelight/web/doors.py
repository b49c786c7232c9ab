"""Listening sockets that keep open files back: a crowd at the door takes none that the journal, a picture or a provider needs."""

from __future__ import annotations

import asyncio
import resource
import socket
from typing import Any

import structlog

log = structlog.get_logger()

SPARE_FILES = 150
"""What the rest of the service may still open while no more connections are let in."""
_SAY_SECONDS = 10.0


class Door(socket.socket):
    """
    A listening socket that lets a connection in only while enough files may still be opened.

    The system gives each the lowest number that is free, so the number says how many are open. Without this, asyncio tries
    again and again, some thousand lines in the log each second, while whoever wants to save a picture gets none either.
    Who is turned away is told nothing: an EventSource comes back from a closed connection, but from no refusal.

    Args:
        how: As for any socket.
        spare: How many files may still be opened when the last connection is in.
    """

    __slots__ = ("_spare", "_timer", "_turned_away")

    def __init__(self, *how: int, spare: int) -> None:
        super().__init__(*how)
        self._spare = spare
        self._turned_away = 0
        self._timer: asyncio.TimerHandle | None = None

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection for which there is room; close those before it."""
        while True:
            connection, address = super().accept()
            if connection.fileno() < _most(self._spare):
                return connection, address
            connection.close()
            self._turned_away += 1
            if self._timer is None:
                self._tell()

    def close(self) -> None:
        """Close it; those that were not told of yet are told of now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._say()
        super().close()

    def _tell(self) -> None:
        """Say how many there were: at once, and then every while, as long as there are more."""
        self._timer = asyncio.get_running_loop().call_later(_SAY_SECONDS, self._tell) if self._say() else None

    def _say(self) -> bool:
        """Say how many there were since that was said last; whether there were any."""
        count, self._turned_away = self._turned_away, 0
        if count:
            log.warning("connections_turned_away", count=count, open_files=_most(self._spare))
        return count > 0


async def open_doors(host: str, port: int, *, spare: int) -> list[Door]:
    """
    Bind a door to each address that a host stands for.

    Raises:
        OSError: One of them cannot be had.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    doors: list[Door] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            doors.append(door := Door(family, kind, protocol, spare=spare))
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            door.bind(address)
    except OSError:
        for door in doors:
            door.close()
        raise
    return doors


def _most(spare: int) -> float:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return float("inf") if limit == resource.RLIM_INFINITY else limit - min(spare, limit // 2)
