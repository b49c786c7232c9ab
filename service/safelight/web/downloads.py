"""What a browser is told to do with an output: show it, or save it under a name that does no harm and tells the truth."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from aiohttp import web

from safelight.ports import Kept
from safelight.web.keys import CORE

_SHOWN = frozenset(
    {"image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "image/bmp", "video/mp4", "video/webm"},
)
"""What a page may embed and a browser may show by itself; whatever else is kept can only be downloaded."""
_SUFFIXES = frozenset({"avif", "bmp", "gif", "jpeg", "jpg", "mp4", "png", "webm", "webp"})
_HARMFUL = re.compile(r'[\\/:*?"<>|%]')
"""What some file system gives a meaning to, and the percent sign, which some browsers decode."""
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_MAX = 60
"""Of four bytes each at most, it leaves room for the extension in what a file name may have."""
_NAMELESS = "safelight"


async def disposition(request: web.Request, kept: Kept) -> str:
    """Return the Content-Disposition, as RFC 6266 has it: with `?download` to be saved, under the name that it gives."""
    generation_id, name = request.match_info["id"], request.match_info["name"]
    suffix = kept.path.suffix
    wanted = request.query.get("download")
    if wanted is None:
        place = "inline" if kept.type in _SHOWN else "attachment"
        return f'{place}; filename="{name.partition(".")[0]}{suffix}"'
    stem = _tidy(wanted, suffix[1:]) if wanted else await _numbered(request, generation_id, name)
    if stem.isascii():
        return f'attachment; filename="{stem}{suffix}"'
    plain = _HARMFUL.sub("_", unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()).strip(" .")
    return f"attachment; filename=\"{plain or _NAMELESS}{suffix}\"; filename*=UTF-8''{quote(stem + suffix, safe='')}"


async def _numbered(request: web.Request, generation_id: str, name: str) -> str:
    """Return `safelight-<8 of the id>-<n>`, where it is the n-th output of the generation; a preview has no number."""
    found = await request.app[CORE].journal.find(generation_id)
    names = [output.url.rpartition("/")[2] for output in found[1].outputs] if found else []
    number = f"-{names.index(name) + 1}" if name in names else ""
    return f"{_NAMELESS}-{generation_id[:8]}{number}"


def _tidy(wanted: str, extension: str) -> str:
    """Return the stem of a plain file name: no path, nothing reserved, no controls or marks that hide how it ends."""
    kinds = ((char, unicodedata.category(char)) for char in unicodedata.normalize("NFC", wanted))
    seen = "".join(char for char, kind in kinds if char == " " or kind[0] not in "CZ")
    stem, dot, suffix = seen.rpartition(".")
    if dot and suffix.strip().lower() in {extension, *_SUFFIXES}:
        seen = stem
    tidy = _HARMFUL.sub("_", seen).strip(" .")[:_MAX].rstrip(" .")
    return f"_{tidy}" if _DEVICES.fullmatch(tidy) else tidy or _NAMELESS
