"""What a result holds: files by URL or as data: URIs, and which of them the endpoint flagged as unsafe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from safelight.providers import Charged, Failed, Noted, Produced, Succeeded, Update
from safelight.providers.toolbox import files_of

_SEEDS = range(-(2**63), 2**64)


def told(result: Any, *, keys: tuple[str, ...], flagged: Literal["refuse", "keep"]) -> list[Update]:
    """
    Return the outputs of a result, and how the job ended. Whoever made something, flagged or not, has billed it.

    Args:
        result: Mostly an object; anything else has no members, and is searched as a whole.
        keys: The members that hold outputs, where an address may stand alone; none = all.
        flagged: Whether a picture flagged as unsafe is an output all the same.
    """
    members = result if isinstance(result, dict) else {}
    files = list(_named([members.get(key) for key in keys]) if keys else _files(list(members.values()) or result))
    flags = members.get("has_nsfw_concepts")
    unsafe = [index for index, flag in enumerate(flags) if flag is True] if isinstance(flags, list) else []
    unsafe = [index for index in unsafe if index < len(files)]
    kept = [file for index, file in enumerate(files) if flagged == "keep" or index not in unsafe]
    if unsafe and not kept:
        return [Failed("The endpoint flagged everything it made as unsafe.", code="content_policy", charged=Charged.YES)]
    noted = [Noted(f"{len(unsafe)} of {len(files)} pictures were flagged as unsafe by the endpoint.")] if unsafe else []
    seed = members.get("seed")
    seed = seed if isinstance(seed, int) and not isinstance(seed, bool) and seed in _SEEDS else None
    return [*noted, *(Produced(file["url"], type=_type(file), seed=seed) for file in kept), Succeeded(charged=Charged.YES)]


def _files(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every file object; whatever else has an address, such as an echoed input, is none."""
    if isinstance(part, dict):
        if isinstance(part.get("url"), str):
            yield part
        else:
            yield from _files(list(part.values()))
    elif isinstance(part, list):
        for item in part:
            yield from _files(item)


def _named(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every file of members that are named as outputs: an address in them is one."""
    if isinstance(part, str):
        yield from ({"url": address} for address in files_of(part))
    elif isinstance(part, list):
        for item in part:
            yield from _named(item)
    else:
        yield from _files(part)


def _type(file: dict[str, Any]) -> str | None:
    claimed = file.get("content_type")
    return claimed if isinstance(claimed, str) and claimed else None
