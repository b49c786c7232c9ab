"""A file on its way in: written in pieces under a cap, hashed as it goes, then moved into place whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from safelight.errors import OutputRefused, StorageFull
from safelight.outputs.threads import in_thread

HEAD_BYTES = 4096
_BLOCK_BYTES = 1024 * 1024


class Part:
    """
    One `.part` file, owned by one writer: open, feed, finish, move, release; and discard in any case, at any moment.

    Memory stays at one block whatever the size.

    Attributes:
        path: Where it is now.
        head: The first bytes, to tell the type from.
        size: Bytes taken so far.
    """

    def __init__(self, folder: Path, *, max_bytes: int, min_free_bytes: int) -> None:
        self.path = folder / f"{secrets.token_hex(16)}.part"
        self.head = b""
        self.size = 0
        self._max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes
        self._digest = hashlib.sha256()
        self._waiting = bytearray()
        self._lock = threading.Lock()
        self._fd: int | None = None
        self._is_ours = False

    @property
    def sha256(self) -> str:
        """Hex digest of what has been written."""
        return self._digest.hexdigest()

    async def open(self) -> None:
        """
        Make the file.

        Raises:
            StorageFull: Too little room is left.
        """
        await in_thread(self._open)

    def expect(self, size: int) -> None:
        """
        Hear how large it is going to be.

        Raises:
            OutputRefused: That is over the cap.
        """
        if size > self._max_bytes:
            raise OutputRefused(f"The output is larger than the limit of {self._max_bytes} bytes.")

    async def feed(self, chunk: bytes | bytearray | memoryview) -> None:
        """
        Take the next bytes.

        Raises:
            OutputRefused: Over the cap.
            StorageFull: Too little room is left, or the disk refused.
        """
        view = memoryview(chunk).cast("B")
        self.expect(self.size + len(view))
        self.size += len(view)
        for start in range(0, len(view), _BLOCK_BYTES):
            self._waiting += view[start : start + _BLOCK_BYTES]
            if len(self._waiting) >= _BLOCK_BYTES:
                await self._flush()

    async def finish(self) -> None:
        """
        Write what still waits; `sha256` and the file are whole from here.

        Raises:
            OutputRefused: Nothing came at all.
        """
        if self.size == 0:
            raise OutputRefused("The output is empty.")
        await self._flush()

    async def move(self, target: Path, *, at: datetime, durable: bool, makes_folder: bool = True) -> None:
        """
        Put the file in its place, dated `at`, in a folder that is made where needed, unless it has to be there.

        Raises:
            StorageFull: The disk refused.
        """
        await in_thread(lambda: self._move(target, at, durable=durable, makes_folder=makes_folder))

    def release(self) -> None:
        """Let the file live: it is somebody else's now."""
        self._is_ours = False

    async def discard(self) -> None:
        """Close it, and delete it wherever it is unless it was released; nothing more is written."""
        if self._fd is not None or self._is_ours:
            await in_thread(self._discard)

    async def _flush(self) -> None:
        block, self._waiting = bytes(self._waiting), bytearray()
        self.head = self.head or block[:HEAD_BYTES]
        await in_thread(lambda: self._write(block))

    def _open(self) -> None:
        with self._lock, _disk():
            for folder in (self.path.parent.parent, self.path.parent):
                folder.mkdir(mode=0o700, exist_ok=True)  # whoever makes room by hand may have deleted them
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            self._is_ours = True
            self._check_room(self._fd)

    def _write(self, block: bytes) -> None:
        with self._lock, _disk():
            fd = self._descriptor()
            self._check_room(fd)
            rest = memoryview(block)
            while rest:
                rest = rest[os.write(fd, rest) :]
            self._digest.update(block)

    def _move(self, target: Path, at: datetime, *, durable: bool, makes_folder: bool) -> None:
        with self._lock, _disk():
            fd = self._descriptor()
            folder = target.parent
            if makes_folder:
                folder.mkdir(mode=0o700, exist_ok=True)  # whoever lists it holds every capability in it
            stamp = int(at.timestamp() * 1_000_000_000)
            os.utime(fd, ns=(stamp, stamp))
            if durable:
                os.fsync(fd)
            self._close()
            self.path = self.path.rename(target)
            if durable:
                _sync(folder)
                _sync(folder.parent)  # whoever made the folder may have been a preview's move, which syncs nothing

    def _discard(self) -> None:
        with self._lock:
            self._close()
            if self._is_ours:
                self.path.unlink(missing_ok=True)
                self._is_ours = False

    def _close(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.close(fd)

    def _descriptor(self) -> int:
        if self._fd is None:
            raise OutputRefused("The output came after its time was up.")
        return self._fd

    def _check_room(self, fd: int) -> None:
        disk = os.fstatvfs(fd)
        if disk.f_bavail * disk.f_frsize < self._min_free_bytes:
            raise StorageFull(f"Less than {self._min_free_bytes} bytes of disk are free.")


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFull(f"The disk refused to store the output ({error.strerror}).") from error


def _sync(folder: Path) -> None:
    """Make the names in a folder survive the loss of power."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
