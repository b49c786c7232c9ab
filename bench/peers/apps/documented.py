"""aiohttp-sse as its documentation shows it: a task, a queue and a `send` for each viewer."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from bench.peers.apps.serving import serve

queues: defaultdict[str, set[asyncio.Queue[str]]] = defaultdict(set)


async def publish(request: web.Request) -> web.Response:
    """Hand what was posted to everybody's queue."""
    data = await request.text()
    for queue in queues[request.match_info["channel"]]:
        queue.put_nowait(data)
    return web.Response(status=204)


async def watch(request: web.Request) -> EventSourceResponse:
    """Stream a channel."""
    queue: asyncio.Queue[str] = asyncio.Queue()
    channel = queues[request.match_info["channel"]]
    async with sse_response(request) as response:
        channel.add(queue)
        try:
            while response.is_connected():
                await response.send(await queue.get())
        finally:
            channel.discard(queue)
    return response


def main() -> None:
    """Serve."""
    app = web.Application()
    app.router.add_post("/pub/{channel}", publish)
    app.router.add_get("/sub/{channel}", watch)
    serve(app)


if __name__ == "__main__":
    main()
