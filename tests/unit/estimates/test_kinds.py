"""Which runs are compared with which."""

import attrs
import pytest

from safelight.estimates import kind_of
from safelight.generation import Request


@attrs.frozen
class Params:
    width: int | None = None
    height: int | None = None
    count: int | None = None
    steps: int | None = None


def names(model=None, **params):
    return kind_of("box", Request(prompt="x", model=model, params=Params(**params), options=None)).names


def test_a_kind_is_looked_up_from_the_nearest_to_the_provider_alone():
    assert names(model="m", width=1024, height=1024, steps=20) == ("box|m|0|20", "box|m", "box")


def test_sizes_within_a_fifth_are_one_class():
    assert names(width=1024, height=1024)[0] == names(width=1152, height=1024)[0]
    assert names(width=1024, height=1024)[0] != names(width=2048, height=2048)[0]


def test_two_pictures_are_twice_the_work():
    assert names(width=1024, height=1024, count=2)[0] != names(width=1024, height=1024)[0]


@pytest.mark.parametrize("params", [None, 3, {"width": 7}])
def test_a_provider_without_such_parameters_has_one_kind(params):
    assert kind_of("box", Request(prompt="x", params=params, options=None)).names == ("box||-|-", "box|", "box")
