"""
What of the log was written, and what of it SQLite still takes: from the first damaged page on it drops the rest in silence.

It is the format that <https://www.sqlite.org/walformat.html> describes.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from pathlib import Path

import structlog

log = structlog.get_logger()

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_LITTLE_ENDIAN, _BIG_ENDIAN = 0x377F0682, 0x377F0683
_PAGE = 4096


def written(file: Path) -> int:
    """Return how many pages the log beside a file holds, to the last that ends a transaction, whether they can be read or not."""
    try:
        with file.with_name(f"{file.name}-wal").open("rb") as wal:
            head = wal.read(_HEADER.size)
            return _written(wal.fileno(), head) if len(head) == _HEADER.size else 0
    except FileNotFoundError:
        return 0


def mind(connection: sqlite3.Connection, file: Path, pages: int) -> None:
    """
    Say how many pages of the log SQLite has dropped; to be called before anything is written.

    Args:
        pages: What `written` returned before the file was opened.
    """
    if not pages:
        return
    taken: int = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
    if taken < pages:
        log.warning("journal_tail_dropped", file=str(file), pages=pages - taken, taken=taken)


def _written(wal: int, head: bytes) -> int:
    """Count by salts, which every page carries that was written since the log was begun anew; what stands behind is older."""
    _, _, page, _, *salts, _, _ = _HEADER.unpack(head)
    is_sound = _is_sound(head)
    step = _FRAME.size + (page if is_sound else _PAGE)
    last = 0
    for number, start in enumerate(range(_HEADER.size, os.fstat(wal).st_size - step + 1, step), start=1):
        _, size_after, *salts_of_page, _, _ = _FRAME.unpack(os.pread(wal, _FRAME.size, start))
        if number == 1 and not is_sound:
            salts = salts_of_page
        if size_after and salts_of_page == salts:
            last = number
    return last


def _is_sound(head: bytes) -> bool:
    magic, *_, first, second = _HEADER.unpack(head)
    if magic not in {_LITTLE_ENDIAN, _BIG_ENDIAN}:
        return False
    words = struct.unpack(f"{'<' if magic == _LITTLE_ENDIAN else '>'}6I", head[:24])
    one = two = 0
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = (one + even + two) & 0xFFFFFFFF
        two = (two + odd + one) & 0xFFFFFFFF
    return (one, two) == (first, second)
