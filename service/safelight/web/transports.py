"""What asyncio leaves of a closed connection, freed at once."""

from __future__ import annotations

from typing import Any

from aiohttp import web

_ITSELF = "_read_ready_cb"
_TRANSPORTS = "_connections"


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
