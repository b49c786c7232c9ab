"""The upstream's log on the streams of those who ask for it."""

import re

import pytest

from safelight.providers import Logged, Progressed

LOG = frozenset({"log"})


async def begun(service, puppet):
    number = len(puppet.runs)
    generation = await service.create()
    run = await puppet.run(number)
    await service.until(generation, lambda snapshot: snapshot["phase"] != "submitting")
    return generation, run


async def watch(service, path):
    stream = await service.stream(path)
    stream.named = LOG
    assert (await stream.next()).name is None, "it begins with the newest snapshot"
    return stream


async def test_lines_come_as_named_events_between_the_snapshots(service, puppet):
    generation, run = await begun(service, puppet)
    stream = await watch(service, f"/v1/generations/{generation}/events?events=log")
    run.say(Logged("step 1"), Progressed(0.5), Logged("step 2\nsaid", level="warning"))
    told = [await stream.next() for _ in range(3)]
    assert [event.name for event in told] == ["log", None, "log"]
    assert [event.data["line"] for event in told if event.name] == ["step 1", "step 2\nsaid"]
    for event in (told[0], told[2]):
        assert set(event.data) == {"sessionId", "at", "line"}
        assert event.data["sessionId"] == generation
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.data["at"])
        assert event.id is None
    run.succeed()
    assert (await stream.rest())[-1].status == "succeeded"


async def test_who_does_not_ask_is_told_of_none(service, puppet):
    generation, run = await begun(service, puppet)
    listener = await watch(service, f"/v1/generations/{generation}/events?events=log")
    strict = [
        await service.watch(generation),
        await service.watch_seed(generation, "&events=log"),
        await service.stream("/v1/events"),
    ]
    for stream in strict:
        await stream.next()
    run.say(Logged("unheard"))
    assert (await listener.next()).data["line"] == "unheard"
    run.succeed()
    for stream in strict[:2]:
        assert (await stream.rest())[-1].status == "succeeded"
    assert (await strict[2].until(lambda data: data["status"] == "succeeded"))[-1].name is None


@pytest.mark.parametrize("is_named", [True, False])
async def test_one_connection_hears_every_generation_it_watches_by_its_id(service, puppet, is_named):
    one, first = await begun(service, puppet)
    two, second = await begun(service, puppet)
    ids = f"&id={one}&id={two}" if is_named else ""
    stream = await watch(service, f"/v1/events?events=log{ids}")
    await stream.next()
    first.say(Logged("of the first"))
    assert (await stream.next()).data["sessionId"] == one
    second.say(Logged("of the second"))
    assert (await stream.next()).data["sessionId"] == two
    if not is_named:
        three, third = await begun(service, puppet)
        third.say(Logged("of one that joined"))
        events = await stream.until(lambda data: "line" in data)
        assert events[-1].data["sessionId"] == three


async def test_lines_are_never_shown_again(service, puppet):
    generation, run = await begun(service, puppet)
    first = await watch(service, f"/v1/generations/{generation}/events?events=log")
    run.say(Logged("once"), Progressed(0.5))
    assert [(await first.next()).name for _ in range(2)] == ["log", None]
    second = await service.watch(generation, "?events=log&from=start")
    again = await second.until(lambda data: data.get("progress") == 50)
    assert {event.name for event in again} == {None}


async def test_a_line_is_short_and_free_of_secrets(service, puppet):
    generation, run = await begun(service, puppet)
    stream = await watch(service, f"/v1/generations/{generation}/events?events=log")
    run.say(Logged("Authorization: Bearer abcdefghijklmnop"), Logged("x" * 9000))
    line = (await stream.next()).data["line"]
    assert "abcdefghijklmnop" not in line
    assert "[redacted]" in line
    assert len((await stream.next()).data["line"]) <= 2000


async def test_an_http_1_0_reader_hears_them_too(service, puppet):
    generation, run = await begun(service, puppet)
    stream = await service.watch(generation, "?events=log", version="1.0")
    stream.named = LOG
    await stream.next()
    run.say(Logged("plain"))
    assert (await stream.next()).data["line"] == "plain"


async def test_a_laggard_loses_lines_and_never_the_end(service, puppet):
    generation, run = await begun(service, puppet)
    stream = await watch(service, f"/v1/generations/{generation}/events?events=log")
    for some in range(3000):
        run.say(Logged(f"{some} " + "x" * 1900))
    run.succeed()
    await service.ended(generation)
    events = await stream.rest()
    assert events[-1].status == "succeeded"
    assert sum(event.name == "log" for event in events) < 3000


@pytest.mark.parametrize("path", ["/v1/events?events=all", "/v1/events?events=", "/v1/generations/{}/events?events=log,x"])
async def test_any_other_kind_of_event_is_refused(service, puppet, path, check_problem):
    generation, _ = await begun(service, puppet)
    check_problem(await service.call("GET", path.format(generation)), 400, "invalid_input")
