"""Forgetting a generation: at its owner's word, or when its time is over."""

import asyncio
from datetime import timedelta

import attrs
import pytest

from safelight.providers import Logged, Produced, Succeeded
from safelight.records import StatusRecord

JSON = ("Accept", "application/json")


@pytest.fixture(params=["memory", "sqlite"])
async def service(request, serve):
    return await serve(engine=request.param)


async def ended(service, puppet):
    """A generation that succeeded; its id and the path of its output."""
    number = len(puppet.runs)
    generation = await service.create()
    (await puppet.run(number)).succeed()
    return generation, (await service.ended(generation))["output"][0]


async def forget(service, generation):
    return await service.call("DELETE", f"/v1/generations/{generation}")


async def purge(service):
    """Let the time of everything that has ended be over."""
    await service.core.journal.purge(service.core.clock.now() + timedelta(days=1))


async def test_what_is_forgotten_is_gone_with_its_outputs(service, puppet, check_problem):
    generation, output = await ended(service, puppet)
    assert (await service.call("GET", output)).status == 200
    answer = await forget(service, generation)
    assert (answer.status, answer.body) == (204, b"")
    check_problem(await service.call("GET", output), 404, "not_found")
    assert (await service.call("GET", "/v1/generations")).json == {"generations": []}
    assert await service.core.journal.unswept() == []


@pytest.mark.parametrize("how", [forget, lambda service, _: purge(service)], ids=["asked", "over"])
async def test_every_call_about_it_says_that_it_is_gone(service, puppet, how, check_problem):
    generation, _ = await ended(service, puppet)
    await how(service, generation)
    path = f"/v1/generations/{generation}"
    for method, rest, headers in (
        ("GET", "", []),
        ("GET", "?wait=20&after=1-1", []),
        ("GET", "/events", [JSON]),
        ("DELETE", "", []),
        ("POST", "/cancel", []),
        ("POST", "/pause", []),
        ("POST", "/resume", []),
    ):
        check_problem(await service.call(method, path + rest, headers=headers), 410, "gone")


async def test_streams_of_it_end_in_the_way_their_reader_understands(service, puppet):
    generation, _ = await ended(service, puppet)
    await forget(service, generation)
    assert (await service.call("GET", f"/v1/generations/{generation}/events")).status == 204
    seed = await service.watch_seed(generation)
    (event,) = await seed.rest()
    assert (event.id, event.status, event.data["code"]) == (None, "failed", "gone")
    many = await service.stream(f"/v1/events?id={generation}")
    event = await many.next()
    assert (event.status, event.data["sessionId"], event.data["code"]) == ("failed", generation, "gone")


async def test_what_runs_is_not_forgotten_and_goes_on(service, puppet, check_problem):
    generation = await service.create()
    run = await puppet.run()
    check_problem(await forget(service, generation), 409, "conflict")
    run.succeed()
    assert (await service.ended(generation))["status"] == "succeeded"


@pytest.mark.parametrize("unknown", ["0" * 32, "nonsense", "%00", "%ed%a0%80"])
async def test_what_is_unknown_is_not_found(service, unknown, check_problem):
    check_problem(await forget(service, unknown), 404, "not_found")


async def test_what_is_someone_elses_is_not_found_before_and_after_it_is_gone(service, puppet, check_problem):
    generation, _ = await ended(service, puppet)
    found, status = await service.core.journal.find(generation)
    hers = attrs.evolve(found, id="a" * 32, owner="anna")
    version = attrs.evolve(status.version, seq=1)
    await service.core.journal.create(hers, StatusRecord(status=attrs.evolve(status, generation=hers.id, version=version)))
    for _ in range(2):
        check_problem(await service.call("GET", f"/v1/generations/{hers.id}"), 404, "not_found")
        check_problem(await forget(service, hers.id), 404, "not_found")
        check_problem(await service.call("GET", f"/v1/generations/{hers.id}/events"), 404, "not_found")
        if await service.core.journal.find(hers.id):
            await service.core.forget(hers.id, owner="anna")
    assert (await service.core.journal.tombstone(hers.id)).owner == "anna"


async def test_of_many_who_forget_at_once_one_did_it_and_the_others_are_told(service, puppet):
    generation, _ = await ended(service, puppet)
    answers = await asyncio.gather(*(forget(service, generation) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [204, 410, 410, 410, 410]


async def test_a_provider_that_talks_on_after_its_end_is_not_waited_for(service, puppet):
    generation = await service.create()
    run = await puppet.run()
    run.say(Produced(b"a word or two", type="text/plain"), Succeeded())
    await service.ended(generation)
    assert any(task.get_name() == f"run:{generation}" for task in asyncio.all_tasks())
    assert (await forget(service, generation)).status == 204
    assert not [task for task in asyncio.all_tasks() if generation in task.get_name()]
    run.say(Logged("nobody hears it"))


async def test_a_reader_of_the_end_keeps_what_it_was_shown(service, puppet):
    generation = await service.create()
    run = await puppet.run()
    many = await service.stream(f"/v1/events?id={generation}")
    await many.next()
    run.succeed()
    assert (await many.until(lambda data: data["status"] == "succeeded"))[-1].data["outputs"]
    assert (await forget(service, generation)).status == 204
    assert not many.comments[1:]


async def test_outputs_that_cannot_be_deleted_are_left_to_the_next_turn(service, puppet, monkeypatch, check_problem):
    generation, output = await ended(service, puppet)
    with monkeypatch.context() as broken:

        async def refuses(_):
            raise PermissionError("read-only")

        broken.setattr(service.core.outputs, "purge", refuses)
        assert (await forget(service, generation)).status == 204
        check_problem(await service.call("GET", f"/v1/generations/{generation}"), 410, "gone")
        assert await service.core.journal.unswept() == [generation]
    await service.core._retention.take_turn()
    assert (await service.call("GET", output)).status == 404
    assert await service.core.journal.unswept() == []


async def test_what_a_crash_left_between_journal_and_outputs_is_cleared_at_the_next_start(serve, puppet, tmp_path, eventually):
    first = await serve(engine="sqlite")
    generation, _ = await ended(first, puppet)
    await first.core.journal.forget(generation)  # and the power fails
    folder = tmp_path / "data" / "outputs" / generation
    assert folder.exists()
    await first.core.__aexit__(None, None, None)
    second = await serve(engine="sqlite")
    await eventually(lambda: not folder.exists())
    await eventually(lambda: _is_swept(second))
    assert (await second.call("GET", f"/v1/generations/{generation}")).status == 410


async def _is_swept(service):
    return await service.core.journal.unswept() == []


async def test_a_page_of_a_listed_origin_may_forget(serve, puppet):
    service = await serve(server={"allowed_origins": ("https://app.example",)})
    asked = [("Origin", "https://app.example"), ("Access-Control-Request-Method", "DELETE")]
    answer = await service.call("OPTIONS", "/v1/generations/x", headers=asked)
    assert "DELETE" in answer.headers["access-control-allow-methods"]
