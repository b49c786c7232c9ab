"""From a configuration to listening sockets, and from SIGTERM to a clean end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import structlog
from aiohttp import web

from safelight.config.model import Config
from safelight.core import Safelight
from safelight.errors import SafelightError
from safelight.plugins import Discovery
from safelight.web.access import HEADER_BYTES
from safelight.web.app import make_admin_app, make_app
from safelight.web.collecting import collecting
from safelight.web.doors import SPARE_FILES, open_doors
from safelight.web.keys import CORE
from safelight.web.malformed import refuse_in_our_form
from safelight.web.reloading import reloading
from safelight.web.transports import free_when_lost
from safelight.web.upkeep import close_streams
from safelight.whereabouts import Whereabouts, announced, url_of

log = structlog.get_logger()

_BACKLOG = 2048
"""Connections that may wait to be taken: who finds no place comes back a second later. All that wait are taken in one turn of the loop, some 50 ms."""
_SPARE_FOR_ADMIN = SPARE_FILES // 2
"""While nobody else is let in, an operator is."""
_SHUTDOWN_SECONDS = 2.5
"""aiohttp waits for so long twice, for who still reads an answer; then it is cut."""
_SPREAD_SECONDS = 2.0
_LINGER_SECONDS = 1.0
"""How long a refused body is still taken in: reset at once, its sender might never read why."""


class NotListening(SafelightError):
    """An address cannot be listened on: taken, forbidden or not ours."""


@attrs.frozen(kw_only=True)
class Listening:
    """A service that is up: its core, its public application and the ports it got."""

    core: Safelight
    app: web.Application
    port: int
    admin_port: int


async def serve(config: Config, *, read_again: Callable[[], Config]) -> None:
    """
    Serve until SIGTERM or SIGINT, then leave in order; a second signal leaves at once.

    Args:
        read_again: Reads the configuration anew, for SIGHUP; what it raises leaves everything as it was.

    Raises:
        NotListening: An address cannot be had.
        JournalClosed: The journal was lost under the service, which is of no use without it.
    """
    leaving, hurrying, hung_up = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def signaled() -> None:
        (hurrying if leaving.is_set() else leaving).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signaled)
    loop.add_signal_handler(signal.SIGHUP, hung_up.set)
    async with listening(config) as service, reloading(service.core, read_again, hung_up), collecting():
        await _first(leaving.wait(), _lost(service.core))
        log.info("service_leaving", grace_seconds=config.server.drain_seconds)
        await _first(leave_in_order(service), hurrying.wait(), _lost(service.core))
        await service.core.settle(0.0)  # who is in a hurry still gets an honest end on the open streams


async def _first(*works: Coroutine[Any, Any, Any]) -> None:
    """Return, or raise, as the first of them does; the others are ended."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _lost(core: Safelight) -> None:
    raise await core.journal.lost()


async def leave_in_order(service: Listening) -> None:
    """Refuse new work, close what comes back by itself, hold the rest until its end or the grace is over."""
    grace = service.core.config.server.drain_seconds
    service.core.drain()
    await asyncio.gather(
        close_streams(service.app, spread_seconds=min(_SPREAD_SECONDS, grace), all_of_them=False),
        service.core.settle(grace),
    )
    await close_streams(service.app, spread_seconds=0.0, all_of_them=True)


@asynccontextmanager
async def listening(config: Config, *, discovery: Discovery | None = None) -> AsyncIterator[Listening]:
    """
    Open core and both ports; on the way out, streams first, engines last.

    Args:
        discovery: The plugins to offer; those installed unless given.
    """
    async with Safelight(config, discovery=discovery) as core:
        app = make_app(core)
        app.on_shutdown.append(_close_all)
        public, admin = (
            web.AppRunner(
                application,
                handler_cancellation=True,
                access_log=None,
                tcp_keepalive=False,  # whoever is gone without a word is found by heartbeats and deadlines, long before
                keepalive_timeout=config.server.keepalive_seconds,
                shutdown_timeout=_SHUTDOWN_SECONDS,
                lingering_time=_LINGER_SECONDS,
                max_line_size=HEADER_BYTES,
                max_field_size=HEADER_BYTES,
            )
            for application in (app, make_admin_app(core))
        )
        try:
            await _set_up(public)
            port = await _listen(public, config.server.host, config.server.port)
            await _set_up(admin)
            admin_port = await _listen_beside(admin, config, port)
            here = Whereabouts(
                url=url_of(config.server.host, port), admin_url=url_of(config.server.admin_host, admin_port), pid=os.getpid()
            )
            with announced(Path(config.data.folder), here):
                log.info("service_listening", url=here.url, admin_port=admin_port)
                yield Listening(core=core, app=app, port=port, admin_port=admin_port)
        finally:
            await admin.cleanup()
            await public.cleanup()


async def _close_all(app: web.Application) -> None:
    app[CORE].drain()  # who is left from here on has not left
    await close_streams(app, spread_seconds=0.0, all_of_them=True)


async def _set_up(runner: web.AppRunner) -> None:
    await runner.setup()
    if runner.server is not None:
        free_when_lost(runner.server)
        refuse_in_our_form(runner.server)


async def _listen(runner: web.AppRunner, host: str, port: int, *, spare: int = SPARE_FILES) -> int:
    try:
        for door in await open_doors(host, port, spare=spare):
            await web.SockSite(runner, door, backlog=_BACKLOG).start()
    except OSError as error:
        reason = error.strerror or str(error)
        raise NotListening(f"Port {port} of {host} cannot be listened on: {reason[:1].lower()}{reason[1:]}.") from error
    got: int = runner.addresses[0][1]
    return got


async def _listen_beside(runner: web.AppRunner, config: Config, port: int) -> int:
    """Open the admin port: the one configured, else the one after the public port, else whichever is free."""
    server = config.server
    if server.admin_port or not server.port or server.port == 65535:
        return await _listen(runner, server.admin_host, server.admin_port, spare=_SPARE_FOR_ADMIN)
    try:
        return await _listen(runner, server.admin_host, port + 1, spare=_SPARE_FOR_ADMIN)
    except NotListening:
        return await _listen(runner, server.admin_host, 0, spare=_SPARE_FOR_ADMIN)
