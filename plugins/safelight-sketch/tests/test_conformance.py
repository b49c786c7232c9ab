"""The laws of every provider, kept by the sketch."""

import pytest

from safelight.testing import CannotHappen, ProviderLaws, Situation, Stage
from safelight_sketch.plugin import Sketch


class Easel(Stage):
    def ask(self, situation):
        if situation is Situation.FAILS:
            raise CannotHappen("there is nothing it cannot paint")
        seconds = 30 if situation is Situation.LASTS else 0.3
        return {"prompt": "a lighthouse", "params": {"width": 128, "height": 96}, "options": {"seconds": seconds}}


class TestSketch(ProviderLaws):
    provider = Sketch

    @pytest.fixture
    def stage(self):
        return Easel()
