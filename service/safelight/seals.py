"""The service's own secret, made once and kept in its data folder, and the seals that only who holds it can make."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from safelight.errors import SafelightError
from safelight.redaction import Secret, redactor

NAME = "secret"
SEAL_DIGITS = 32
"""128 bits: nobody guesses one."""
_BYTES = 32


class SecretUnreadable(SafelightError):
    """The file that holds the secret cannot be read, or holds something else."""


class Seals:
    """
    Makes and checks seals: what one purpose's seal opens, no other's does.

    Args:
        secret: 32 random bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, purpose: str, *parts: str) -> str:
        """Return the seal of what is said for a purpose, as 32 hex digits; no part may hold a NUL."""
        said = "\0".join((purpose, *parts)).encode()
        return hmac.new(self._secret, said, hashlib.sha256).hexdigest()[:SEAL_DIGITS]

    def is_genuine(self, seal: str, purpose: str, *parts: str) -> bool:
        """Whether a seal, which may be any text, is the one that belongs to this; it takes as long for a wrong one."""
        return hmac.compare_digest(seal.encode("utf-8", "replace"), self.seal(purpose, *parts).encode())


def open_seals(folder: Path) -> Seals:
    """
    Return the seals of a data folder; its secret is made, durably, if it has none.

    Raises:
        SecretUnreadable: It has one that is none.
        OSError: The folder cannot be written or read.
    """
    file = folder / NAME
    if not file.exists():
        _write(file, secrets.token_hex(_BYTES))
    try:
        digits = file.read_text(encoding="ascii").strip()
        secret = bytes.fromhex(digits)
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        raise SecretUnreadable(
            f"{file} should hold {2 * _BYTES} hex digits; delete it to have a new one made, which ends every URL that was sealed."
        )
    redactor.register(Secret(digits))
    return Seals(secret)


def _write(file: Path, digits: str) -> None:
    """Write it so that there is a whole one or none, whenever the power is lost; the first of two processes wins."""
    with tempfile.NamedTemporaryFile("w", encoding="ascii", dir=file.parent, prefix=f"{file.name}.") as part:
        part.write(f"{digits}\n")
        part.flush()
        os.fsync(part.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part.name, file)
    entry = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)
