"""Serving an aiohttp application on the port of the command line, until it is killed."""

from __future__ import annotations

import asyncio
import gc
import resource
import sys

from aiohttp import web


def serve(app: web.Application) -> None:
    """Serve for good, with as many open files as there may be."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_serve(app, int(sys.argv[1])))


async def _serve(app: web.Application, port: int) -> None:
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    gc.freeze()
    await asyncio.Event().wait()
