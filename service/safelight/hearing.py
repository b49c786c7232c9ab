"""Webhooks as they come in: the URL of each submission, whose message it is, and whether it is genuine and new."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from enum import StrEnum

import structlog

from safelight.boundary import Boundary
from safelight.errors import Busy, NotFound
from safelight.instances import Instances, UnavailableInstance
from safelight.pokes import Poke, Pokes
from safelight.providers import Provider, ProviderError, RemoteProvider, Unsupported, WebhookRefused
from safelight.seals import SEAL_DIGITS, Seals

log = structlog.get_logger()

WINDOW_SECONDS = 300.0
"""For how long a message is known again."""
_REMEMBERED = 20_000
_VERIFY_SECONDS = 30.0
_AT_ONCE = 32
"""Messages of one provider that may wait for its word at a time."""
_PURPOSE = "webhook"
_NONCE = re.compile(rf"([0-9a-f]{{32}})([0-9a-f]{{{SEAL_DIGITS}}})")


class Heard(StrEnum):
    """What became of a message."""

    POKED = "poked"
    REPLAYED = "replayed"
    UNAWAITED = "unawaited"
    REFUSED = "refused"
    UNVERIFIED = "unverified"


def url_of(public_url: str, seals: Seals, pokes: Pokes, instance: str, key: str) -> str:
    """Return where the upstream may say that something has happened to the submission under `key`; it needs no record."""
    pokes.promise(key)
    return f"{public_url}/v1/webhooks/{instance}/{key}{seals.seal(_PURPOSE, instance, key)}"


class Hearing:
    """Takes messages in. One that is genuine has the job looked at; what it says is the upstream's to repeat when asked."""

    def __init__(self, instances: Instances, pokes: Pokes, seals: Seals) -> None:
        self._instances = instances
        self._pokes = pokes
        self._seals = seals
        self._recent: OrderedDict[bytes, float] = OrderedDict()
        self._busy: dict[str, int] = {}

    def key_of(self, instance: str, nonce: str) -> str:
        """
        Return the key of the submission that a URL was made for.

        Raises:
            NotFound: None was: there is no more to say.
        """
        found = _NONCE.fullmatch(nonce)
        if instance in self._instances and found and self._seals.is_genuine(found[2], _PURPOSE, instance, found[1]):
            return found[1]
        raise NotFound("No such webhook.")

    async def hear(self, instance: str, key: str, raw: bytes, headers: Mapping[str, str]) -> None:
        """
        Take in a message that came to the URL of a submission.

        Raises:
            NotFound: The provider hears no webhooks.
            WebhookRefused: It is not genuine.
            Busy: It cannot be judged now.
        """
        poke = self._pokes.find(key)
        heard = Heard.UNVERIFIED
        try:
            heard = await self._judge(instance, key, poke, raw, headers)
        except WebhookRefused:
            heard = Heard.REFUSED
            raise
        finally:
            log.info("webhook_received", provider=instance, generation=poke and poke.generation, bytes=len(raw), heard=heard)

    async def _judge(self, instance: str, key: str, poke: Poke | None, raw: bytes, headers: Mapping[str, str]) -> Heard:
        if poke is None:
            return Heard.UNAWAITED
        digest = hashlib.sha256(key.encode() + raw).digest()
        if self._is_known(digest):
            return Heard.REPLAYED
        await self._verify(instance, raw, headers)
        self._remember(digest)
        poke.wake()
        return Heard.POKED

    async def _verify(self, instance: str, raw: bytes, headers: Mapping[str, str]) -> None:
        opened = self._instances[instance]
        if isinstance(opened, UnavailableInstance):
            raise Busy(f"The provider '{instance}' is not available.", retry_after_seconds=30)
        provider: Provider = opened.provider
        if not isinstance(provider, RemoteProvider):
            raise NotFound("No such webhook.")
        if self._busy.get(instance, 0) >= _AT_ONCE:
            raise Busy("Too many webhooks at once.")
        self._busy[instance] = self._busy.get(instance, 0) + 1
        boundary = Boundary(instance, opened.offer.plugin)
        try:
            await boundary.call("webhook", lambda: provider.webhook(raw, headers), seconds=_VERIFY_SECONDS)
        except WebhookRefused:
            raise
        except Unsupported:
            raise NotFound("No such webhook.") from None
        except ProviderError as error:
            log.warning("webhook_unverified", provider=instance, code=error.code, error=boundary.masked(str(error)))
            raise Busy("It cannot be told now whether this message is genuine.") from error
        finally:
            self._busy[instance] -= 1

    def _is_known(self, digest: bytes) -> bool:
        now = asyncio.get_running_loop().time()
        while self._recent and next(iter(self._recent.values())) <= now:
            self._recent.popitem(last=False)
        return digest in self._recent

    def _remember(self, digest: bytes) -> None:
        self._recent[digest] = asyncio.get_running_loop().time() + WINDOW_SECONDS
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
