"""A Server-Sent-Events stream of an upstream, read as it comes; a picture may stand in one line of it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from typing import Any

import attrs

from safelight.providers.failures import ProviderProtocol


@attrs.frozen
class Event:
    """
    One event.

    Attributes:
        name: Its type, "message" where the stream names none; empty for a comment, which keeps the line alive.
        data: What it says, as text.
    """

    name: str
    data: str = ""

    def said(self) -> dict[str, Any]:
        """
        Return the JSON object in it; a comment holds an empty one.

        Raises:
            ProviderProtocol: It holds none.
        """
        try:
            said = json.loads(self.data) if self.name else {}
        except (ValueError, RecursionError) as error:
            raise ProviderProtocol("The upstream sent an event that is not JSON.") from error
        if not isinstance(said, dict):
            raise ProviderProtocol("The upstream sent an event that is no object.")
        return said


async def read_events(chunks: AsyncIterable[bytes], at_most: int) -> AsyncGenerator[Event, None]:
    """
    Yield events, comments too; what is cut off at the end is none.

    Args:
        at_most: The largest event that is read, in bytes.

    Raises:
        ProviderProtocol: It is larger.
    """
    name, data = "", bytearray()
    async with aclosing(_lines(chunks, at_most)) as lines:
        async for line in lines:
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if not line:
                if data:
                    yield Event(name or "message", data[:-1].decode("utf-8", "replace"))
                name, data = "", bytearray()
            elif not field:
                yield Event("")
            elif field == b"event":
                name = value.decode("utf-8", "replace")
            elif field == b"data":
                data += value + b"\n"
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
        raise ProviderProtocol(f"The upstream sent an event larger than {at_most} bytes.")
