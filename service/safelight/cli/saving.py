"""Outputs as files: named after the prompt, never over another file, never half."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from contextlib import aclosing
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from safelight.cli.showing.base import Saved
from safelight.client.base import Client, Snapshot, Unreachable

_MAX_STEM = 48
_MAX_SHOWN = 64 * 1024 * 1024
_SUFFIXES = {"image/jpeg": ".jpg", "image/svg+xml": ".svg", "video/mp4": ".mp4", "text/plain": ".txt"}


def stem_of(prompt: str) -> str:
    """Return a prompt as the beginning of a file name: `A lighthouse, at dusk!` -> `a-lighthouse-at-dusk`."""
    plain = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain) or re.findall(r"\w+", unicodedata.normalize("NFC", prompt).lower())
    stem = ""
    for word in words:
        longer = f"{stem}-{word}" if stem else word
        if len(longer.encode()) > _MAX_STEM:
            break
        stem = longer
    return stem or "picture"


async def save(client: Client, snapshot: Snapshot, folder: Path, stem: str) -> list[Saved]:
    """
    Save every output of a generation; what cannot be had whole leaves nothing behind.

    Raises:
        SafelightError: An output could not be fetched, or is not what the snapshot says.
        OSError: It could not be written.
    """
    return [await _save_one(client, output, folder, stem) for output in snapshot.get("outputs", ())]


async def _save_one(client: Client, output: dict[str, Any], folder: Path, stem: str) -> Saved:
    file, path = _claimed(folder, stem, _suffix(output))
    is_whole = False
    sha, kept = hashlib.sha256(), bytearray()
    is_picture = output.get("width") is not None and int(output["bytes"]) <= _MAX_SHOWN
    try:
        with os.fdopen(file, "wb") as target:
            async with aclosing(client.read(str(output["url"]))) as chunks:
                async for chunk in chunks:
                    target.write(chunk)
                    sha.update(chunk)
                    if is_picture:
                        kept += chunk
        is_whole = sha.hexdigest() == output["sha256"]
    finally:
        if not is_whole:
            path.unlink(missing_ok=True)
    if not is_whole:
        raise Unreachable("What was fetched is not the output that the service keeps: something on the way changes it.")
    return Saved(output=output, file=path, picture=bytes(kept) if is_picture else None)


def _claimed(folder: Path, stem: str, suffix: str) -> tuple[int, Path]:
    """Take the first free name and open it."""
    for number in count(1):
        path = folder / f"{stem}-{number}{suffix}"
        try:
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), path
        except FileExistsError:
            continue
    raise AssertionError  # numbers do not end


def _suffix(output: dict[str, Any]) -> str:
    kind = str(output.get("type", ""))
    if kind in _SUFFIXES:
        return _SUFFIXES[kind]
    if re.fullmatch(r"(image|video|audio)/[a-z0-9]{2,5}", kind):
        return f".{kind.rpartition('/')[2]}"
    suffix = Path(urlsplit(str(output["url"])).path).suffix
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ".bin"
