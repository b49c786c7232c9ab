"""The inline images of iTerm2, which WezTerm knows too: a file in base64, scaled to cells by the terminal."""

from __future__ import annotations

import base64


def iterm(png: bytes, *, columns: int, rows: int) -> str:
    """Return what shows a PNG over so many cells."""
    encoded = base64.b64encode(png).decode()
    return f"\x1b]1337;File=inline=1;size={len(png)};width={columns};height={rows};preserveAspectRatio=1:{encoded}\x07"
