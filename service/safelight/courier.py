"""Carries to callers' webhooks what the journal says is owed: at least once, in order, over hours if it must be."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Self

import aiohttp
import attrs
import structlog

from safelight import __version__
from safelight.codec import encode_status
from safelight.config.model import Webhooks
from safelight.duties import on_duty
from safelight.egress import is_forbidden, open_session
from safelight.errors import JournalClosed, JournalError
from safelight.generation import Generation
from safelight.ports import Delivery
from safelight.providers import retry_after_seconds
from safelight.redaction import redactor
from safelight.runner import Tools
from safelight.signing import key_of, signed
from safelight.status import Status
from safelight.versions import Version

log = structlog.get_logger()

PAUSES = (5.0, 60.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0)
"""Seconds between one try and the next; after the last of them it is given up, some 17 hours in."""
_JITTER = 1.2
_LONGEST_SECONDS = 86_400.0
_AT_ONCE = 16
_AHEAD = 100
_TURN_SECONDS = 60.0
"""How often what is owed is looked over in any case: wall time may jump."""
_AGAIN_SECONDS = 5.0
_GONE = 410


@attrs.frozen
class _Refusal:
    """Why a delivery was not taken; `is_final`: trying again is of no use; `wait_seconds`: what the receiver asks for."""

    sentence: str
    is_final: bool = False
    wait_seconds: float = 0.0


class Courier:
    """
    The one who delivers; entered, he goes his rounds until he is left.

    Args:
        failed: Told of each generation whose webhook was not taken.
    """

    def __init__(self, tools: Tools, settings: Webhooks, failed: Callable[[str], None]) -> None:
        self._tools = tools
        self._failed = failed
        self._settings = settings
        for secret in settings.signing_keys:
            redactor.register(secret)
        self._keys = tuple(map(key_of, settings.signing_keys))
        self._away: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._session = open_session(private_network=self._settings.private_network)
            stack.push_async_callback(self._session.close)
            stack.push_async_callback(self._come_back)
            if self._keys:  # unsigned, nothing is sent
                await stack.enter_async_context(on_duty("courier", self._go_rounds))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    async def _come_back(self) -> None:
        tasks = tuple(self._away.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _go_rounds(self) -> None:
        while True:
            self._tools.owed.clear()
            try:
                wait = await self._set_out()
            except JournalClosed:
                return
            except (JournalError, OSError) as error:
                log.warning("deliveries_unreadable", error=str(error))
                wait = _AGAIN_SECONDS
            try:
                async with asyncio.timeout(wait):
                    await self._tools.owed.wait()
            except TimeoutError:
                continue

    async def _set_out(self) -> float:
        """Begin with what is due; return in how many seconds the next is."""
        now = self._tools.clock.now()
        wait = _TURN_SECONDS
        for delivery in await self._tools.journal.owed(_AHEAD):
            if delivery.generation in self._away:
                continue
            if delivery.due_at > now:
                return min(wait, (delivery.due_at - now).total_seconds())
            if len(self._away) < _AT_ONCE:
                task = asyncio.create_task(self._deliver(delivery), name=f"deliver:{delivery.id}")
                self._away[delivery.generation] = task
        return wait

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await self._carry(delivery)
        except Exception as error:
            if isinstance(error, JournalError | OSError):
                log.warning("delivery_not_noted", generation=delivery.generation, error=str(error))
            else:
                log.exception("delivery_failed", generation=delivery.generation)
            await asyncio.sleep(_AGAIN_SECONDS)  # it is owed as before, and would be made again at once
        finally:
            del self._away[delivery.generation]
            self._tools.owed.set()

    async def _carry(self, delivery: Delivery) -> None:
        journal = self._tools.journal
        found = await journal.find(delivery.generation)
        before = Version(delivery.version.epoch, delivery.version.seq - 1)
        statuses = await journal.read(delivery.generation, before, 1)
        if found is None or not statuses:
            return  # forgotten meanwhile, and what was owed with it
        refusal = await self._post(found[0], delivery, statuses[0])
        delivery = attrs.evolve(delivery, tries=delivery.tries + 1)
        facts = {"generation": delivery.generation, "version": str(delivery.version), "tries": delivery.tries}
        if refusal is None:
            await journal.delivered(delivery)
            log.info("webhook_delivered", **facts)
            return
        self._failed(delivery.generation)
        delivery = self._put_off(delivery, refusal)
        await journal.put_off(delivery)
        log.warning("webhook_given_up" if delivery.is_dead else "webhook_put_off", error=refusal.sentence, **facts)

    def _put_off(self, delivery: Delivery, refusal: _Refusal) -> Delivery:
        if refusal.is_final or delivery.tries > len(PAUSES):
            return attrs.evolve(delivery, is_dead=True, detail=refusal.sentence)
        pause = PAUSES[delivery.tries - 1] * random.uniform(1.0, _JITTER)  # noqa: S311 - jitter, not a secret
        seconds = max(pause, min(refusal.wait_seconds, _LONGEST_SECONDS))
        return attrs.evolve(delivery, due_at=self._tools.clock.now() + timedelta(seconds=seconds), detail=refusal.sentence)

    async def _post(self, generation: Generation, delivery: Delivery, status: Status) -> _Refusal | None:
        assert generation.webhook is not None  # noqa: S101 - nothing is owed without
        now, body = self._tools.clock.now(), encode_status(status)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"safelight/{__version__}",
            **signed(body, message_id=delivery.id, at=now, keys=self._keys),
        }
        limit = aiohttp.ClientTimeout(total=self._settings.seconds)
        try:
            async with self._session.post(
                generation.webhook.url, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                wait = retry_after_seconds(response.headers, b"", now) or 0.0
                response.close()  # what it says besides is of no interest, and may be endless
        except (aiohttp.InvalidURL, UnicodeError):
            return _Refusal("Nobody can be called at its URL.", is_final=True)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            if is_forbidden(error):
                return _Refusal("It leads to an address that is not public.", is_final=True)
            return _Refusal(f"It cannot be reached or does not answer in time ({type(error).__name__}).")
        if response.ok and response.status < 300:
            return None
        return _Refusal(f"It answered {response.status}.", is_final=response.status == _GONE, wait_seconds=wait)
