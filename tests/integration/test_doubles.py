"""A create that is sent again, as whoever got no answer sends it: one generation, one reply."""

import asyncio

import pytest

BODY = {"prompt": "a lighthouse", "params": {}, "ref": "mine"}
KEY = [("Idempotency-Key", "an-order/17?")]
BOTH = pytest.mark.parametrize("path", ["/v1/generations", "/api/generation"])


@pytest.fixture
def send(service):
    async def send(body=BODY, *, headers=KEY, path="/v1/generations"):
        return await service.call("POST", path, body, headers=headers)

    return send


@BOTH
async def test_sent_again_it_is_the_same_session_with_the_same_reply(service, puppet, send, path):
    first = await send(path=path)
    run = await puppet.run()
    run.succeed()
    await service.ended(first.json["sessionId"])
    again = await send(path=path)

    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status, again.json) == (first.status, first.json)
    for name in ("location", "safelight-session"):
        assert again.headers[name] == first.headers[name]
    assert len(puppet.runs) == 1


@pytest.mark.parametrize("engine", ["memory", "sqlite"])
async def test_of_fifty_at_once_one_generation_comes(serve, puppet, eventually, engine):
    service = await serve(engine=engine)
    answers = await asyncio.gather(*(service.call("POST", "/v1/generations", BODY, headers=KEY) for _ in range(50)))

    assert {answer.status for answer in answers} == {202}
    (generation,) = {answer.json["sessionId"] for answer in answers}
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert service.core.hub.running("anonymous") == [generation]
    assert len(await service.core.journal.unfinished()) == 1
    await puppet.run()
    assert len(puppet.runs) == 1


async def test_of_fifty_at_once_each_can_watch_the_moment_it_is_answered(serve, puppet):
    service = await serve(engine="sqlite")

    async def create_and_watch():
        created = await service.call("POST", "/v1/generations", BODY, headers=KEY)
        stream = await service.stream(created.json["streamUrl"])
        return await stream.next(), stream

    watching = await asyncio.gather(*(create_and_watch() for _ in range(50)))
    (await puppet.run()).succeed()
    ends = await asyncio.gather(*(stream.rest() for _, stream in watching))
    assert {events[-1].status for events in ends} == {"succeeded"}


async def test_order_and_space_make_no_other_body(send):
    first = await send()
    again = await send(b'{ "ref":"mine", "params":{}, "prompt":"a lighthouse" }')
    assert again.json["sessionId"] == first.json["sessionId"]


@pytest.mark.parametrize("change", [{"prompt": "a boat"}, {"ref": "yours"}, {"onDisconnect": "cancel"}, {"deadline": 60}])
async def test_another_body_under_a_known_key_is_refused(service, send, check_problem, change):
    first = await send()
    problem = check_problem(await send({**BODY, **change}), 422, "idempotency_mismatch")
    assert problem["retryable"] is False
    assert service.core.hub.running("anonymous") == [first.json["sessionId"]]


async def test_the_two_surfaces_ask_for_different_things(send, check_problem):
    await send()
    check_problem(await send(path="/api/generation"), 422, "idempotency_mismatch")


async def test_without_a_key_and_under_another_it_is_another_generation(send):
    sent = [await send(headers=headers) for headers in (KEY, [], [], [("Idempotency-Key", "an-order/18?")])]
    assert len({answer.json["sessionId"] for answer in sent}) == 4


async def test_a_create_that_was_refused_leaves_its_key_free(service, send, check_problem):
    check_problem(await send({"prompt": ""}), 422, "invalid_input")
    check_problem(await send({**BODY, "providerId": "nobody"}), 422, "provider_unknown")
    assert (await send()).status == 202


async def test_a_replay_needs_neither_room_nor_a_service_that_stays(service, send, check_problem):
    first = await send()
    service.core.drain()
    again = await send()
    assert (again.status, again.json) == (202, first.json)
    check_problem(await send(headers=[("Idempotency-Key", "new")]), 503, "busy")


async def test_what_was_forgotten_since_is_named_all_the_same_and_gone(service, puppet, send, check_problem):
    first = await send()
    (await puppet.run()).succeed()
    await service.ended(first.json["sessionId"])
    assert (await service.call("DELETE", first.headers["location"])).status == 204
    for more in ([], [("Prefer", "wait=5")]):
        again = await send(headers=KEY + more)
        assert (again.status, again.json) == (202, first.json)
    check_problem(await service.call("GET", first.json["urls"]["self"]), 410, "gone")
    assert len(puppet.runs) == 1


@pytest.mark.parametrize("key", ["", "a" * 256, "a b", "é", b"\xff", "a\tb"])
@BOTH
async def test_what_is_no_key_is_refused_and_starts_nothing(service, send, check_problem, key, path):
    problem = check_problem(await send(headers=[("Idempotency-Key", key)], path=path), 400, "invalid_input")
    assert "Idempotency-Key" in problem["detail"]
    assert service.core.hub.running("anonymous") == []


async def test_two_keys_are_one_too_many(service, send, check_problem):
    check_problem(await send(headers=[*KEY, *KEY]), 400, "invalid_input")
    assert service.core.hub.running("anonymous") == []


async def test_a_key_may_be_as_long_and_as_odd_as_visible_ascii_is(send):
    longest = [("Idempotency-Key", ('"!~;,%' * 50)[:255])]
    first, again = await send(headers=longest), await send(headers=longest)
    assert (again.status, again.json) == (202, first.json)


async def test_a_caller_who_left_before_the_answer_finds_what_it_started(service, puppet, send):
    connection = await service.connect()
    body = b'{"prompt":"a lighthouse","params":{},"ref":"mine"}'
    head = (
        f"POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: {KEY[0][1]}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.writer.write(head.encode() + body)
    await puppet.run()
    connection.cut()
    again = await send()
    assert again.headers["idempotent-replayed"] == "true"
    assert service.core.hub.running("anonymous") == [again.json["sessionId"]]


async def test_pages_of_a_listed_origin_may_send_keys_and_read_what_came_of_them(serve):
    service = await serve(server={"allowed_origins": ("https://app.example",)})
    origin = ("Origin", "https://app.example")
    asked = ("Access-Control-Request-Headers", "idempotency-key, prefer")
    preflight = await service.call("OPTIONS", "/v1/generations", headers=[origin, asked])
    created = await service.call("POST", "/v1/generations", BODY, headers=[origin, *KEY])
    for name in ("Idempotency-Key", "Prefer"):
        assert name in preflight.headers["access-control-allow-headers"]
    for name in ("Idempotent-Replayed", "Preference-Applied"):
        assert name in created.headers["access-control-expose-headers"]
