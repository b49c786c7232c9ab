"""
The layout of the folder of outputs.

`<folder>/<generation>/<32 hex digits>-<sha256>.<extension>`, reached as `/v1/outputs/<generation>/<32 hex digits>.<extension>`.
A thumbnail stands beside it as `<the same 32 hex digits>-<its own sha256>-<width>.webp`.
Digest and type stand in the name of the file, not in a second file beside it: one rename makes bytes and facts appear
together, and nothing has to be hashed or parsed again to serve them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from safelight.generation import is_id
from safelight.outputs.sniffing import THUMBNAIL, Kind, kind_of
from safelight.outputs.threads import in_thread
from safelight.ports import Kept

_NAME = re.compile(r"(?P<stem>[0-9a-f]{32})\.(?P<extension>[a-z0-9]{2,5})", re.ASCII)
_FILE = re.compile(
    r"(?P<stem>[0-9a-f]{32})-(?P<sha256>[0-9a-f]{64})(?P<preview>-preview)?(-(?P<width>\d{2,4}))?\.(?P<extension>[a-z0-9]{2,5})",
    re.ASCII,
)
_NO_LINK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Shelf:
    """
    Knows where everything stands; every method blocks a little and belongs in a thread.

    Attributes:
        parts: Where files wait that are not whole yet: one folder for all generations, so that clearing it at the
            start takes no walk through everything.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.parts = folder / ".parts"

    def prepare(self) -> None:
        """
        Make the folders, and delete the parts, and what was being purged, that a crash left.

        Raises:
            OSError: They cannot be written, which is better known before something was paid for than when it is to be kept.
        """
        for folder in (self._folder, self.parts):
            folder.mkdir(mode=0o700, exist_ok=True)  # whose names are ids, and whoever knows one may watch it
            probe = folder / "probe.part"
            probe.touch(mode=0o600)
            probe.unlink()
        for path in self.parts.glob("*.part"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def place(self, generation_id: str, kind: Kind, sha256: str, *, is_preview: bool) -> tuple[str, Path]:
        """Return a fresh public name for something, and the path to move it to."""
        if not is_id(generation_id):
            raise ValueError(f"not the id of a generation: {generation_id!r}")
        stem, mark = secrets.token_hex(16), "-preview" if is_preview else ""
        return f"{stem}.{kind.extension}", self._folder / generation_id / f"{stem}-{sha256}{mark}.{kind.extension}"

    def previews(self, generation_id: str) -> list[Path]:
        """Return the previews that a generation has."""
        folder = self._folder / generation_id
        if not folder.exists():
            return []
        return [path for path in folder.iterdir() if (found := _FILE.fullmatch(path.name)) and found["preview"]]

    def place_thumbnail(self, source: Path, sha256: str, width: int) -> Path:
        """Return the path to move a thumbnail to."""
        return source.with_name(f"{source.name[:32]}-{sha256}-{width}.{THUMBNAIL.extension}")

    def open(self, generation_id: str, name: str, width: int | None = None) -> Kept | None:
        """
        Open by public name, or its thumbnail of a width, or return None whatever the two strings are.

        It goes by descriptors that follow no link, so that nothing outside the folder can be reached.
        """
        asked = _NAME.fullmatch(name)
        kind = kind_of(asked["extension"]) if asked else None
        if not is_id(generation_id) or asked is None or kind is None:
            return None
        path = self._folder / generation_id
        try:
            folder = os.open(path, _NO_LINK | os.O_DIRECTORY)
            try:
                found = _find(folder, asked["stem"], kind.extension)
                if found and width is not None:
                    kind, found = THUMBNAIL, _find(folder, asked["stem"], THUMBNAIL.extension, str(width))
                fd = os.open(found[0], _NO_LINK, dir_fd=folder) if found else None
            finally:
                os.close(folder)
        except OSError:  # never was, purged meanwhile, or not a file of ours
            return None
        if found is None or fd is None:
            return None
        facts = os.fstat(fd)
        return Kept(
            file=os.fdopen(fd, "rb"),
            path=path / found[0],
            type=kind.type,
            bytes=facts.st_size,
            sha256=found["sha256"],
            modified=datetime.fromtimestamp(facts.st_mtime, UTC),
        )

    def remove(self, paths: Iterable[Path]) -> None:
        """Delete files, those already gone included, and after each its thumbnails: whoever places one looks for it last."""
        for path in paths:
            path.unlink(missing_ok=True)
            for thumbnail in path.parent.glob(f"{path.name[:32]}-*.{THUMBNAIL.extension}"):
                thumbnail.unlink(missing_ok=True)

    def purge(self, generation_id: str) -> None:
        """Delete everything of a generation, if there is anything: out of reach at one stroke, then for good."""
        if is_id(generation_id):
            doomed = self.parts / f"{generation_id}.part"
            _delete(doomed)  # what an earlier call could not
            with contextlib.suppress(FileNotFoundError):
                _delete((self._folder / generation_id).rename(doomed))


async def look(shelf: Shelf, generation_id: str, name: str, width: int | None = None) -> Kept | None:
    """Do `Shelf.open` beside the loop; a cancel leaves no file open."""
    return await in_thread(lambda: shelf.open(generation_id, name, width), undo=_close)


def _close(kept: Kept | None) -> None:
    if kept is not None:
        kept.file.close()


def _delete(folder: Path) -> None:
    """Delete a folder that is out of reach, with what still lands in it: a thumbnail whose move had begun before."""
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.ENOENT}:
                raise


def _find(folder: int, stem: str, extension: str, width: str | None = None) -> re.Match[str] | None:
    with os.scandir(folder) as entries:
        for entry in entries:
            found = _FILE.fullmatch(entry.name)
            if found and (found["stem"], found["extension"], found["width"]) == (stem, extension, width):
                return found
    return None
