"""The loop this service replaced: each viewer's connection polls the upstream once a second, for itself alone."""

from __future__ import annotations

import asyncio
import json

from aiohttp import ClientSession, web
from aiohttp_sse import EventSourceResponse, sse_response

from bench.peers.apps.serving import serve

_POLL_SECONDS = 1.0
_SESSION = web.AppKey("session", ClientSession)
calls = 0


async def upstream(_: web.Request) -> web.Response:
    """The upstream's status of a job, counted."""
    global calls  # noqa: PLW0603 - one number of one small program
    calls += 1
    return web.json_response({"status": "processing", "progress": calls % 100})


async def counted(_: web.Request) -> web.Response:
    """How often the upstream was asked."""
    return web.json_response({"calls": calls})


async def watch(request: web.Request) -> EventSourceResponse:
    """Ask, send, sleep, over and over."""
    url = f"http://{request.host}/upstream"
    async with sse_response(request) as response:
        while response.is_connected():
            async with request.app[_SESSION].get(url) as answer:
                await response.send(json.dumps(await answer.json()))
            await asyncio.sleep(_POLL_SECONDS)
    return response


async def _open_session(app: web.Application) -> None:
    app[_SESSION] = ClientSession()


def main() -> None:
    """Serve."""
    app = web.Application()
    app.on_startup.append(_open_session)
    app.router.add_get("/upstream", upstream)
    app.router.add_get("/calls", counted)
    app.router.add_get("/sub/{channel}", watch)
    serve(app)


if __name__ == "__main__":
    main()
