"""Where bytes are kept; a store implements it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import attrs

from safelight.status import Output, Preview
from safelight.updates import Content

if TYPE_CHECKING:
    import aiohttp


@attrs.frozen(kw_only=True)
class Kept:
    """
    Bytes as they are kept, opened for reading; the reader closes `file`.

    Attributes:
        path: The file itself, for zero-copy sending.
        sha256: Hex digest, the ETag.
        modified: When it was kept.
    """

    file: BinaryIO
    path: Path
    type: str
    bytes: int
    sha256: str
    modified: datetime


class Outputs(ABC):
    """Where the bytes of results are kept, under names that are capabilities (128 random bits)."""

    @abstractmethod
    async def __aenter__(self) -> Self:
        """
        Open, and clear away what an earlier process left half-written.

        Raises:
            OSError: Nothing can be kept there.
        """

    @abstractmethod
    async def __aexit__(self, *exc_info: object) -> None:
        """Let go."""

    @abstractmethod
    async def keep(
        self,
        generation_id: str,
        content: Content,
        *,
        claimed_type: str | None,
        seed: int | None,
        session: aiohttp.ClientSession | None = None,
    ) -> Output:
        """
        Store an output whole and durably, and say what it is from its bytes.

        A picture that comes back without a placeholder is one of which none could be made (in time): that loses nothing else.

        Args:
            content: Bytes, a path (copied), a URL or data: URI (fetched under the limits), or chunks.
            claimed_type: What the provider calls it; used only where the bytes themselves cannot tell.
            session: The provider instance's own client: a URL is fetched through its connector, so what the guard there
                allows is allowed here. Its headers and cookies are not sent. None: public addresses only.

        Raises:
            OutputRefused: Too large, too many pixels, empty, forbidden address; nothing stays behind.
            OutputUnreachable: It cannot be had at present; nothing stays behind.
            StorageFull: No room at present; nothing stays behind.
        """

    @abstractmethod
    async def preview(
        self,
        generation_id: str,
        content: Content,
        *,
        session: aiohttp.ClientSession | None = None,
    ) -> Preview:
        """
        Store the newest preview and delete the one before; `session` as for `keep`.

        Raises:
            OutputRefused: Not a raster image, or over the limits.
            StorageFull: No room.
        """

    @abstractmethod
    async def open(self, generation_id: str, name: str) -> Kept | None:
        """Open one kept file, or None; any string at all may be asked for."""

    @abstractmethod
    async def thumbnail(self, generation_id: str, name: str, width: int) -> Kept | None:
        """
        Open a WebP of one kept picture, made once and forgotten with it, or return None where `open` would.

        Args:
            width: At most so many pixels; rounded up to a width of the store's own, the largest of which also stands for more.

        Raises:
            InvalidInput: It is no raster picture.
            PictureBroken: It cannot be decoded.
            Busy: It takes too long now; a later call may find it made.
            StorageFull: No room.
        """

    @abstractmethod
    async def purge(self, generation_id: str) -> None:
        """Delete everything of a generation; deleting what is not there is fine."""
