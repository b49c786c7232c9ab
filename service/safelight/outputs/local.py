"""Outputs in a folder of this machine: taken in under every limit, then put on the shelf."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import attrs
import structlog

from safelight.config.model import OutputSettings
from safelight.egress import open_session
from safelight.errors import OutputRefused, OutputUnreachable
from safelight.outputs.darkroom import Darkroom
from safelight.outputs.fetching import Fetcher
from safelight.outputs.parts import Part
from safelight.outputs.pictures import measure
from safelight.outputs.shelf import Shelf, look
from safelight.outputs.shrinking import placeholder
from safelight.outputs.sniffing import Kind, sniff
from safelight.outputs.sources import Source
from safelight.outputs.threads import in_thread
from safelight.outputs.thumbnails import Thumbnails
from safelight.ports import Clock, Kept, Outputs
from safelight.status import Output, Preview
from safelight.updates import Content

if TYPE_CHECKING:
    import aiohttp

log = structlog.get_logger()

_STOP_SECONDS = 2.0
"""How long a source may take to end once it is canceled, before it is left behind."""
_PLACEHOLDER_SEATS = 1
_PLACEHOLDER_SECONDS = 10.0
"""How long an output waits at most for its placeholder, which is an extra."""
_PREVIEWS = frozenset({"image/png", "image/jpeg", "image/webp"})


def _open_public() -> aiohttp.ClientSession:
    return open_session(private_network=False)


@attrs.frozen
class _Taken:
    """A part that is whole, and what it turned out to be."""

    part: Part
    kind: Kind
    width: int | None
    height: int | None


class LocalOutputs(Outputs):
    """
    Keeps outputs in a folder.

    Args:
        folder: Made where it does not exist; it belongs to this process alone.
        url_prefix: What comes before `/v1/outputs/…` in URLs: scheme and host, or nothing.
        min_free_bytes: Room that is left to the rest of the service.
        open_fetcher: Opens the client for URLs that come without the session of a provider instance.
    """

    def __init__(
        self,
        folder: Path,
        settings: OutputSettings,
        clock: Clock,
        *,
        url_prefix: str = "",
        min_free_bytes: int = 0,
        open_fetcher: Callable[[], aiohttp.ClientSession] = _open_public,
    ) -> None:
        self._shelf = Shelf(folder)
        self._settings = settings
        self._clock = clock
        self._url_prefix = url_prefix.rstrip("/")
        self._min_free_bytes = min_free_bytes
        self._open_fetcher = open_fetcher
        self._session: aiohttp.ClientSession | None = None
        self._darkroom = Darkroom(_PLACEHOLDER_SEATS)  # of its own: a crowd that looks never delays an ending
        self._thumbnails = Thumbnails(self._shelf, max_pixels=settings.max_pixels, min_free_bytes=min_free_bytes)
        self._pouring: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        """Make the folder, and delete the parts that a crash left."""
        await in_thread(self._shelf.prepare)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Stop making small copies, and close the client."""
        await self._thumbnails.close()
        self._darkroom.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def keep(
        self,
        generation_id: str,
        content: Content,
        *,
        claimed_type: str | None,
        seed: int | None,
        session: aiohttp.ClientSession | None = None,
    ) -> Output:
        """See `Outputs.keep`."""
        async with self._taking(content, claimed_type, session, self._settings.max_bytes) as taken:
            blurred = await self._placeholder(generation_id, taken)
            url = await self._place(generation_id, taken, is_preview=False)
            taken.part.release()
            return Output(
                url=url,
                type=taken.kind.type,
                bytes=taken.part.size,
                sha256=taken.part.sha256,
                width=taken.width,
                height=taken.height,
                seed=seed,
                placeholder=blurred,
            )

    async def preview(
        self,
        generation_id: str,
        content: Content,
        *,
        session: aiohttp.ClientSession | None = None,
    ) -> Preview:
        """See `Outputs.preview`; not synced, since a lost preview is replaced by the next."""
        async with self._taking(content, None, session, self._settings.preview_max_bytes) as taken:
            if taken.kind.type not in _PREVIEWS or taken.width is None or taken.height is None:
                raise OutputRefused(f"The preview is '{taken.kind.type}', not PNG, JPEG or WebP.")
            before = await in_thread(lambda: self._shelf.previews(generation_id))
            url = await self._place(generation_id, taken, is_preview=True)
            taken.part.release()
            await in_thread(lambda: self._shelf.remove(before))
            return Preview(url=url, width=taken.width, height=taken.height)

    async def open(self, generation_id: str, name: str) -> Kept | None:
        """See `Outputs.open`."""
        return await look(self._shelf, generation_id, name)

    async def thumbnail(self, generation_id: str, name: str, width: int) -> Kept | None:
        """See `Outputs.thumbnail`."""
        return await self._thumbnails.open(generation_id, name, width)

    async def purge(self, generation_id: str) -> None:
        """See `Outputs.purge`."""
        await in_thread(lambda: self._shelf.purge(generation_id))

    @contextlib.asynccontextmanager
    async def _taking(
        self, content: Content, claimed: str | None, session: aiohttp.ClientSession | None, max_bytes: int
    ) -> AsyncIterator[_Taken]:
        """Take content in, and leave nothing of it behind unless the part is released inside."""
        part = Part(self._shelf.parts, max_bytes=max_bytes, min_free_bytes=self._min_free_bytes)
        try:
            await part.open()
            said = await self._pour(Source(content, lambda: self._fetcher(session)), part)
            await part.finish()
            kind = sniff(part.head, claimed or said)
            width, height = None, None
            if kind.decoder is not None:
                width, height = await in_thread(
                    partial(measure, part.path, kind.decoder, max_pixels=self._settings.max_pixels),
                )
            yield _Taken(part, kind, width, height)
        finally:
            await part.discard()

    async def _placeholder(self, generation_id: str, taken: _Taken) -> str | None:
        if taken.kind.decoder is None:
            return None
        work = partial(placeholder, taken.part.path, taken.kind.decoder, max_pixels=self._settings.max_pixels)
        try:
            async with asyncio.timeout(_PLACEHOLDER_SECONDS):
                return await self._darkroom.develop(work)
        except Exception as error:  # noqa: BLE001 - an extra, whose loss never costs the output: a codec raises anything
            log.warning("placeholder_lost", generation=generation_id, error=error)
            return None

    async def _pour(self, source: Source, part: Part) -> str | None:
        """Run a source apart and in bounded time, whatever it does: it may be plugin code."""
        pouring = asyncio.create_task(source.pour(part), name="output-source")
        self._pouring.add(pouring)
        pouring.add_done_callback(self._ended)
        try:
            await asyncio.wait({pouring}, timeout=self._settings.fetch_seconds)
            if not pouring.done():
                raise OutputUnreachable(f"The output did not arrive within {self._settings.fetch_seconds:g} s.")
        finally:
            await self._stop(pouring)
        if pouring.cancelled():
            raise OutputRefused("The provider's output broke off (CancelledError).")
        return pouring.result()

    async def _stop(self, pouring: asyncio.Task[Any]) -> None:
        if not pouring.done():
            pouring.cancel()
            await asyncio.wait({pouring}, timeout=_STOP_SECONDS)
            if not pouring.done():
                log.warning("output_source_left_behind")

    def _ended(self, pouring: asyncio.Task[Any]) -> None:
        self._pouring.discard(pouring)
        if not pouring.cancelled():
            pouring.exception()  # whoever still waits has it; after a cancel nobody asks, and asyncio would complain

    def _fetcher(self, session: aiohttp.ClientSession | None) -> Fetcher:
        if session is None:
            session = self._session = self._session or self._open_fetcher()
        if session.connector is None:
            raise OutputRefused("The output cannot be fetched any more: the provider's client is closed.")
        return Fetcher(session.connector, max_redirects=self._settings.max_redirects)

    async def _place(self, generation_id: str, taken: _Taken, *, is_preview: bool) -> str:
        name, target = self._shelf.place(generation_id, taken.kind, taken.part.sha256, is_preview=is_preview)
        await taken.part.move(target, at=self._clock.now(), durable=not is_preview)
        return f"{self._url_prefix}/v1/outputs/{generation_id}/{name}"
