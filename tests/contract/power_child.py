"""
A process with a journal on a medium that remembers what was synced: `power_child.py <folder> <cuts>`.

SQLite is given a file system of ours: the usual one, but each write is noted until the sync that makes it last. Whenever
somebody was promised that something lasts, two folders are written as a loss of power might leave them at that moment:
one without anything that was not synced, one with some of it, in any order.
"""

import _sqlite3
import asyncio
import ctypes
import json
import random
import sys
from pathlib import Path

from conftest import HandClock, Words

from safelight.engines.sqlite import SqliteJournal, commits

WORDS = Words()
GENERATIONS = 4
OPEN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
DELETE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
WRITE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
TRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
SYNC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
POINTER = ctypes.sizeof(ctypes.c_void_p)
VFS_BYTES, NAME_AT, OPEN_AT, DELETE_AT = 21 * POINTER, 3 * POINTER, 5 * POINTER, 6 * POINTER
METHODS_BYTES, WRITE_AT, TRUNCATE_AT, SYNC_AT = 19 * POINTER, 3 * POINTER, 4 * POINTER, 5 * POINTER
"""Where things stand in sqlite3_vfs and sqlite3_io_methods, both of version 3."""


class Medium:
    """
    What of each file would outlive a loss of power.

    Attributes:
        lasting: Path to the bytes as last synced.
        pending: Path to the writes since, as `(at, bytes)`, and the cuts, as `(at, None)`.
        syncs: How often the medium was told to make something last.
    """

    def __init__(self):
        self.lasting = {}
        self.pending = {}
        self.syncs = 0
        self._kept = []  # callbacks and tables that SQLite holds pointers to
        self._paths = {}
        self._library = ctypes.CDLL(_sqlite3.__file__)
        self._library.sqlite3_vfs_find.restype = ctypes.c_void_p
        self._library.sqlite3_vfs_register.argtypes = (ctypes.c_void_p, ctypes.c_int)
        self._register(self._library.sqlite3_vfs_find(None))

    def cut_power(self, folder, *, dice=None):
        """Write the files as they may be found afterwards."""
        folder.mkdir(parents=True)
        for path, lasting in self.lasting.items():
            found = bytearray(lasting)
            pending = self.pending[path]
            for at, content in dice.sample(pending, dice.randint(0, len(pending))) if dice else ():
                _apply(found, at, content)
            (folder / Path(path).name).write_bytes(found)

    def _register(self, original):
        ours = ctypes.create_string_buffer(ctypes.string_at(original, VFS_BYTES), VFS_BYTES)
        open_file, delete = OPEN(_pointer_at(original, OPEN_AT)), DELETE(_pointer_at(original, DELETE_AT))

        @OPEN
        def opened(vfs, name, file, flags, flags_out):
            code = open_file(original, name, file, flags, flags_out)
            if code == 0 and name:  # SQLite holds on to the very pointer, so that it is handed on as it is
                self._watch(file, ctypes.string_at(name).decode())
            return code

        @DELETE
        def deleted(vfs, name, is_synced):
            for files in (self.lasting, self.pending):
                files.pop(name.decode(), None)
            return delete(original, name, is_synced)

        name = ctypes.create_string_buffer(b"remembering")
        _set_pointer(ours, NAME_AT, ctypes.addressof(name))
        _set_pointer(ours, OPEN_AT, ctypes.cast(opened, ctypes.c_void_p).value)
        _set_pointer(ours, DELETE_AT, ctypes.cast(deleted, ctypes.c_void_p).value)
        self._kept += [ours, opened, deleted, name]
        assert self._library.sqlite3_vfs_register(ours, 1) == 0

    def _watch(self, file, path):
        self._paths[file] = path
        if path not in self.lasting:
            self.lasting[path], self.pending[path] = Path(path).read_bytes(), []
        original = _pointer_at(file, 0)
        methods = ctypes.create_string_buffer(ctypes.string_at(original, METHODS_BYTES), METHODS_BYTES)
        write, truncate, sync = (
            kind(_pointer_at(original, at)) for kind, at in ((WRITE, WRITE_AT), (TRUNCATE, TRUNCATE_AT), (SYNC, SYNC_AT))
        )

        @WRITE
        def written(file, content, amount, at):
            code = write(file, content, amount, at)
            self.pending[self._paths[file]].append((at, ctypes.string_at(content, amount)))
            return code

        @TRUNCATE
        def truncated(file, at):
            self.pending[self._paths[file]].append((at, None))
            return truncate(file, at)

        @SYNC
        def synced(file, flags):
            self.syncs += 1
            code, path = sync(file, flags), self._paths[file]
            found = bytearray(self.lasting[path])
            for at, content in self.pending[path]:
                _apply(found, at, content)
            self.lasting[path], self.pending[path] = bytes(found), []
            return code

        for at, callback in ((WRITE_AT, written), (TRUNCATE_AT, truncated), (SYNC_AT, synced)):
            _set_pointer(methods, at, ctypes.cast(callback, ctypes.c_void_p).value)
        self._kept += [methods, written, truncated, synced]
        _set_pointer((ctypes.c_char * POINTER).from_address(file), 0, ctypes.addressof(methods))


def _apply(found, at, content):
    if content is None:
        del found[at:]
        return
    found.extend(bytes(max(0, at - len(found))))
    found[at : at + len(content)] = content


def _pointer_at(base, offset):
    return ctypes.c_void_p.from_address(base + offset).value


def _set_pointer(buffer, offset, value):
    ctypes.c_void_p.from_buffer(buffer, offset).value = value


async def live(journal, number, cut, told, dice):
    """Append what lasts and what need not, for ever; power is cut when the former was promised."""
    await journal.create(WORDS.generation(number), WORDS.status(1, number), WORDS.attempt())
    seq = attempts = 1
    while True:
        for _ in range(dice.randint(0, 60)):
            seq += 1
            await journal.append(WORDS.id(number), WORDS.epoch, WORDS.status(seq, number, message="x" * 300), durable=False)
            told[number] = seq
        seq, attempts = seq + 1, attempts + 1
        records = WORDS.status(seq, number), WORDS.attempt(attempts)
        await journal.append(WORDS.id(number), WORDS.epoch, *records, durable=True)
        told[number] = seq
        cut(number, seq, attempts)


async def main(folder, cuts):
    dice = random.Random(7)
    medium = Medium()
    commits.CHECKPOINT_PAGES = 100  # so that the log is moved into the file now and then
    promised, told = {}, {}
    done = asyncio.Event()

    def cut(number, seq, attempts):
        promised[number] = [seq, attempts]
        if done.is_set():
            return
        place = len(list(folder.glob("cut-*"))) // 2
        medium.cut_power(folder / f"cut-{place}-bare")
        medium.cut_power(folder / f"cut-{place}-torn", dice=dice)
        sys.stdout.write(json.dumps({"promised": promised, "told": told}) + "\n")
        if place + 1 == cuts:
            done.set()

    async with SqliteJournal(folder / "data", HandClock(), min_free_bytes=0) as journal:
        lives = [asyncio.create_task(live(journal, number, cut, told, dice)) for number in range(GENERATIONS)]
        await done.wait()
        for task in lives:
            task.cancel()
        await asyncio.gather(*lives, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
