"""The provider `sketch`, and the hook by which Safelight finds it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import ClassVar

from safelight.providers import (
    CancelKind,
    Capabilities,
    Control,
    Durability,
    LocalProvider,
    ProgressKind,
    Provider,
    Queued,
    Request,
    Resources,
    Started,
    Update,
    hookimpl,
)
from safelight_sketch import params as asked
from safelight_sketch.easels import Easels
from safelight_sketch.sitting import FIRST, Sitting

_SEEDS = 2**32


class Sketch(LocalProvider):
    """Paints a procedural picture from the prompt: no key, no model, no network."""

    name = "sketch"
    Settings: ClassVar[type] = asked.Settings
    Params: ClassVar[type] = asked.Params
    Options: ClassVar[type] = asked.Options
    capabilities = Capabilities(
        durability=Durability.PROCESS,
        progress=ProgressKind.STEPS,
        cancel=CancelKind.CONFIRMED,
        pause=True,
        previews=True,
    )
    waivers: ClassVar[Mapping[str, str]] = {
        "a_failure_is_told_in_a_sentence_and_a_known_code": "It paints from numbers alone: there is nothing that could refuse or fail.",
    }

    def __init__(self, settings: asked.Settings, resources: Resources) -> None:
        super().__init__(settings, resources)
        self._easels = Easels(settings.max_parallel)

    async def generate(self, request: Request[asked.Params, asked.Options], control: Control) -> AsyncIterator[Update]:
        """Wait for an easel, then paint the pictures one after the other."""
        params = request.params
        seed = secrets.randbelow(_SEEDS) if params.seed is None else params.seed
        with self._easels.place() as place:
            position = place.position
            while position is not None:
                yield Queued(position)
                position = await place.next_position(position)
            yield Started(FIRST)
            for picture in range(params.count):
                sitting = Sitting(request=request, control=control, place=place, picture=picture, seed=seed + picture)
                async with aclosing(sitting.updates()) as updates:
                    async for update in updates:
                        yield update


@hookimpl
def safelight_providers() -> list[type[Provider]]:
    """Offer the one provider of this plugin."""
    return [Sketch]
