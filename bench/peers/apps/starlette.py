"""sse-starlette as its documentation shows it: an async generator for each viewer."""

from __future__ import annotations

import asyncio
import resource
import sys
from collections import defaultdict
from collections.abc import AsyncIterator

import uvicorn
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

queues: defaultdict[str, set[asyncio.Queue[str]]] = defaultdict(set)


async def publish(request: Request) -> Response:
    """Hand what was posted to everybody's queue."""
    data = (await request.body()).decode()
    for queue in queues[request.path_params["channel"]]:
        queue.put_nowait(data)
    return Response(status_code=204)


async def watch(request: Request) -> EventSourceResponse:
    """Stream a channel."""
    return EventSourceResponse(_events(request.path_params["channel"]))


async def _events(channel: str) -> AsyncIterator[dict[str, str]]:
    queue: asyncio.Queue[str] = asyncio.Queue()
    queues[channel].add(queue)
    try:
        while True:
            yield {"data": await queue.get()}
    finally:
        queues[channel].discard(queue)


def main() -> None:
    """Serve, with as many open files as there may be."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    routes = [Route("/pub/{channel}", publish, methods=["POST"]), Route("/sub/{channel}", watch)]
    app = Starlette(routes=routes)
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning", loop="uvloop", http="httptools", backlog=4096)


if __name__ == "__main__":
    main()
