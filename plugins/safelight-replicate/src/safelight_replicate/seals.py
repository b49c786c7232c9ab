"""Whether a webhook is Replicate's own: the signature of Standard Webhooks, by the account's key."""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256

from safelight.providers import ProviderProtocol, WebhookRefused

TOLERANCE_SECONDS = 300.0
_AGAIN_SECONDS = 60.0
"""A forged message makes us ask for the key again, at most so often."""


class Seals:
    """
    Checks webhooks.

    Args:
        fetch: Asks the API for the signing key, as it is written there.
        now: The present, in seconds since 1970.
    """

    def __init__(self, fetch: Callable[[], Awaitable[str]], now: Callable[[], float]) -> None:
        self._fetch = fetch
        self._now = now
        self._key: bytes | None = None
        self._fetched_at = 0.0
        self._turn = asyncio.Lock()

    async def check(self, raw: bytes, headers: Mapping[str, str]) -> None:
        """
        Return if the message is genuine and fresh.

        Raises:
            WebhookRefused: It is not.
            ProviderError: The key cannot be had.
        """
        name, sent, sealed = (headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
        if not (name and sent and sealed):
            raise WebhookRefused("It is not signed.")
        if not (sent.isascii() and sent.isdigit() and len(sent) < 20) or abs(self._now() - int(sent)) > TOLERANCE_SECONDS:
            raise WebhookRefused("It was signed too long ago, or in the future.")
        message = f"{name}.{sent}.".encode() + raw
        if _fits(await self._known(), message, sealed):
            return
        if (renewed := await self._renewed()) is None or not _fits(renewed, message, sealed):
            raise WebhookRefused("Its signature is not by Replicate's key of this account.")

    async def _known(self) -> bytes:
        async with self._turn:
            return await self._ask() if self._key is None else self._key

    async def _renewed(self) -> bytes | None:
        """Ask for the key again, since it may have been changed; None where that was done a moment ago."""
        async with self._turn:
            is_time = self._now() - self._fetched_at >= _AGAIN_SECONDS
            return await self._ask() if is_time else None

    async def _ask(self) -> bytes:
        self._key = _bytes(await self._fetch())
        self._fetched_at = self._now()
        return self._key


def _bytes(key: str) -> bytes:
    """
    Return what `whsec_<base64>` stands for.

    Raises:
        ProviderProtocol: It is something else.
    """
    try:
        if decoded := base64.b64decode(key.partition("_")[2], validate=True):
            return decoded
    except ValueError:
        pass  # it is none of these either
    raise ProviderProtocol("Replicate's signing key for webhooks is none.")


def _fits(key: bytes, message: bytes, sealed: str) -> bool:
    """Whether one of the signatures, of which there are several while a key is changed, is by this key."""
    ours = base64.b64encode(hmac.digest(key, message, sha256))
    said = [signature.encode() for version, _, signature in (part.partition(",") for part in sealed.split()) if version == "v1"]
    return any([hmac.compare_digest(ours, signature) for signature in said])  # noqa: C419 - every one is compared, so that time tells nothing
