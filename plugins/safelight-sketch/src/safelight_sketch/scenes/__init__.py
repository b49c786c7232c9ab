"""The scenes a prompt can ask for: a new one is a module, a row here and its words in `lexicon`."""

from __future__ import annotations

from safelight_sketch.scenes.abstract import abstract
from safelight_sketch.scenes.city import city
from safelight_sketch.scenes.forest import forest
from safelight_sketch.scenes.lighthouse import lighthouse
from safelight_sketch.scenes.mountains import mountains
from safelight_sketch.scenes.sea import sea
from safelight_sketch.stage import Scene

SCENES: dict[str, tuple[Scene, float]] = {
    "abstract": (abstract, 0.6),
    "city": (city, 0.7),
    "forest": (forest, 0.6),
    "lighthouse": (lighthouse, 0.66),
    "mountains": (mountains, 0.56),
    "sea": (sea, 0.58),
}
"""Each scene, and where its horizon lies as a share of the height."""
