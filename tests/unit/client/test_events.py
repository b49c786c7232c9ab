"""The parser against the HTML standard, wherever the bytes are cut."""

import pytest

from safelight.client.events import MAX_LINE, Event, EventParser, NoEvents


def parsed(*chunks):
    parser = EventParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


def message(data, id_="", name="message"):
    return Event(name=name, data=data, id=id_)


STREAM = (
    "\ufeff: ok\r\nretry: 2137\r\rid: 5-1\ndata: Ünder\r\ndata:  two\n\nevent: log\rdata\r\r\nid\ndata:x:y\n\ndata: cut".encode()
)


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_stream_means_the_same_wherever_it_is_cut(cut):
    assert parsed(STREAM[:cut], STREAM[cut:]) == [message("Ünder\n two", "5-1"), message("", "5-1", "log"), message("x:y")]


def test_stream_means_the_same_byte_by_byte():
    assert parsed(*(bytes([byte]) for byte in STREAM)) == parsed(STREAM)


def test_event_that_its_end_cuts_off_is_none():
    assert parsed(b"data: half\n") == []


def test_comments_and_unknown_fields_are_no_events():
    assert parsed(b": hb\n\ncolor: red\n\n") == []


def test_id_lasts_until_another_is_said_and_one_with_nul_is_none():
    assert [event.id for event in parsed(b"id: 1\ndata: a\n\ndata: b\n\nid: 2\0\ndata: c\n\n")] == ["1", "1", "1"]


@pytest.mark.parametrize(("said", "seconds"), [(b"1500", 1.5), (b"soon", None), (b"-1", None), (b"", None), ("٣".encode(), None)])
def test_retry_is_digits_or_nothing(said, seconds):
    parser = EventParser()
    assert list(parser.feed(b"retry: " + said + b"\n\n")) == []
    assert parser.retry_seconds == seconds


def test_line_without_an_end_is_no_stream():
    parser = EventParser()
    with pytest.raises(NoEvents):
        list(parser.feed(b"x" * (MAX_LINE + 1)))
