"""Programs in C, built once for each state of their sources."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.places import BUILT

_COMPILE = ("cc", "-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror")


class NotBuilt(Exception):
    """The compiler is missing, or refuses."""


def built(name: str, folder: Path, *flags: str) -> Path:
    """
    Return the program, or library, made of the C files in a folder.

    Raises:
        NotBuilt: It cannot be made; the message is the compiler's.
    """
    sources = sorted(folder.glob("*.[ch]"))
    program = BUILT / f"{name}-{_digest(sources, flags)}"
    if not program.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        fresh = program.with_suffix(f".{os.getpid()}")
        _compile([str(path) for path in sources if path.suffix == ".c"], fresh, flags)
        fresh.rename(program)
    return program


def _compile(sources: Sequence[str], program: Path, flags: Sequence[str]) -> None:
    try:
        done = subprocess.run([*_COMPILE, "-o", str(program), *sources, *flags], check=False, capture_output=True, text=True)
    except OSError as error:
        raise NotBuilt(f"no C compiler: {error.strerror}; on Debian and Ubuntu: apt install gcc libc6-dev zlib1g-dev") from error
    if done.returncode:
        raise NotBuilt(done.stderr.strip())


def _digest(sources: Sequence[Path], flags: Sequence[str]) -> str:
    sha = hashlib.sha256(" ".join((*_COMPILE, *flags)).encode())
    for path in sources:
        sha.update(path.name.encode() + path.read_bytes())
    return sha.hexdigest()[:12]
