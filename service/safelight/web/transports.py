"""Below asyncio's transports: the socket, what it is told, and what nothing public lets go of when a connection is closed."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from aiohttp import web

_ITSELF = "_read_ready_cb"
_TRANSPORTS = "_connections"
_PLAIN = getattr(asyncio.selector_events, "_SelectorSocketTransport", None)
_SOCKET = "_sock"
_TCP_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_TCP_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)


def bare_socket(transport: asyncio.BaseTransport) -> socket.socket | None:
    """
    Return the socket below a transport; None where events have to go through the transport: TLS, other loops.

    The transport's `write` is a tenth of what a delivery costs, and what asyncio calls the socket has not been able to send since
    Python 3.11. Whoever sends by it must do so only while the transport holds nothing back. One that was closed refuses
    to, unlike its number, which may be another connection's by then.
    """
    sock = getattr(transport.get_extra_info("socket"), _SOCKET, None) if type(transport) is _PLAIN else None
    return sock if isinstance(sock, socket.socket) else None


def tcp_socket(transport: asyncio.BaseTransport) -> socket.socket | None:
    """Return what can be told of a connection's options; None where it is no TCP."""
    if not isinstance(transport.get_extra_info("sockname"), tuple):
        return None
    found: socket.socket = bare_socket(transport) or transport.get_extra_info("socket")
    return found


def bound_unsent(sock: socket.socket, most: int) -> None:
    """Have the kernel take no more than so many bytes that it cannot send yet; where it cannot be told, no more than four times as many in all."""
    if _TCP_NOTSENT_LOWAT is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, most)
    else:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * most)


def bound_patience(sock: socket.socket, seconds: float) -> None:
    """Have the kernel give up a reader of whom nothing was heard for so long while there is something for it."""
    if _TCP_USER_TIMEOUT is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _TCP_USER_TIMEOUT, round(seconds * 1000))


def free_when_lost(server: web.Server) -> None:
    """
    Have the transport of every connection let go of itself when that is lost.

    A selector transport keeps one of its own methods and thereby itself, with its socket, until the garbage collector finds
    it, which looks rarely. Nothing public tells it not to, and none but the server's own table names the transport of a connection
    that aiohttp closes. Where that is mended or named otherwise, this does nothing, and a test says which.
    """
    lost = server.connection_lost

    def connection_lost(handler: Any, exc: BaseException | None = None) -> None:
        transport = getattr(server, _TRANSPORTS, {}).get(handler)
        lost(handler, exc)
        getattr(transport, "__dict__", {}).pop(_ITSELF, None)

    server.connection_lost = connection_lost  # type: ignore[method-assign]  # aiohttp's runner makes the server itself
