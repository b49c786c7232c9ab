"""Content in any of its forms, poured into a part."""

from __future__ import annotations

import asyncio
import binascii
import os
import re
import stat
from collections.abc import AsyncIterable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import attrs

from safelight.errors import OutputRefused, StorageFull
from safelight.outputs.fetching import Fetcher
from safelight.outputs.parts import Part
from safelight.outputs.threads import in_thread

_BLOCK = 1024 * 1024
_DATA = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[^;,]*)*(?P<base64>;base64)?,", re.IGNORECASE | re.ASCII)


@attrs.frozen
class Source:
    """
    Something to keep.

    Attributes:
        content: What a plugin handed over; it may be anything at all.
        fetcher: Makes the means to fetch a URL, when it comes to that.
    """

    content: Any
    fetcher: Callable[[], Fetcher]

    async def pour(self, part: Part) -> str | None:
        """
        Feed all of it to `part`, and return the type that a data: URI says it has.

        Run it in a task of its own: chunks are plugin code, which may hang.

        Raises:
            OutputRefused: It is not, or does not give, what it should.
            StorageFull: From the part.
        """
        if isinstance(self.content, bytes | bytearray | memoryview):
            await part.feed(self.content)
        elif isinstance(self.content, Path):
            await _pour_file(self.content, part)
        elif isinstance(self.content, str):
            if self.content[:5].lower() == "data:":
                return await _pour_data(self.content, part)
            await self._pour_url(self.content, part)
        elif hasattr(self.content, "__aiter__"):
            await _pour_chunks(self.content, part)
        else:
            raise OutputRefused(
                f"The provider's output is a '{type(self.content).__name__}', not bytes, a path, a URL or chunks."
            )
        return None

    async def _pour_url(self, url: str, part: Part) -> None:
        async with aclosing(self.fetcher().fetch(url)) as body:
            async for item in body:
                if isinstance(item, int):
                    part.expect(item)
                else:
                    await part.feed(item)


async def _pour_file(path: Path, part: Part) -> None:
    def open_file() -> int:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not make us wait for its writer
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            os.close(fd)
            raise OutputRefused("The provider's output is not a regular file.")
        fds.append(fd)
        part.expect(found.st_size)
        return fd

    fds: list[int] = []
    try:
        fd = await in_thread(open_file)
        while block := await in_thread(lambda: os.read(fd, _BLOCK)):
            await part.feed(block)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        raise OutputRefused(f"The provider's output file cannot be read ({type(error).__name__}).") from error
    finally:
        for opened in fds:
            os.close(opened)


async def _pour_data(uri: str, part: Part) -> str | None:
    found = _DATA.match(uri)
    if found is None:
        raise OutputRefused("The output's data: URI cannot be read.")
    start = found.end()
    if found["base64"] is None:
        part.expect((len(uri) - start) // 3)  # at its shortest, when every byte is written as %xx
        await part.feed(await in_thread(lambda: _decoded(lambda: unquote_to_bytes(uri[start:]))))
        return found["type"]
    part.expect((len(uri) - start) // 4 * 3 - 2)
    if "=" in uri[start:-2]:
        raise OutputRefused("The output's data: URI cannot be read.")
    for at in range(start, len(uri), 4 * _BLOCK):
        piece = uri[at : at + 4 * _BLOCK]
        await part.feed(await in_thread(lambda: _decoded(lambda: binascii.a2b_base64(piece, strict_mode=True))))  # noqa: B023 - at once
    return found["type"]


def _decoded(decode: Callable[[], bytes]) -> bytes:
    try:
        return decode()
    except ValueError as error:
        raise OutputRefused("The output's data: URI cannot be read.") from error


async def _pour_chunks(chunks: AsyncIterable[Any], part: Part) -> None:
    try:
        try:
            async for chunk in chunks:
                if not isinstance(chunk, bytes | bytearray | memoryview):
                    raise OutputRefused(f"The provider's output came as '{type(chunk).__name__}' chunks, not bytes.")
                await part.feed(chunk)
                await asyncio.sleep(0)  # an iterator that never waits must not hold the loop
        finally:
            if close := getattr(chunks, "aclose", None):
                await close()
    except (OutputRefused, StorageFull, asyncio.CancelledError):
        raise
    except BaseException as error:  # SystemExit in a task would end the whole service
        raise OutputRefused(f"The provider's output broke off ({type(error).__name__}).") from error
