"""The provider: runs that are fed from outside, that keep a pace, that flood, or that hold still."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from typing import Any, ClassVar, Literal, Self

import attrs

from safelight.providers import (
    Control,
    LocalProvider,
    Noted,
    Nothing,
    Produced,
    Progressed,
    Provider,
    Request,
    Resources,
    Started,
    Update,
    hookimpl,
)
from safelight_bench.desk import Caller, Desk

PORT_FILE = "port"
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
)
_WORDS = "light tide rope salt amber north glass dusk "
_GOLDEN = 0.6180339887


@attrs.frozen(kw_only=True)
class Options:
    """
    What one run says.

    Attributes:
        how: `fed`: what comes to the desk for its channel, as it comes. `paced`: `events` of them over `seconds`, from the
            word go. `flood`: as many as are taken, for `seconds` from the word go. `held`: nothing.
        size: Bytes of each message.
    """

    how: Literal["fed", "paced", "flood", "held"] = "held"
    channel: int = 0
    events: int = 20
    seconds: float = 10.0
    size: int = 100


_Request = Request[Any, Options]


class Bench(LocalProvider):
    """Says what the benchmark wants, when it wants it."""

    name = "bench"
    Params: ClassVar[type] = Nothing
    Options: ClassVar[type] = Options

    def __init__(self, settings: Any, resources: Resources) -> None:
        super().__init__(settings, resources)
        self._desk = Desk()

    async def __aenter__(self) -> Self:
        """Open the desk, and write down where it is."""
        self._server = await asyncio.get_running_loop().create_server(lambda: Caller(self._desk), "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        (self.resources.folder / PORT_FILE).write_text(f"{port}\n", encoding="ascii")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Close the desk."""
        self._server.close()

    async def generate(self, request: _Request, control: Control) -> AsyncIterator[Update]:  # noqa: ARG002 - nothing here is paid or paused
        """Say it, then hand over the smallest picture there is."""
        options = request.options
        self._desk.calls += 1
        said = self._desk.queue(options.channel) if options.how == "fed" else None
        yield Started()
        if said is not None:
            while (message := await said.get()) is not None:
                yield Noted(message)
        elif options.how == "held":
            await asyncio.Event().wait()
        else:
            await self._desk.going.wait()
            async for update in _paced(options) if options.how == "paced" else _flood(options):
                yield update
            if options.how == "paced":
                await asyncio.Event().wait()
        yield Produced(_PICTURE, type="image/png")


async def _paced(options: Options) -> AsyncIterator[Update]:
    """Keep the pace, from an offset of the channel's own, so that many runs do not speak at once."""
    loop = asyncio.get_running_loop()
    pause = options.seconds / options.events
    due = loop.time() + options.channel * _GOLDEN % 1 * pause
    for number in range(options.events):
        await asyncio.sleep(due - loop.time())
        yield Progressed(number / options.events, message=_message(number, options.size))
        due += pause


async def _flood(options: Options) -> AsyncIterator[Update]:
    """Say as much as is taken."""
    loop = asyncio.get_running_loop()
    end, number = loop.time() + options.seconds, 0
    while loop.time() < end:
        yield Noted(_message(number, options.size))
        number += 1
        await asyncio.sleep(0)


def _message(number: int, size: int) -> str:
    """Stamp and number it, as the load client reads them."""
    head = f"t={time.monotonic_ns()} n={number} "
    text = (head + _WORDS * (size // len(_WORDS) + 1))[: max(size, len(head))]
    return text if not text.endswith(" ") else f"{text[:-1]}."  # a space at the end of a message is not shown


@hookimpl
def safelight_providers() -> list[type[Provider]]:
    """Offer it."""
    return [Bench]
