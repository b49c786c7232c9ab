"""The graphics protocol of kitty: a PNG in chunks of base64, scaled to cells by the terminal."""

from __future__ import annotations

import base64

_CHUNK = 4096


def kitty(png: bytes, *, columns: int, rows: int) -> str:
    """Return what shows a PNG over so many cells; the terminal is told not to answer."""
    encoded = base64.b64encode(png).decode()
    chunks = [encoded[start : start + _CHUNK] for start in range(0, len(encoded), _CHUNK)]
    head = f"a=T,f=100,q=2,c={columns},r={rows},"
    return "".join(
        f"\x1b_G{head if n == 1 else ''}m={0 if n == len(chunks) else 1};{chunk}\x1b\\" for n, chunk in enumerate(chunks, 1)
    )
