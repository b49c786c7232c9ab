import pytest

from safelight.providers import ProviderProtocol
from safelight_cog.events import Event, read_events


async def read(text, *, size=1, at_most=1000):
    raw = text.encode() if isinstance(text, str) else text

    async def chunks():
        for start in range(0, len(raw), size):
            yield raw[start : start + size]

    return [event async for event in read_events(chunks(), at_most)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize("name", ["success", "failed", "canceled"])
async def test_recorded_streams_read_the_same_however_they_are_cut(recorded, name, size):
    events = await read(recorded(name), size=size)
    assert events[0].name == "start"
    assert events[-1].name == "completed"
    assert events[-1].data["status"] in {"succeeded", "failed", "canceled"}
    assert events == await read(recorded(name), size=64)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("size", [1, 2, 1000])
async def test_every_way_to_end_a_line_is_one(end, size):
    text = end.join([": hi", "event: log", 'data: {"data":', 'data: "x"}', "", "event: start", "data:{}", "", ""])
    assert await read(text, size=size) == [Event("", {}), Event("log", {"data": "x"}), Event("start", {})]


async def test_what_is_cut_off_at_the_end_is_no_event():
    assert await read('event: log\ndata: {"data":"x"}\n') == []


@pytest.mark.parametrize("text", ["data: {half\n\n", "data: [1]\n\n", "data: " + "x" * 2000, "data: x\n" * 600])
async def test_what_is_no_event_is_named(text):
    with pytest.raises(ProviderProtocol):
        await read(text, size=500)
