"""Many generations on one connection."""

import pytest

from safelight.providers import Progressed
from safelight.web.keys import STREAMS


@pytest.fixture
async def three(service, puppet):
    generations = [await service.create() for _ in range(3)]
    return generations, [await puppet.run(number) for number in range(3)]


async def newest(stream, generations, wanted):
    """Read until the newest snapshot of each is as wanted; a snapshot older than one before it is an error."""
    states = {}
    while not (set(generations) <= set(states) and all(map(wanted, states.values()))):
        event = await stream.next()
        assert event.id is None
        before = states.get(event.data["sessionId"])
        assert before is None or event.version > (before["epoch"], before["seq"])
        states[event.data["sessionId"]] = event.data
    return states


async def test_one_connection_shows_every_generation_it_names(service, three):
    generations, runs = three
    stream = await service.stream("/v1/events?" + "&".join(f"id={generation}" for generation in generations))
    await newest(stream, generations, lambda status: status["seq"] >= 1)
    for run in runs:
        run.say(Progressed(0.5))
        run.succeed()
    states = await newest(stream, generations, lambda status: status["status"] == "succeeded")

    assert set(states) == set(generations)


async def test_it_begins_with_the_snapshot_of_everything_it_watches(service, three):
    generations, runs = three
    runs[0].succeed()
    ended = await service.ended(generations[0])
    stream = await service.stream(f"/v1/events?id={generations[0]}&id={generations[1]}&id={generations[0]}")
    events = [await stream.next(), await stream.next()]

    assert [event.data["sessionId"] for event in events] == generations[:2]
    assert events[0].data == ended
    assert stream.last_event_id == ""


@pytest.mark.parametrize("unknown", ["0" * 32, "nonsense", "", "%00", "%ff%fe", "%ed%a0%80", "x" * 3000])
async def test_an_unknown_id_is_told_so_and_the_others_are_shown(service, three, unknown):
    generations, _ = three
    stream = await service.stream(f"/v1/events?id={unknown}&id={generations[0]}")
    events = {event.data["sessionId"]: event.data for event in [await stream.next(), await stream.next()]}
    shown = events.pop(generations[0])
    (refused,) = events.values()

    assert shown["status"] == "started"
    assert (refused["status"], refused["code"], refused["epoch"], refused["seq"]) == ("failed", "not_found", 0, 0)


async def test_without_ids_it_shows_what_runs_and_new_ones_join(service, puppet, three):
    generations, runs = three
    runs[0].succeed()
    await service.ended(generations[0])
    stream = await service.stream("/v1/events")
    first = await newest(stream, generations[1:], lambda status: status["status"] == "started")
    assert set(first) == set(generations[1:])

    late = await service.create()
    (await puppet.run(3)).succeed()
    states = await newest(stream, [late], lambda status: status["status"] == "succeeded")
    assert set(states) == {late}


async def test_a_generation_that_left_memory_is_shown_from_the_journal(serve, puppet, eventually):
    service = await serve(streams={"linger_seconds": 0.0})
    generation = await service.create()
    (await puppet.run()).succeed()
    ended = await service.ended(generation)
    await eventually(lambda: service.core.hub.newest(generation) is None)
    stream = await service.stream(f"/v1/events?id={generation}")

    assert (await stream.next()).data == ended
    assert (await (await service.watch(generation)).rest())[-1].data == ended


async def test_what_has_ended_is_not_held_by_those_who_watch_everything(service, puppet):
    stream = await service.stream("/v1/events")
    for number in range(5):
        generation = await service.create()
        (await puppet.run(number)).succeed()
        await newest(stream, [generation], lambda status: status["status"] == "succeeded")
    (viewer,) = service.app[STREAMS]

    assert not viewer._subscriptions


async def test_too_many_ids_are_refused(service):
    answer = await service.call("GET", "/v1/events?" + "&".join(f"id={number}" for number in range(101)))

    assert (answer.status, answer.json["code"]) == (400, "invalid_input")
