"""Where a running service can be reached, left in its data folder for the command line to find."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

NAME = "server.json"
_FOLDER = "folder"
"""Which data folder the file was written for: a copy that was made while the service ran is not that one."""
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared, not bound


@attrs.frozen(kw_only=True)
class Whereabouts:
    """
    A service as seen from its own machine.

    Attributes:
        url: Base URL of the public port.
        admin_url: Base URL of the admin port.
        pid: Its process.
    """

    url: str
    admin_url: str
    pid: int


def url_of(host: str, port: int) -> str:
    """Return the URL by which the machine itself reaches an address that is listened on."""
    host = _EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def announced(folder: Path, whereabouts: Whereabouts) -> Iterator[None]:
    """Keep the file in the data folder while the block runs; one that a killed process left is replaced."""
    file = folder / NAME
    part = folder / f"{NAME}.{whereabouts.pid}"
    part.touch(mode=0o600)
    said = {**attrs.asdict(whereabouts), _FOLDER: str(folder.absolute())}
    part.write_text(json.dumps(said), encoding="utf-8")
    part.replace(file)
    try:
        yield
    finally:
        if find(folder) == whereabouts:
            file.unlink(missing_ok=True)


def find(folder: Path) -> Whereabouts | None:
    """Return where the service of a data folder is, None where none is running."""
    try:
        said = dict(json.loads((folder / NAME).read_text(encoding="utf-8")))
        is_its_own = folder.samefile(said.pop(_FOLDER))
        found = Whereabouts(**said)
        os.kill(found.pid, 0)
    except (OSError, ValueError, TypeError, KeyError):
        return None  # none, half a file, or one of a process that is gone
    return found if is_its_own else None
