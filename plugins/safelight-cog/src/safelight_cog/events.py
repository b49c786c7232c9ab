"""A Server-Sent-Events stream of Cog's, read as it comes; a picture may stand in one line of it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from typing import Any

import attrs

from safelight.providers import ProviderProtocol


@attrs.frozen
class Event:
    """
    One event.

    Attributes:
        name: `start`, `log`, `metric`, `output`, `completed` or `error`; empty for a comment, which keeps the line alive.
        data: What it says.
    """

    name: str
    data: dict[str, Any]


async def read_events(chunks: AsyncIterable[bytes], at_most: int) -> AsyncGenerator[Event, None]:
    """
    Yield events, comments too; what is cut off at the end is none.

    Args:
        at_most: The largest event that is read, in bytes.

    Raises:
        ProviderProtocol: It is larger, or holds no JSON object.
    """
    name, data = "", bytearray()
    async with aclosing(_lines(chunks, at_most)) as lines:
        async for line in lines:
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if not line:
                if data:
                    yield Event(name, _read(data))
                name, data = "", bytearray()
            elif not field:
                yield Event("", {})
            elif field == b"event":
                name = value.decode("utf-8", "replace")
            elif field == b"data":
                data += (b"\n" if data else b"") + value
                _check(len(data), at_most)


async def _lines(chunks: AsyncIterable[bytes], at_most: int) -> AsyncGenerator[bytes, None]:
    rest = bytearray()
    async for chunk in chunks:
        seen, start = len(rest), 0
        rest += chunk
        while (end := rest.find(b"\n", max(seen, start))) >= 0:
            yield bytes(rest[start:end]).removesuffix(b"\r")
            start = end + 1
        del rest[:start]
        _check(len(rest), at_most)


def _check(size: int, at_most: int) -> None:
    if size > at_most:
        raise ProviderProtocol(f"The Cog server sent an event larger than {at_most} bytes.")


def _read(data: bytes | bytearray) -> dict[str, Any]:
    try:
        said = json.loads(data)
    except ValueError as error:
        raise ProviderProtocol("The Cog server sent an event that is not JSON.") from error
    if not isinstance(said, dict):
        raise ProviderProtocol("The Cog server sent an event that is no object.")
    return said
