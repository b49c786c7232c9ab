"""Where acts are played: each becomes an update, an exception, or a change of manners."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from safelight.providers import Previewed, Produced
from safelight_simulator.acts import HAZARDS, Act
from safelight_simulator.ears import Ears
from safelight_simulator.hazards import Spawn, endanger
from safelight_simulator.params import Scene
from safelight_simulator.pictures import picture, preview_size, stretched
from safelight_simulator.timeline import Beat
from safelight_simulator.words import WORDS, error_of

_FAULTS = HAZARDS | {"raise", "hangup"}


class HungUp(Exception):
    """The stream of updates ends here, without an end."""


class Stage:
    """
    What one stream of updates plays its beats on.

    Args:
        strikes: Asked before a fault with `times` strikes; says whether it still does.
    """

    def __init__(self, scene: Scene, ears: Ears, spawn: Spawn, strikes: Callable[[Beat], Awaitable[bool]]) -> None:
        self._scene = scene
        self._ears = ears
        self._spawn = spawn
        self._strikes = strikes

    async def play(self, beat: Beat) -> Any | None:
        """
        Return what a beat says, None if it says nothing.

        Raises:
            HungUp: The beat is a hang-up.
            BaseException: Whatever the script wants raised.
        """
        act = beat.act
        if act.do in _FAULTS:
            if act.times is None or await self._ears.through(lambda: self._strikes(beat)):
                await self._strike(act)
            return None
        if act.do == "deaf":
            self._ears.close(act.seconds or 0.0)
            return None
        if act.do == "preview":
            return Previewed(await self._ears.through(lambda: self._preview(act, beat.place)))
        if act.do == "output":
            return await self._ears.through(lambda: self._output(act, beat.place))
        return WORDS[act.do](act)

    async def _strike(self, act: Act) -> None:
        if act.do == "raise":
            raise error_of(act)
        if act.do == "hangup":
            raise HungUp
        await endanger(act, self._spawn)

    async def _preview(self, act: Act, place: int) -> bytes:
        if act.data is not None:
            return act.data.encode()
        width, height = preview_size(act.width or self._scene.width, act.height or self._scene.height)
        developed = 0.5 if act.fraction is None else act.fraction
        return await picture(width, height, seed=self._scene.seed, place=place, developed=developed, kind=act.format or "png")

    async def _output(self, act: Act, place: int) -> Produced:
        if act.url is not None:
            return Produced(act.url, type=act.type, seed=self._scene.seed)
        if act.data is not None:
            content = act.data.encode()
        else:
            width, height = act.width or self._scene.width, act.height or self._scene.height
            content = await picture(width, height, seed=self._scene.seed, place=place, kind=act.format or "png")
        claimed = act.type or (None if act.data is not None else f"image/{act.format or 'png'}")
        return Produced(content if act.length is None else stretched(content, act.length), type=claimed, seed=self._scene.seed)


async def stand_still() -> NoReturn:
    """Wait for ever, which is until canceled."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("nobody fulfils that future")
