"""The newest preview of a generation, fetched and made small beside the watching, and not too often."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing
from typing import Self

from safelight.cli.pictures.detecting import Way
from safelight.cli.pictures.drawing import Canvas
from safelight.cli.running import end
from safelight.cli.showing.base import Show
from safelight.client.base import Client, Snapshot
from safelight.errors import SafelightError

_PAUSE_SECONDS = 0.5
_MAX_BYTES = 8 * 1024 * 1024


class Previews:
    """Shows previews while it is entered, where the show and the terminal can."""

    def __init__(self, client: Client, show: Show, canvas: Canvas | None) -> None:
        self._client = client
        self._show = show
        self._canvas = canvas if canvas is not None and canvas.small is not Way.NONE and show.wants_previews else None
        self._url: str | None = None
        self._news = asyncio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self._canvas is not None:
            task = asyncio.create_task(self._run(self._canvas))
            self._stack.push_async_callback(end, task)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    def hear(self, snapshot: Snapshot) -> None:
        """Note the preview of a snapshot."""
        url = (snapshot.get("preview") or {}).get("url")
        if url is not None and url != self._url:
            self._url = str(url)
            self._news.set()

    async def _run(self, canvas: Canvas) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                content = await self._fetched(str(self._url))
                self._show.preview(await asyncio.to_thread(canvas.sketch, content))
            except SafelightError:
                pass  # replaced by a newer one meanwhile, as a rule: the one on the screen stays until that is there
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _fetched(self, url: str) -> bytes:
        content = bytearray()
        async with aclosing(self._client.read(url)) as chunks:
            async for chunk in chunks:
                content += chunk
                if len(content) > _MAX_BYTES:
                    break
        return bytes(content)
