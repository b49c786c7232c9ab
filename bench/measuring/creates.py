"""Creations in the service embedded: `python -m bench.measuring.creates FOLDER COUNT RATE`; it prints one JSON object."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from safelight import logs
from safelight.client.embedded import EmbeddedClient
from safelight.config.model import Config, Data, Instance
from safelight.web import collecting

_AT_ONCE = 32
_TICK_SECONDS = 0.001
_BODY = {"prompt": "a lighthouse at dusk", "options": {"how": "held"}}


async def _create(client: EmbeddedClient) -> None:
    """Create a generation, and see its first snapshot."""
    generation = await client.create(_BODY)
    async with aclosing(client.watch(generation, on_lost=lambda _: None)) as snapshots:
        await anext(snapshots)


async def _flat(create: Callable[[], Awaitable[None]], count: int) -> dict[str, float]:
    """Create as fast as it goes, so many at once."""

    async def work(times: int) -> None:
        for _ in range(times):
            await create()

    each = -(-count // _AT_ONCE)
    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work(each) for _ in range(_AT_ONCE)))
    made = each * _AT_ONCE
    return {"rate": made / (time.perf_counter() - began), "cpu_us": (time.process_time() - cpu) * 1e6 / made}


async def _paced(create: Callable[[], Awaitable[None]], count: int, rate: int) -> float:
    """Create at a rate, each timed from the moment it was due; return the p99 in milliseconds."""
    took: list[float] = []
    began = time.perf_counter()

    async def work(due: float) -> None:
        await create()
        took.append(time.perf_counter() - due)

    begun = 0
    async with asyncio.TaskGroup() as group:  # which lets go of each that is done
        while begun < count:
            await asyncio.sleep(_TICK_SECONDS)
            while begun < count and (due := began + begun / rate) <= time.perf_counter():
                group.create_task(work(due))
                begun += 1
    return sorted(took)[int(len(took) * 0.99)] * 1e3


async def _measure(folder: str, count: int, rate: int) -> dict[str, float]:
    config = Config(data=Data(folder=folder), default_provider="bench", providers={"bench": Instance(plugin="bench")})
    logs.configure(config.logs)
    async with EmbeddedClient(config) as client:
        collecting.spare()  # as `serve` does

        async def create() -> None:
            await _create(client)

        return await _flat(create, count) | {"p99_ms": await _paced(create, count, rate)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
