"""The scenes a prompt can ask for: a new one is a module, a row here and its words in `lexicon`."""

from __future__ import annotations

from safelight_sketch.scenes.abstract import abstract
from safelight_sketch.scenes.backdrop import backdrop
from safelight_sketch.scenes.city import city
from safelight_sketch.scenes.desert import desert
from safelight_sketch.scenes.forest import forest
from safelight_sketch.scenes.lighthouse import lighthouse
from safelight_sketch.scenes.meadow import meadow
from safelight_sketch.scenes.mountains import mountains
from safelight_sketch.scenes.sea import sea
from safelight_sketch.scenes.space import space
from safelight_sketch.scenes.still import still
from safelight_sketch.stage import Scene

SCENES: dict[str, tuple[Scene, float]] = {
    "abstract": (abstract, 0.6),
    "backdrop": (backdrop, 0.7),
    "city": (city, 0.7),
    "desert": (desert, 0.56),
    "forest": (forest, 0.6),
    "lighthouse": (lighthouse, 0.66),
    "meadow": (meadow, 0.5),
    "mountains": (mountains, 0.56),
    "sea": (sea, 0.58),
    "space": (space, 1.0),
    "still": (still, 0.7),
}
"""Each scene, and where its horizon lies as a share of the height."""
