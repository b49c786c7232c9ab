"""The common parameters: one vocabulary whatever the provider; each declares which of them it takes."""

from __future__ import annotations

COMMON_PARAMS = frozenset(
    {"negative_prompt", "width", "height", "steps", "guidance", "seed", "count", "image", "mask", "strength"},
)
"""
negative_prompt (text) · width, height (pixels) · steps (sampling steps) · guidance (how closely to follow the prompt) ·
seed (integer) · count (pictures, at most 8) · image, mask (URL or data: URI) · strength (0 to 1, how far from `image`).
"""
MAX_COUNT = 8
