"""Thumbnails beside the pictures they show: made when first asked for, once each, and deleted with them."""

from __future__ import annotations

import asyncio
from functools import partial

from safelight.errors import Busy, Fault, InvalidInput, OutputRefused, PictureBroken, StorageFull
from safelight.outputs.darkroom import Darkroom
from safelight.outputs.parts import Part
from safelight.outputs.shelf import Shelf, look
from safelight.outputs.shrinking import thumbnail
from safelight.outputs.sniffing import kind_of
from safelight.outputs.threads import in_thread
from safelight.ports import Kept

WIDTHS = (64, 128, 256, 512, 1024)
"""The only ones there are: what is asked for is rounded up, so that a picture has five thumbnails at most."""
_SEATS = 2
_PATIENCE_SECONDS = 30.0
_MAX_BYTES = 64 * 1024 * 1024
"""More than the largest thumbnail can have, so that it never is the bound that is met."""


class Thumbnails:
    """Makes the thumbnails of one shelf. Who asks may leave: what was begun is finished, for the next who asks."""

    def __init__(self, shelf: Shelf, *, max_pixels: int, min_free_bytes: int) -> None:
        self._shelf = shelf
        self._max_pixels = max_pixels
        self._min_free_bytes = min_free_bytes
        self._darkroom = Darkroom(_SEATS)
        self._making: dict[tuple[str, str, int], asyncio.Task[None]] = {}

    async def close(self) -> None:
        """Stop making."""
        self._darkroom.close()
        if self._making:
            for making in self._making.values():
                making.cancel()
            await asyncio.wait(self._making.values())

    async def open(self, generation_id: str, name: str, width: int) -> Kept | None:
        """See `Outputs.thumbnail`."""
        width = next((known for known in WIDTHS if known >= width), WIDTHS[-1])
        if kept := await look(self._shelf, generation_id, name, width):
            return kept
        key = (generation_id, name, width)
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(self._make(*key), name=f"thumbnail:{generation_id}")
            making.add_done_callback(partial(self._made, key))
        await asyncio.wait({making}, timeout=_PATIENCE_SECONDS)
        if not making.done() or making.cancelled():
            raise Busy("The thumbnail is not made yet.")
        making.result()
        return await look(self._shelf, generation_id, name, width)

    async def _make(self, generation_id: str, name: str, width: int) -> None:
        source = await look(self._shelf, generation_id, name)
        if source is None:
            return
        source.file.close()
        kind = kind_of(name.rpartition(".")[2])
        if kind is None or kind.decoder is None:
            raise InvalidInput(Fault("w", f"An output of type '{source.type}' has no thumbnails."))
        content = await self._darkroom.develop(partial(self._develop, generation_id, name, width, kind.decoder))
        if content is not None:
            await self._place(source, content, width)

    def _develop(self, generation_id: str, name: str, width: int, decoder: str) -> bytes | None:
        """Return the thumbnail, None where the picture has gone or another call has just made it; for a thread."""
        if kept := self._shelf.open(generation_id, name, width):
            kept.file.close()
            return None
        source = self._shelf.open(generation_id, name)
        if source is None:
            return None
        with source.file:
            try:
                return thumbnail(source.file, decoder, width, max_pixels=self._max_pixels)
            except OutputRefused as error:
                raise PictureBroken(f"No thumbnail can be made: {error}") from error

    async def _place(self, source: Kept, content: bytes, width: int) -> None:
        part = Part(self._shelf.parts, max_bytes=_MAX_BYTES, min_free_bytes=self._min_free_bytes)
        try:
            await part.open()
            await part.feed(content)
            await part.finish()
            target = self._shelf.place_thumbnail(source.path, part.sha256, width)
            await part.move(target, at=source.modified, durable=True, makes_folder=False)
            if await in_thread(source.path.exists):  # else whoever removed it may have looked for thumbnails before
                part.release()
        except StorageFull:
            if await in_thread(source.path.exists):
                raise
        finally:
            await part.discard()

    def _made(self, key: tuple[str, str, int], making: asyncio.Task[None]) -> None:
        del self._making[key]
        if not making.cancelled():
            making.exception()  # whoever waits has it; where nobody does any more, asyncio would complain
