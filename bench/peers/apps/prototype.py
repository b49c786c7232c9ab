"""What aiohttp can do: one frame, encoded once, written to each transport in one loop; no journal, no rules, no service."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import defaultdict

import msgspec
from aiohttp import web
from aiohttp_sse import EventSourceResponse

from bench.peers.apps.serving import serve

_encode = msgspec.json.Encoder().encode
_TEXT = "light tide rope salt amber north glass dusk " * 5


class Channel:
    """Who looks, and the newest frame."""

    def __init__(self) -> None:
        self.transports: dict[asyncio.Transport, None] = {}
        self.frame = b""
        self._numbers = itertools.count()

    def show(self, data: bytes) -> None:
        """Encode once, write to all."""
        event = b"id: %d\ndata: %s\n\n" % (next(self._numbers), data)
        self.frame = frame = b"%x\r\n%s\r\n" % (len(event), event)
        for transport in tuple(self.transports):
            transport.write(frame)


channels: defaultdict[str, Channel] = defaultdict(Channel)
tasks: set[asyncio.Task[None]] = set()
made = itertools.count()


async def publish(request: web.Request) -> web.Response:
    """Show what was posted."""
    channels[request.match_info["channel"]].show(await request.read())
    return web.Response(status=204)


async def watch(request: web.Request) -> web.StreamResponse:
    """Stream a channel, beginning with its newest frame."""
    response = EventSourceResponse(sep="\n")
    await response.prepare(request)
    response.stop_streaming()
    channel, transport = channels[request.match_info["channel"]], request.transport
    if transport is None:
        raise ConnectionResetError
    if channel.frame:
        transport.write(channel.frame)
    channel.transports[transport] = None
    try:
        await asyncio.Event().wait()
    finally:
        del channel.transports[transport]
    return response


async def create(_: web.Request) -> web.Response:
    """Make a channel that has something to show."""
    name = f"made{next(made)}"
    channels[name].show(_encode({"status": "started", "sessionId": name, "message": _TEXT}))
    return web.json_response({"id": name})


async def go(request: web.Request) -> web.Response:
    """Let so many channels make so many events each within so many seconds."""
    count, events, seconds = (int(request.query[name]) for name in ("channels", "events", "seconds"))
    for number in range(count):
        task = asyncio.create_task(_pace(number, events, seconds))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    return web.Response(status=204)


async def _pace(number: int, events: int, seconds: int) -> None:
    loop = asyncio.get_running_loop()
    pause = seconds / events
    due = loop.time() + number * 0.6180339887 % 1 * pause
    for event in range(events):
        await asyncio.sleep(due - loop.time())
        message = f"t={time.monotonic_ns()} n={event} {_TEXT}"[:300]
        channels[str(number)].show(_encode({"status": "processing", "sessionId": number, "message": message}))
        due += pause


def main() -> None:
    """Serve."""
    app = web.Application()
    app.router.add_post("/pub/{channel}", publish)
    app.router.add_get("/sub/{channel}", watch)
    app.router.add_post("/create", create)
    app.router.add_post("/go", go)
    serve(app)


if __name__ == "__main__":
    main()
