"""The cursor of a list: read by the list that gave it out, and by nothing else."""

import base64
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.ports import EVERY_STATE, Place
from safelight.status import State
from safelight.web.cursors import List

LIST = List(owner="anna", states=EVERY_STATE, ref=None)
PLACE = Place(datetime(2026, 1, 1, 12, 0, 0, 1, tzinfo=UTC), "0123456789abcdef" * 2)
MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
IDS = st.binary(min_size=16, max_size=16).map(bytes.hex)
LISTS = st.builds(
    List,
    owner=st.text(max_size=5),
    states=st.frozensets(st.sampled_from(State)),
    ref=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)


@given(at=MOMENTS, id_=IDS)
def test_a_place_comes_back_to_the_microsecond(at, id_):
    assert LIST.place_of(LIST.cursor(Place(at, id_))) == Place(at, id_)


@given(where=st.integers(0, 43), to=st.characters())
def test_a_cursor_with_one_other_character_is_none(where, to):
    cursor = LIST.cursor(PLACE)
    touched = cursor[:where] + to + cursor[where + 1 :]
    assert (LIST.place_of(touched) is None) == (touched != cursor)


@given(other=LISTS)
def test_a_cursor_of_another_list_is_none(other):
    assert (other.place_of(LIST.cursor(PLACE)) is None) == (other != LIST)


@pytest.mark.parametrize(
    "change", [{"owner": "ben"}, {"states": frozenset({State.FAILED})}, {"ref": ""}, {"ref": "null"}], ids=str
)
def test_whose_list_it_is_and_what_is_on_it_all_count(change):
    assert attrs.evolve(LIST, **change).place_of(LIST.cursor(PLACE)) is None


@given(text=st.text(max_size=60) | st.binary(max_size=60).map(lambda some: base64.urlsafe_b64encode(some).decode()))
def test_anything_else_is_none(text):
    assert LIST.place_of(text) is None


def test_a_well_sealed_moment_that_no_clock_shows_is_none():
    said = LIST._sealed(b"\x01" + (2**62).to_bytes(8, "big") + bytes(16))
    assert LIST.place_of(said) is None


def test_a_cursor_of_another_format_is_none():
    said = base64.urlsafe_b64decode(LIST.cursor(PLACE))[:25]
    assert LIST.place_of(LIST._sealed(said)) == PLACE
    assert LIST.place_of(LIST._sealed(b"\x02" + said[1:])) is None


def test_a_cursor_goes_into_a_url_as_it_is():
    cursor = LIST.cursor(Place(PLACE.created_at + timedelta(microseconds=63), "f" * 32))
    assert len(cursor) == 44
    assert cursor.replace("-", "a").replace("_", "a").isalnum()
