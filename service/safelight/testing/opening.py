"""A provider opened as core opens it, and requests as they are admitted, without a service around them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from safelight.egress import open_session
from safelight.instances import terms_of
from safelight.intake import admit
from safelight.ports import Clock, SystemClock
from safelight.providers import Provider, Request, Resources
from safelight.structuring import structure

P = TypeVar("P", bound=Provider)


@asynccontextmanager
async def open_provider(
    cls: type[P],
    folder: Path,
    settings: Mapping[str, Any],
    *,
    clock: Clock | None = None,
    webhooks: Callable[[str], str] | None = None,
) -> AsyncIterator[P]:
    """
    Open an instance of a provider; its HTTP client may reach private addresses, and its tasks end with the block.

    Args:
        folder: What the provider finds as its own folder, made if need be; opened twice on it, it finds what it kept.
        settings: As an operator writes them.
        clock: Wall time; the system's unless given.
        webhooks: Makes the URL for a key, as `Resources.webhook_url` returns it.

    Raises:
        InvalidInput: The settings have faults.
    """
    tasks: list[asyncio.Task[None]] = []
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - of a test, before anything runs

    def spawn(work: Coroutine[Any, Any, None], *, name: str) -> None:
        tasks.append(asyncio.create_task(work, name=name))

    async with open_session(private_network=True) as session:
        resources = Resources(
            instance=cls.name, session=session, clock=clock or SystemClock(), spawn=spawn, folder=folder, webhooks=webhooks
        )
        try:
            async with cls(structure(settings, cls.Settings), resources) as provider:
                yield provider
        finally:  # after the provider's own end, which may need them; and if it does not even open
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def admitted(
    provider: Provider,
    prompt: str = "a lighthouse",
    *,
    model: str | None = None,
    params: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Request[Any, Any]:
    """
    Return a request as a provider is given it: checked against what it takes now, in its own classes.

    Args:
        params: As a caller writes them, in camel case; `options` likewise.

    Raises:
        InvalidInput: The provider does not take it.
    """
    raw = Request(prompt=prompt, model=model, params=dict(params or {}), options=dict(options or {}))
    return admit(raw, provider.terms or terms_of(type(provider)))
