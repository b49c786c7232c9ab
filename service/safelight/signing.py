"""Signatures by the Standard Webhooks scheme, so that whoever receives a webhook can tell that it is ours."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from safelight.redaction import Secret

PREFIX = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64


def key_of(secret: Secret) -> bytes:
    """
    Return the key that a secret stands for.

    Raises:
        ValueError: It is not `whsec_` and the base64 of 24 to 64 bytes; the sentence does not quote it.
    """
    text = secret.reveal()
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(PREFIX) or not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise ValueError(f"must be {PREFIX} and the base64 of {_LEAST_BYTES} to {_MOST_BYTES} random bytes")
    return key


def signed(body: bytes, *, message_id: str, at: datetime, keys: Sequence[bytes]) -> Mapping[str, str]:
    """Return the headers that vouch for a message: one signature for each key, so that keys can be changed in peace."""
    timestamp = str(int(at.timestamp()))
    said = f"{message_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
