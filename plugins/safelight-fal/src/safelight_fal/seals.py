"""Whether a webhook is fal's own: an Ed25519 signature by one of the keys that it publishes."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import aiohttp

from safelight.providers import ProviderUnavailable, WebhookRefused, network_error
from safelight.providers.toolbox import read_body, read_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from safelight.providers import Resources

log = logging.getLogger(__name__)

_SIGNED = ("X-Fal-Webhook-Request-Id", "X-Fal-Webhook-User-Id", "X-Fal-Webhook-Timestamp")
_SIGNATURE = "X-Fal-Webhook-Signature"
_TOLERANCE_SECONDS = 300
_KEEP_SECONDS = 86_400.0
_AGAIN_SECONDS = 60.0
"""A forged message must not make us ask for the keys each time."""
_MAX_KEYS = 256 * 1024
_ANSWER = aiohttp.ClientTimeout(total=10.0, sock_connect=5.0)


class Seals:
    """Checks messages; the keys are fetched when the first one comes, and kept for a day at most."""

    def __init__(self, resources: Resources, url: str) -> None:
        self._session = resources.session
        self._clock = resources.clock
        self._url = url
        self._keys: list[Ed25519PublicKey] = []
        self._fetched_at = float("-inf")
        self._turn = asyncio.Lock()

    async def check(self, raw: bytes, headers: Mapping[str, str]) -> None:
        """
        Return if a message is genuine and fresh.

        Raises:
            WebhookRefused: It is not.
            ProviderUnavailable: Nobody can tell, for the keys cannot be had.
        """
        values = [headers.get(name, "") for name in _SIGNED]
        signature = _hex(headers.get(_SIGNATURE, ""))
        if not all(values) or signature is None:
            raise WebhookRefused("The message is not signed.")
        if not values[2].isascii() or not values[2].isdigit() or len(values[2]) > 12:
            raise WebhookRefused("The message does not say when it was sent.")
        if abs(self._clock.now().timestamp() - int(values[2])) > _TOLERANCE_SECONDS:
            raise WebhookRefused(f"The message is more than {_TOLERANCE_SECONDS} s old, or from the future.")
        signed = "\n".join([*values, hashlib.sha256(raw).hexdigest()]).encode()
        if _is_by_one_of(await self._known(_KEEP_SECONDS), signature, signed):
            return
        if not _is_by_one_of(await self._known(_AGAIN_SECONDS), signature, signed):
            raise WebhookRefused("The signature is none of the queue's.")

    async def _known(self, at_most_seconds: float) -> list[Ed25519PublicKey]:
        """Return the keys, fetched again if what is known of them is older."""
        async with self._turn:
            now = asyncio.get_running_loop().time()
            if now - self._fetched_at > at_most_seconds:
                self._keys = await self._fetch()
                self._fetched_at = now
            return self._keys

    async def _fetch(self) -> list[Ed25519PublicKey]:
        try:
            async with self._session.get(self._url, timeout=_ANSWER, allow_redirects=False) as response:
                read = read_json(await read_body(response, _MAX_KEYS))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailable(str(network_error(error, "jwks_url"))) from error
        if response.status != 200 or not isinstance(read, dict) or not isinstance(read.get("keys"), list):
            raise ProviderUnavailable(f"jwks_url answered {response.status}, and no keys.")
        keys = [key for described in read["keys"] if (key := _key(described)) is not None]
        if len(keys) < len(read["keys"]):
            log.warning("fal_keys_unreadable", extra={"unreadable": len(read["keys"]) - len(keys)})
        return keys


def _is_by_one_of(keys: Iterable[Ed25519PublicKey], signature: bytes, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    for key in keys:
        try:
            key.verify(signature, signed)
        except InvalidSignature:
            continue
        return True
    return False


def _key(described: Any) -> Ed25519PublicKey | None:
    """Read a JSON Web Key; one of another kind is none."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not isinstance(described, dict) or (described.get("kty"), described.get("crv")) != ("OKP", "Ed25519"):
        return None
    x = str(described.get("x"))
    try:
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "=" * (-len(x) % 4)))
    except (ValueError, binascii.Error):
        return None


def _hex(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text) or None
    except ValueError:
        return None
