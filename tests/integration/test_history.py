"""The journal of one generation as pages of JSON."""

import pytest

from safelight.providers import Progressed

JSON = ("Accept", "application/json")


@pytest.fixture(params=["memory", "sqlite"])
async def service(request, serve):
    return await serve(engine=request.param)


@pytest.fixture
async def one(service, puppet):
    """An ended generation of many steps."""
    generation = await service.create()
    run = await puppet.run()
    run.say(*(Progressed(n / 100) for n in range(1, 40)))
    run.succeed()
    await service.ended(generation)
    return generation


async def page(service, generation, query="", accept=JSON):
    answer = await service.call("GET", f"/v1/generations/{generation}/events{query}", headers=[accept])
    assert answer.status == 200, answer
    assert answer.headers["content-type"].startswith("application/json")
    assert set(answer.json) <= {"events", "next"}
    return answer.json["events"], answer.json.get("next")


async def test_the_pages_are_the_stream_from_its_start(service, one):
    stream = await service.watch(one, "?from=start")
    told = [event.data for event in await stream.rest()]
    events, query = [], "?limit=7"
    while query:
        some, following = await page(service, one, query)
        events += some
        assert len(some) == 7 or following is None
        if following:
            assert following == f"{some[-1]['epoch']}-{some[-1]['seq']}"
        query = following and f"?limit=7&after={following}"
    assert events == told
    assert events[0]["status"] == "started"
    assert events[-1]["status"] == "succeeded"


async def test_a_page_that_ends_with_the_newest_has_no_next_and_what_comes_later_follows_its_last(service, puppet):
    generation = await service.create()
    run = await puppet.run()
    await service.until(generation, lambda snapshot: snapshot["phase"] != "submitting")
    events, following = await page(service, generation)
    assert following is None
    run.succeed()
    await service.ended(generation)
    later, following = await page(service, generation, f"?after={events[-1]['epoch']}-{events[-1]['seq']}")
    assert following is None
    assert [event["seq"] for event in later] == list(range(len(events) + 1, len(events) + len(later) + 1))
    assert later[-1]["status"] == "succeeded"


@pytest.mark.parametrize("after", ["9" * 20 + "-" + "9" * 20, "99999999999-1"])
async def test_after_something_that_is_yet_to_come_there_is_nothing(service, one, after):
    assert await page(service, one, f"?after={after}") == ([], None)


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8, text/plain;q=0.5", True),
        ("text/event-stream", False),
        ("application/json, text/event-stream", False),
        ("*/*", False),
        ("text/html", False),
        (None, False),
    ],
)
async def test_only_who_takes_json_and_no_events_gets_a_page(serve, puppet, accept, is_page):
    service = await serve()
    generation = await service.create()
    (await puppet.run()).succeed()
    await service.ended(generation)
    answer = await service.call("GET", f"/v1/generations/{generation}/events", headers=[("Accept", accept)])
    kind = "application/json" if is_page else "text/event-stream"
    assert answer.headers["content-type"].split(";")[0] == kind


async def test_the_seeds_stream_stays_a_stream_whatever_is_accepted(service, one):
    answer = await service.call("GET", f"/api/generation?sessionId={one}", headers=[JSON])
    assert answer.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("?after=", {"after"}),
        ("?after=nonsense", {"after"}),
        ("?after=1-2&after=1-3", {"after"}),
        ("?limit=0", {"limit"}),
        ("?limit=1001", {"limit"}),
        ("?from=start&limit=x", {"from", "limit"}),
    ],
)
async def test_every_fault_of_a_query_is_named(serve, query, faults, check_problem):
    service = await serve()
    generation = await service.create()
    answer = await service.call("GET", f"/v1/generations/{generation}/events{query}", headers=[JSON])
    problem = check_problem(answer, 400, "invalid_input")
    assert {fault["path"] for fault in problem["faults"]} == faults


@pytest.mark.parametrize("unknown", ["0" * 32, "nonsense", "%00", "%ed%a0%80"])
async def test_a_page_of_what_is_unknown_is_not_found(serve, unknown, check_problem):
    service = await serve()
    check_problem(await service.call("GET", f"/v1/generations/{unknown}/events", headers=[JSON]), 404, "not_found")
