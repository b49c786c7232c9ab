"""The list of one's own generations, over HTTP."""

import attrs
import pytest

from safelight.generation import Generation, Policy, Request
from safelight.records import StatusRecord
from safelight.status import Outcome, Phase, State, Status
from safelight.updates import Started
from safelight.versions import Version


@pytest.fixture(params=["memory", "sqlite"])
async def service(request, serve):
    return await serve(engine=request.param)


async def create(service, puppet, count, **body):
    """Start some, the newest last; each has its own run of the puppet."""
    created = []
    for _ in range(count):
        number = len(puppet.runs)
        created.append(await service.create(**body))
        await puppet.run(number)
    return created


async def page(service, query=""):
    answer = await service.call("GET", f"/v1/generations{query}")
    assert answer.status == 200, answer
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].startswith("application/json")
    assert set(answer.json) <= {"generations", "next"}
    return [snapshot["sessionId"] for snapshot in answer.json["generations"]], answer.json.get("next")


async def walk(service, query, between=None):
    """Follow a list to its end."""
    seen, cursor = [], ""
    while cursor is not None:
        ids, following = await page(service, f"{query}{cursor}")
        seen += ids
        cursor = following and f"&cursor={following}"
        if between:
            await between()
    return seen


async def test_nothing_is_an_empty_list(service):
    assert await page(service) == ([], None)


async def test_the_newest_comes_first_as_the_snapshot_it_is(service, puppet):
    created = await create(service, puppet, 3)
    puppet.runs[0].succeed()
    await service.ended(created[0])
    listed = (await service.call("GET", "/v1/generations")).json["generations"]
    assert listed == [await service.snapshot(id_) for id_ in reversed(created)]


async def test_pages_neither_skip_nor_repeat_while_new_ones_arrive(service, puppet):
    created = await create(service, puppet, 7)

    async def arrive():
        await service.create()

    assert await walk(service, "?limit=2", arrive) == created[::-1]


async def test_twenty_are_shown_unless_said(service):
    for _ in range(21):
        await service.create()
    ids, following = await page(service)
    assert len(ids) == 20
    assert len((await page(service, f"?cursor={following}"))[0]) == 1
    assert (await page(service, "?limit=21"))[1] is None


async def test_a_list_is_of_the_states_asked_for(service, puppet, eventually):
    one, two, three, four = await create(service, puppet, 4)
    for run, end in zip(puppet.runs, (puppet.runs[0].succeed, lambda: puppet.runs[1].say(ValueError("no"))), strict=False):
        run.say(Started())
        end()
    await service.ended(one)
    await service.ended(two)
    puppet.runs[2].say(Started())
    await service.until(three, lambda snapshot: snapshot["status"] == "processing")
    assert await page(service, "?status=started") == ([four], None)
    assert await page(service, "?status=processing") == ([three], None)
    assert await page(service, "?status=succeeded,failed") == ([two, one], None)
    assert await page(service, "?status=succeeded&status=failed&status=failed") == ([two, one], None)
    assert await walk(service, "?limit=1&status=started,processing,succeeded,failed") == [four, three, two, one]


async def test_a_list_is_of_the_ref_asked_for(service, puppet):
    mine = await create(service, puppet, 2, ref="order 7/ü")
    await create(service, puppet, 1, ref="order 7")
    await create(service, puppet, 1)
    assert await page(service, "?ref=order%207/%C3%BC") == (mine[::-1], None)
    assert await page(service, "?ref=order") == ([], None)


async def test_what_is_someone_elses_is_on_nobody_elses_list(service, puppet):
    created = await create(service, puppet, 1)
    status = Status(
        generation="a" * 32,
        provider="puppet",
        version=Version(1, 1),
        state=State.FAILED,
        phase=Phase.FINISHED,
        outcome=Outcome.FAILED,
        created_at=service.core.clock.now(),
    )
    policy = Policy(submit_seconds=1.0, stall_seconds=1.0, total_seconds=1.0, cancel_seconds=1.0)
    request = Request(prompt="hers", params={}, options={})
    hers = Generation(id="a" * 32, owner="anna", provider="puppet", request=request, policy=policy, created_at=status.created_at)
    await service.core.journal.create(hers, StatusRecord(status=status))
    assert await page(service) == (created, None)
    mine = attrs.evolve(hers, id="b" * 32, owner="anonymous")
    await service.core.journal.create(mine, StatusRecord(status=attrs.evolve(status, generation="b" * 32)))
    assert (await page(service))[0] == ["b" * 32, *created]


async def test_head_answers_as_get_does_without_the_list(service, puppet):
    await create(service, puppet, 1)
    connection = await service.connect()
    await connection.ask("HEAD", "/v1/generations?limit=5")
    assert connection.status == 200


async def test_a_query_of_thousands_of_parameters_is_refused_in_few_words(serve, check_problem):
    service = await serve()
    query = "&".join(f"p{number}=1" for number in range(3000))
    answer = await service.call("GET", f"/v1/generations?{query}")

    assert check_problem(answer, 400, "invalid_input")["faults"][-1]["message"] == "and 2980 more unknown parameters"
    assert len(answer.body) < 4096


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("?limit=0", {"limit"}),
        ("?limit=101", {"limit"}),
        ("?limit=-1", {"limit"}),
        ("?limit=", {"limit"}),
        ("?limit=1.5", {"limit"}),
        ("?limit=%D9%A3", {"limit"}),
        ("?limit=" + "9" * 5000, {"limit"}),
        ("?limit=3&limit=4", {"limit"}),
        ("?status=done", {"status"}),
        ("?status=", {"status"}),
        ("?status=failed,", {"status"}),
        ("?ref=a&ref=b", {"ref"}),
        ("?cursor=", {"cursor"}),
        ("?cursor=nonsense", {"cursor"}),
        ("?cursor=" + "A" * 44, {"cursor"}),
        ("?cursor=%ff", {"cursor"}),
        ("?state=failed", {"state"}),
        ("?limitt=1&owner=anna&status=lost&limit=x", {"limitt", "owner", "status", "limit"}),
    ],
)
async def test_every_fault_of_a_query_is_named(serve, query, faults, check_problem):
    service = await serve()
    problem = check_problem(await service.call("GET", f"/v1/generations{query}"), 400, "invalid_input")
    assert {fault["path"] for fault in problem["faults"]} == faults
    assert all(fault["message"] for fault in problem["faults"])


async def test_a_near_miss_is_told_what_was_meant(serve, check_problem):
    service = await serve()
    problem = check_problem(await service.call("GET", "/v1/generations?stats=failed&status=succeded"), 400, "invalid_input")
    assert [fault["message"].split("did you mean ")[1] for fault in problem["faults"]] == ["'status'?)", "'succeeded'?)"]


async def test_raw_bytes_in_a_query_do_no_harm(serve):
    service = await serve()
    for query in (b"?ref=\xff\xfe", b"?\xff=1", b"?status=\xed\xa0\x80", b"?cursor=\xff"):
        connection = await service.connect()
        connection.writer.write(b"GET /v1/generations" + query + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await connection.head()
        assert connection.status in {200, 400}
        await connection.answer()


async def test_a_cursor_belongs_to_one_list_and_to_nobody_who_touches_it(service, puppet, check_problem):
    await create(service, puppet, 3, ref="a")
    _, cursor = await page(service, "?limit=1&ref=a")
    assert len((await page(service, f"?ref=a&limit=50&cursor={cursor}"))[0]) == 2, "the limit may change on the way"
    touched = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    for query in (
        f"?cursor={cursor}",
        f"?ref=b&cursor={cursor}",
        f"?ref=a&status=failed&cursor={cursor}",
        f"?ref=a&cursor={touched}",
    ):
        problem = check_problem(await service.call("GET", f"/v1/generations{query}"), 400, "invalid_input")
        assert [fault["path"] for fault in problem["faults"]] == ["cursor"]


async def test_a_cursor_outlives_the_service_that_gave_it_out(serve, puppet):
    first = await serve(engine="sqlite")
    created = await create(first, puppet, 3)
    for run in puppet.runs:
        run.succeed()
    for id_ in created:
        await first.ended(id_)
    _, cursor = await page(first, "?limit=1")
    await first.up.core.__aexit__(None, None, None)
    second = await serve(engine="sqlite")
    assert await page(second, f"?cursor={cursor}") == (created[1::-1], None)
