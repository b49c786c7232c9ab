"""This machine: configuration, store, plugins, clock, open files."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from stat import S_ISDIR
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import safelight
from safelight.cli.doctor.findings import Finding, fault, note, ok
from safelight.config.model import Config
from safelight.engines.sqlite.connections import NAME
from safelight.engines.sqlite.lock import NAME as LOCK
from safelight.plugins import discover
from safelight.whereabouts import find

_SPARE_FILES = 200
"""Open files besides those of the streams: the journal, outputs, upstreams."""
_ENOUGH_STREAMS = 1000
"""Fewer are worth a word even to those who have not asked for a number of their own."""
_SKEW_SECONDS = 2.0
_CHECKED_BYTES = 2 * 1024**3
_ASK_SECONDS = 4.0


def examine(config: Config) -> Iterator[Finding]:
    """Yield what is found; the configuration itself is known to be sound."""
    folder = Path(config.data.folder)
    yield _service(folder)
    yield from _store(folder, config)
    yield from _plugins()
    yield _clock(folder)
    yield _open_files(config)


def _service(folder: Path) -> Finding:
    here = find(folder)
    if here is None:
        return note("service", f"none runs on the data folder '{folder}'; commands open it themselves")
    try:
        with build_opener(ProxyHandler({})).open(f"{here.admin_url}/readyz", timeout=_ASK_SECONDS) as answer:
            status = json.load(answer)["status"]
    except HTTPError as error:
        return fault("service", f"process {here.pid} at {here.url} is not ready: {error.read(500).decode(errors='replace')}")
    except (OSError, HTTPException, ValueError, KeyError) as error:
        return fault("service", f"process {here.pid} should answer at {here.admin_url}, but does not: {error}")
    return ok("service", f"process {here.pid} at {here.url} is {status}")


def _store(folder: Path, config: Config) -> Iterator[Finding]:
    if blocked := next((part for part in (folder, *folder.parents) if _mode(part) and not S_ISDIR(_mode(part))), None):
        yield fault("store", f"'{folder}' cannot be a folder, for '{blocked}' is a file: name another in data.folder")
        return
    place = next((part for part in (folder, *folder.absolute().parents) if S_ISDIR(_mode(part))), Path("/"))
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        yield fault(
            "store", f"{place.absolute()} is on a file system that is mounted read-only: mount it to be written, or name another"
        )
        return
    if (closed := next((part for part in _parts(folder, place) if not os.access(part, os.W_OK)), None)) is not None:
        sentence = f"the user {os.geteuid()} cannot write {closed.absolute()}"
        yield fault("store", sentence, _opened(folder.absolute(), is_made=place == folder))
        return
    room, wanted = shutil.disk_usage(place).free, config.data.min_free_bytes
    said = f"{_gigabytes(room)} free for '{folder}'"
    if room < wanted:
        yield fault("store", f"only {said}, less than data.min_free_bytes ({_gigabytes(wanted)}): nothing new is taken")
    elif place != folder:
        yield ok("store", f"{said}, which is made at the first start")
    else:
        yield ok("store", said)
    journal = folder / NAME
    if journal.is_file():
        yield _journal(journal)


def _parts(folder: Path, place: Path) -> Iterator[Path]:
    """Yield what a service writes, as far as it is there: what one of another user has left is as bad as a folder of theirs."""
    yield place
    if place == folder:
        outputs = folder / "outputs"
        files = (folder / LOCK, folder / NAME, folder / "secret", folder / "providers", outputs, outputs / ".parts")
        yield from (file for file in files if _mode(file))


def _opened(folder: Path, *, is_made: bool) -> str:
    """Return the command that lets this user in: a folder of the system's own is not to be given away for one inside."""
    user = os.geteuid()
    return f"chown -R {user} {folder}" if is_made else f"install -d -m 0700 -o {user} {folder}"


def _mode(path: Path) -> int:
    """Return of what kind it is, 0 where nothing is there or nobody may look."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _journal(journal: Path) -> Finding:
    size = journal.stat().st_size
    if size > _CHECKED_BYTES:
        return note("journal", f"{_gigabytes(size)}, too large to be checked here; the service checks it after an unclean stop")
    try:
        with closing(sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True, timeout=_ASK_SECONDS)) as database:
            said = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return fault("journal", f"{journal} cannot be read: {error}")
    return ok("journal", f"{_gigabytes(size)}, sound") if said == "ok" else fault("journal", f"{journal} is damaged: {said}")


def _plugins() -> Iterator[Finding]:
    discovery = discover()
    for one in discovery.faults:
        yield fault("plugins", f"{one.plugin} of {one.distribution}, {one.kind}: {one.sentence}")
    names = ", ".join(sorted(discovery.providers))
    yield ok("plugins", f"offering {names}") if names else fault("plugins", "none is installed: there is nobody to paint")


def _clock(folder: Path) -> Finding:
    """A clock that is behind gives versions that are behind; one that differs from the store's makes files look old or new."""
    made = (Path(safelight.__file__)).stat().st_mtime
    if time.time() < made - _SKEW_SECONDS:
        return fault("clock", f"it says {_moment(time.time())}, but this software is from {_moment(made)}: set it right")
    try:
        with tempfile.NamedTemporaryFile(dir=folder if folder.is_dir() else None) as probe:
            skew = os.fstat(probe.fileno()).st_mtime - time.time()
    except OSError as error:
        return note("clock", f"it says {_moment(time.time())}; it could not be compared with the store's: {error.strerror}")
    if abs(skew) > _SKEW_SECONDS:
        return fault("clock", f"the store's is {skew:+.1f} s off this machine's: set both by NTP")
    return ok("clock", f"it says {_moment(time.time())}, and so does the store's")


def _open_files(config: Config) -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = config.streams.max_streams
    wanted = most + _SPARE_FILES
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        allowed = "any number" if hard == resource.RLIM_INFINITY else f"{hard}"
        return ok("open files", f"{allowed} allowed, {wanted} needed for streams.max_streams = {most}")
    room = max(hard - _SPARE_FILES, 1)
    if most == Config().streams.max_streams and room >= _ENOUGH_STREAMS:
        return ok("open files", f"{hard} allowed, which is enough for {room} streams at once")
    return note(
        "open files",
        f"{hard} allowed, but streams.max_streams = {most} needs {wanted}",
        f"systemd:  LimitNOFILE={wanted}",
        f"docker:   --ulimit nofile={wanted}",
        f"or:       streams.max_streams = {room}",
    )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 10**8 else f"{count / 1e6:.1f} MB"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
