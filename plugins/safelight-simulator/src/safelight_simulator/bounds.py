"""What a script may cost a service that has not allowed hazards."""

from __future__ import annotations

from collections.abc import Iterator

from safelight.providers import InvalidParams
from safelight_simulator.acts import HAZARDS, Act
from safelight_simulator.options import SAYINGS
from safelight_simulator.params import Scene
from safelight_simulator.pictures import PREVIEW_SIDE

MAX_DEAF_SECONDS = 60.0
LIMITS = {"updates": 2_000, "characters of text": 1_000_000, "bytes of output": 16 * 1024 * 1024, "pixels": 64_000_000}
"""For the whole of a script."""


def check_bounds(acts: tuple[Act, ...], scene: Scene, instance: str) -> None:
    """
    Refuse a script that could hurt whoever else uses the service.

    Raises:
        InvalidParams: Naming every reason, and the setting that would allow it.
    """
    faults = [*_dangers(acts), *_excesses(acts, scene)]
    if faults:
        raise InvalidParams(f"{'; '.join(faults)}. Only an instance with `hazards = true` in [providers.{instance}] plays that.")


def _dangers(acts: tuple[Act, ...]) -> Iterator[str]:
    for place, act in enumerate(acts):
        if act.do in HAZARDS:
            yield f"options.script[{place}]: '{act.do}' can hurt the whole service"
        if act.do == "deaf" and (act.seconds or 0) > MAX_DEAF_SECONDS:
            yield f"options.script[{place}]: 'deaf' for longer than {MAX_DEAF_SECONDS:g} s holds the service up"


def _excesses(acts: tuple[Act, ...], scene: Scene) -> Iterator[str]:
    totals = {"updates": 0, "characters of text": 0, "bytes of output": 0, "pixels": 0}
    said: dict[str, int] = {}
    for act in acts:
        times = 1
        if act.do == "repeat":
            times = act.times or 1
        elif act.do in SAYINGS or act.do == "raise":
            said = _cost(act, scene)
        else:
            continue
        for what, cost in said.items():
            totals[what] += cost * times
    for what, total in totals.items():
        if total > LIMITS[what]:
            yield f"options.script: {total} {what} are more than {LIMITS[what]}"


def _cost(act: Act, scene: Scene) -> dict[str, int]:
    """Return what saying an act once costs."""
    if act.do == "preview":
        return {"updates": 1, "pixels": 0 if act.data is not None else PREVIEW_SIDE**2}
    if act.do == "output":
        is_painted = act.data is None and act.url is None
        pixels = (act.width or scene.width) * (act.height or scene.height) if is_painted else 0
        return {"updates": 1, "pixels": pixels, "bytes of output": act.length or 0}
    return {"updates": 1, "characters of text": max(act.length or 0, len(act.text or ""))}
