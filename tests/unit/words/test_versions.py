import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.versions import Version, next_epoch

numbers = st.integers(0, 10**20 - 1)
versions = st.builds(Version, numbers, numbers)


@given(versions)
def test_what_is_written_is_read_back(version):
    assert Version.parse(str(version)) == version


@given(versions, versions)
def test_the_epoch_decides_and_then_the_seq(one, other):
    assert (one < other) == ((one.epoch, one.seq) < (other.epoch, other.seq))


@given(versions, st.integers(0, 1000))
def test_the_next_one_is_newer_and_leaves_no_gap(version, later):
    following = version.next(version.epoch + later)
    assert following > version
    assert following.seq == version.seq + 1


@given(st.integers(0), st.integers(0))
def test_a_claim_raises_the_epoch_even_when_the_clock_went_back(previous, now):
    assert next_epoch(previous, now) > previous
    assert next_epoch(previous, now) >= now


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "-",
        "1",
        "1-",
        "-1",
        "1-2-3",
        "+1-2",
        " 1-2",
        "1-2\n",
        "1-2\0",
        "1_0-2",
        "0x1-2",
        "1.0-2",
        "\u0661-\u0662",  # Arabic digits: int() would take them
        "1-\u00b2",
        "\uff11-\uff12",  # full-width digits: int() would take these too
        "\udcff\udcfe-1",
        "1\u20132",
        "9" * 21 + "-1",
        "1-" + "9" * 21,
        "1" * 10_000,
        "1-" + "1" * 10_000,
        "\ud800" * 10_000,
    ],
)
def test_anything_else_is_no_version(text):
    assert Version.parse(text) is None


@given(st.text())
def test_no_text_at_all_breaks_the_parser(text):
    version = Version.parse(text)
    assert version is None or text.isascii()
