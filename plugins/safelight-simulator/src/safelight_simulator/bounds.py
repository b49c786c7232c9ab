"""What a script may cost a service that has not allowed hazards."""

from __future__ import annotations

from collections.abc import Iterator

from safelight.providers import InvalidParams
from safelight_simulator.acts import HAZARDS, Act
from safelight_simulator.options import SAYINGS
from safelight_simulator.params import Scene

MAX_DEAF_SECONDS = 60.0
MAX_UPDATES = 2_000
MAX_CHARACTERS = 1_000_000
MAX_BYTES = 16 * 1024 * 1024
MAX_PIXELS = 64_000_000


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
    updates = characters = size = pixels = 0
    said: Act | None = None
    for act in acts:
        times = act.times or 1 if act.do == "repeat" else 1
        said = act if act.do in SAYINGS or act.do == "raise" else said
        if said is None or (act is not said and act.do != "repeat"):
            continue
        updates += times
        if said.do == "output":
            size += (said.length or 0) * times
        else:
            characters += max(said.length or 0, len(said.text or "")) * times
        if said.do in {"preview", "output"}:
            pixels += (
                (said.width or scene.width) * (said.height or scene.height) * times if said.do == "output" else 65_536 * times
            )
    for total, limit, what in (
        (updates, MAX_UPDATES, "updates"),
        (characters, MAX_CHARACTERS, "characters of text"),
        (size, MAX_BYTES, "bytes of output"),
        (pixels, MAX_PIXELS, "pixels"),
    ):
        if total > limit:
            yield f"options.script: {total} {what} are more than {limit}"
