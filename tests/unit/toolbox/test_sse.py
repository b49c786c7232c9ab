import json

import pytest

from safelight.providers import ProviderProtocol
from safelight.providers.toolbox import Event, read_events

STREAM = "".join(
    f"event: {name}\ndata: {json.dumps(data)}\n\n"
    for name, data in [("start", {}), ("log", {"data": "é" * 50}), ("end", {"n": 1})]
)


async def read(text, *, size=1, at_most=1000):
    raw = text.encode()

    async def chunks():
        for start in range(0, len(raw), size):
            yield raw[start : start + size]

    return [event async for event in read_events(chunks(), at_most)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
async def test_a_stream_reads_the_same_however_it_is_cut(size):
    events = await read(STREAM, size=size)
    assert [(event.name, event.said()) for event in events] == [("start", {}), ("log", {"data": "é" * 50}), ("end", {"n": 1})]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("size", [1, 2, 1000])
async def test_every_way_to_end_a_line_is_one(end, size):
    text = end.join([": hi", "event: log", 'data: {"data":', 'data: "x"}', "", "data:{}", "", ""])
    events = await read(text, size=size)
    assert events == [Event(""), Event("log", '{"data":\n"x"}'), Event("message", "{}")]
    assert [event.said() for event in events] == [{}, {"data": "x"}, {}]


async def test_what_is_cut_off_at_the_end_is_no_event():
    assert await read('event: log\ndata: {"data":"x"}\n') == []


@pytest.mark.parametrize("text", ["data: " + "x" * 2000, "data: x\n" * 600])
async def test_an_event_that_does_not_end_is_not_read_for_ever(text):
    with pytest.raises(ProviderProtocol, match="larger than 1000 bytes"):
        await read(text, size=500)


@pytest.mark.parametrize("data", ["{half", "[1]", "null"])
def test_what_is_no_object_is_named(data):
    with pytest.raises(ProviderProtocol):
        Event("log", data).said()
