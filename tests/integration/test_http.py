"""What the edge does with requests that are too much, too slow, too strange or from elsewhere."""

import asyncio
import gzip
import json

import pytest

from safelight.config.model import RouteSettings
from safelight.providers import Nothing, Terms
from safelight.web.keys import STREAMS

BOTH = pytest.mark.parametrize("path", ["/v1/generations", "/api/generation"])


# Bodies


@BOTH
async def test_a_create_answers_in_the_shape_of_its_surface(service, path):
    answer = await service.call("POST", path, {"prompt": "a lighthouse", "ref": "mine"})
    reply = answer.json

    assert answer.status == (202 if path == "/v1/generations" else 200)
    assert reply["success"] is True
    assert (reply["providerId"], reply["status"]) == ("puppet", "started")
    assert answer.headers["safelight-session"] == reply["sessionId"]
    assert answer.headers["location"] == reply["urls"]["self"] == f"/v1/generations/{reply['sessionId']}"
    assert (await service.call("GET", reply["urls"]["self"])).json["ref"] == "mine"
    assert (await service.stream(reply["streamUrl"])).status == 200


@BOTH
async def test_a_giant_body_is_refused_by_its_announcement(service, path, check_problem):
    connection = await service.connect()
    await connection.ask("POST", path, headers=[("Content-Length", str(10**12)), ("Content-Type", "application/json")])
    answer = await connection.answer()

    check_problem(answer, 413, "invalid_input")
    assert await connection.reader.read() == b""


async def test_a_giant_body_without_an_announcement_is_refused_where_it_grows_too_large(service, check_problem):
    connection = await service.connect()
    connection.writer.write(b"POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    connection.writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n1\r\n \r\n")
    await connection.head()

    check_problem(await connection.answer(), 413, "invalid_input")


async def test_a_body_that_unpacks_to_a_giant_is_refused(service, check_problem):
    bomb = gzip.compress(b" " * 50_000_000)
    answer = await service.call("POST", "/v1/generations", bomb, headers=[("Content-Encoding", "gzip")])

    check_problem(answer, 413, "invalid_input")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_cannot_be_unpacked_is_a_bad_request(service, encoding, check_problem):
    answer = await service.call("POST", "/v1/generations", b'{"prompt":"x"}', headers=[("Content-Encoding", encoding)])

    check_problem(answer, 400, "invalid_input")
    assert service.core.hub.running("anonymous") == []


@pytest.mark.parametrize("sent", [b"", b'{"prompt":"a light'])
async def test_a_body_that_does_not_come_is_given_up(serve, sent, check_problem):
    service = await serve(server={"body_seconds": 0.2})
    connection = await service.connect()
    connection.writer.write(b"POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n" + sent)
    async with asyncio.timeout(5):
        await connection.head()

    check_problem(await connection.answer(), 408, "invalid_input")
    assert await connection.reader.read() == b""


async def test_a_body_that_trickles_is_given_up_too(serve, check_problem):
    service = await serve(server={"body_seconds": 0.3})
    connection = await service.connect()
    connection.writer.write(b"POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
    answering = asyncio.create_task(connection.head())
    while not answering.done():
        connection.writer.write(b" ")
        await asyncio.wait({answering}, timeout=0.05)

    check_problem(await connection.answer(), 408, "invalid_input")


async def test_a_caller_who_leaves_in_the_middle_of_a_body_creates_nothing(service, eventually):
    before = asyncio.all_tasks()
    connection = await service.connect()
    connection.writer.write(b'POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"prompt"')
    await connection.writer.drain()
    connection.cut()

    await eventually(lambda: not asyncio.all_tasks() - before)
    assert service.core.hub.running("anonymous") == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"null", "must be a JSON object"),
        (b"[]", "must be a JSON object"),
        (b'"prompt"', "must be a JSON object"),
        (b"prompt=a", "not JSON"),
        (b'{"prompt":"a"', "line 1"),
        (b'{"prompt":"a",}', "not JSON"),
        (b'{"prompt":"a"} {}', "not JSON"),
        (b"\xff\xfe", "UTF-8"),
        ('{"prompt":"é"}'.encode("latin-1"), "UTF-8"),
        (b"\xef\xbb\xbf" + b'{"prompt":"a"}', "JSON"),
        (b'{"prompt":"\\ud800"}', "surrogate"),
        (b'{"prompt":"a","\\udfff":1}', "surrogate"),
        (b'{"prompt":"a","\\ud800":1,"\\ud800":1}', "twice"),
        (b'{"prompt":"a","prompt":"b"}', "'prompt' stands twice"),
        (b'{"prompt":"a","params":{"x":1,"x":1}}', "'x' stands twice"),
        (b'{"prompt":NaN}', "NaN is not JSON"),
        (b'{"prompt":"a","params":{"x":Infinity}}', "Infinity is not JSON"),
        (b'{"prompt":"a","params":{"x":-Infinity}}', "-Infinity is not JSON"),
        (b'{"prompt":"a","options":{"x":[1e999]}}', "1e999 is too large a number"),
        (b'{"prompt":"a","params":{"x":' + b"9" * 5000 + b"}}", "5000 digits; at most 400"),
        (b'{"prompt":"a\nb"}', "not JSON"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"a":' * 9_000 + b"1" + b"}" * 9_000, "nested too deeply"),
        (b'{"a":' + b"[" * 200 + b"]" * 200 + b"}", "200 levels are taken"),
    ],
    ids=range(25),
)
@BOTH
async def test_what_is_no_json_object_is_refused_with_the_reason(service, path, body, said, check_problem):
    problem = check_problem(await service.call("POST", path, body), 400, "invalid_input")

    assert said in problem["error"]


async def test_what_is_nested_as_deeply_as_is_taken_is_read(service, check_problem):
    body = b'{"a":' + b"[" * 199 + b"]" * 199 + b',"b":"' + b"[" * 300 + b'"}'

    assert {
        fault["path"]
        for fault in check_problem(await service.call("POST", "/v1/generations", body), 422, "invalid_input")["faults"]
    } == {
        "a",
        "b",
        "prompt",
    }


async def test_nesting_of_a_hundred_thousand_is_refused_where_the_limit_lets_it_in(serve, check_problem):
    service = await serve(server={"body_bytes": 1_000_000})
    body = b'{"prompt":"a","params":' + b"[" * 100_000 + b"]" * 100_000 + b"}"

    check_problem(await service.call("POST", "/v1/generations", body), 400, "invalid_input")
    assert (await service.call("POST", "/v1/generations", {"prompt": "a"})).status == 202


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html", "image/png"]
)
async def test_other_media_types_are_refused(service, kind, check_problem):
    answer = await service.call("POST", "/v1/generations", {"prompt": "a"}, headers=[("Content-Type", kind)])

    check_problem(answer, 415, "invalid_input")


@pytest.mark.parametrize("packing", ["br", "zstd", "compress", "gzip, gzip"])
async def test_a_body_that_is_packed_as_nobody_can_read_is_refused_by_that_name(service, packing, check_problem):
    answer = await service.call("POST", "/v1/generations", {"prompt": "a"}, headers=[("Content-Encoding", packing)])

    assert "gzip or deflate" in check_problem(answer, 415, "invalid_input")["error"]


async def test_a_body_that_is_packed_as_gzip_is_read(service):
    body = gzip.compress(b'{"prompt": "a"}')
    answer = await service.call("POST", "/v1/generations", body, headers=[("Content-Encoding", "GZIP")])

    assert answer.status == 202


@BOTH
async def test_every_fault_of_a_request_is_named_with_its_path_and_what_was_meant(service, path, check_problem):
    body = {"promt": "a", "providerId": "simulator", "params": {"x": 1}, "ref": 7}
    faults = check_problem(await service.call("POST", path, body), 422, "invalid_input")["faults"]
    said = {fault["path"]: fault["message"] for fault in faults}

    assert "did you mean 'prompt'" in said["promt"]
    assert "prompt" in said
    assert "ref" in said


async def test_faults_inside_params_and_options_have_paths_of_their_own(service, check_problem):
    body = {
        "prompt": "a",
        "providerId": "simulator",
        "params": {"widht": 64, "steps": 0},
        "options": {"scenario": "sucess", "script": [{"do": "wait"}]},
    }
    faults = check_problem(await service.call("POST", "/v1/generations", body), 422, "invalid_input")["faults"]
    said = {fault["path"]: fault["message"] for fault in faults}

    assert "did you mean 'width'" in said["params.widht"]
    assert "params.steps" in said
    assert "options.scenario" in said
    assert any(path.startswith("options.script[0]") for path in said)


async def test_an_unknown_provider_is_named_with_a_suggestion(service, check_problem):
    problem = check_problem(
        await service.call("POST", "/v1/generations", {"prompt": "a", "providerId": "pupet"}), 422, "provider_unknown"
    )

    assert problem["faults"] == [{"path": "providerId", "message": "unknown provider 'pupet' (did you mean 'puppet'?)"}]


async def test_a_model_is_refused_by_a_provider_that_has_none(service, check_problem):
    body = {"prompt": "a", "providerId": "puppet", "model": "flux"}
    problem = check_problem(await service.call("POST", "/v1/generations", body), 422, "invalid_input")

    assert problem["faults"] == [{"path": "model", "message": "this provider has no models to choose from"}]


async def test_a_providers_name_is_as_long_as_a_name_may_be(service, check_problem):
    for length, code, said in ((200, "provider_unknown", "unknown provider"), (201, "invalid_input", "must have at most 200")):
        answer = await service.call("POST", "/v1/generations", {"prompt": "a", "providerId": "p" * length})
        (fault,) = check_problem(answer, 422, code)["faults"]
        assert fault["path"] == "providerId"
        assert said in fault["message"]


@BOTH
async def test_a_providers_name_of_60_kb_is_refused_and_not_said_back(service, path, check_problem):
    answer = await service.call("POST", path, {"prompt": "a", "providerId": "p" * 60_000})

    check_problem(answer, 422, "invalid_input")
    assert len(answer.body) < 1000
    assert service.core.hub.running("anonymous") == []


# Paths and methods


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/generation",
        "/v1/generations/nonsense",
        f"/v1/generations/{'0' * 32}",
        f"/v1/generations/{'A' * 32}",
        "/v1/generations/%00",
        "/v1/generations/%ff%fe",
        "/v1/generations/%ed%a0%80/events",
        "/v1/generations/..%2f..%2fetc%2fpasswd",
        "/v1/providers/nobody",
        "/v1/providers/%ff",
        "/livez",
        "//evil.example/",
    ],
)
async def test_what_is_not_there_is_404(service, path, check_problem):
    problem = check_problem(await service.call("GET", path), 404, "not_found")

    assert problem["error"] != "Not Found"


async def test_raw_bytes_in_a_path_do_no_harm(service):
    connection = await service.connect()
    connection.writer.write(b"GET /v1/generations/\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await connection.head()

    assert connection.status in {400, 404}
    assert (await service.call("GET", "/v1/providers")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/generations", {"GET", "HEAD", "POST"}),
        ("DELETE", "/v1/providers", {"GET", "HEAD"}),
        ("PUT", "/api/generation", {"GET", "POST"}),
        ("HEAD", "/api/generation", {"GET", "POST"}),
        ("POST", "/v1/events", {"GET"}),
        ("OPTIONS", "/v1/generations", {"GET", "HEAD", "POST"}),
    ],
)
async def test_other_methods_are_405_and_say_which_are_not(service, method, path, allowed, check_problem):
    connection = await service.connect()
    await connection.ask(method, path)

    assert connection.status == 405
    assert set(connection.headers["allow"].split(",")) == allowed
    if method != "HEAD":
        problem = check_problem(await connection.answer(), 405, "invalid_input")
        assert problem["error"] == f"This path takes {', '.join(sorted(allowed))}, and not {method}."


@pytest.mark.parametrize("wait", ["-1", "1.5", "soon", "1e3", "999999", "٣".encode().hex(), "%D9%A3"])
async def test_a_wait_that_is_no_number_of_seconds_is_refused(service, wait, check_problem):
    generation = await service.create()

    check_problem(await service.call("GET", f"/v1/generations/{generation}?wait={wait}"), 400, "invalid_input")


async def test_an_error_of_ours_says_nothing_about_us(service, monkeypatch, check_problem):
    async def fail(*args):
        raise RuntimeError("secret internals")

    monkeypatch.setattr(service.core.journal, "find", fail)
    answer = await service.call("GET", f"/v1/generations/{'0' * 32}")

    check_problem(answer, 500, "internal")
    assert b"secret internals" not in answer.body


# Cancel


async def test_a_cancel_is_accepted_then_repeated_without_harm(service, puppet):
    generation = await service.create()
    await puppet.run()
    first = await service.call("POST", f"/v1/generations/{generation}/cancel")
    ended = await service.ended(generation)
    again = await service.call("POST", f"/v1/generations/{generation}/cancel")

    assert first.status in {200, 202}
    assert (again.status, again.json) == (200, ended)
    assert (ended["status"], ended["outcome"], ended["error"]) == ("failed", "canceled", "Canceled")


async def test_a_cancel_after_another_end_is_a_conflict(service, puppet, check_problem):
    generation = await service.create()
    (await puppet.run()).succeed()
    await service.ended(generation)

    check_problem(await service.call("POST", f"/v1/generations/{generation}/cancel"), 409, "not_cancelable")


async def test_a_caller_who_leaves_does_not_stop_its_generation(service, puppet, eventually):
    connection = await service.connect()
    connection.writer.write(b'POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 14\r\n\r\n{"prompt":"a"}')
    await connection.writer.drain()
    await puppet.run()
    connection.cut()
    (generation,) = service.core.hub.running("anonymous")
    puppet.runs[0].succeed()

    assert (await service.ended(generation))["status"] == "succeeded"


# Providers and health


async def test_providers_say_what_they_can_and_what_they_take(service):
    listed = (await service.call("GET", "/v1/providers")).json["providers"]
    one = (await service.call("GET", "/v1/providers/simulator")).json

    assert [provider["providerId"] for provider in listed] == ["puppet", "simulator"]
    assert [provider["default"] for provider in listed] == [True, False]
    assert one == listed[1]
    assert one["available"] is True
    assert one["plugin"]["name"] == "simulator"
    assert one["capabilities"]["cancel"] == "confirmed"
    assert one["params"]["properties"]["width"]["minimum"] == 16
    assert "success" in json.dumps(one["options"])


async def test_alive_and_ready_are_said_on_the_admin_port_only(service):
    alive = await service.call("GET", "/livez", port=service.admin_port)
    ready = await service.call("GET", "/readyz", port=service.admin_port)

    assert (alive.status, alive.json) == (200, {"status": "ok"})
    assert (ready.status, ready.json["status"]) == (200, "ready")
    assert (await service.call("GET", "/v1/providers", port=service.admin_port)).status == 404


async def test_the_longest_times_there_are_can_be_counted(serve):
    most = 1000 * 365 * 86_400.0
    service = await serve(
        data={"retention_seconds": most},
        streams={"laggard_seconds": 86_400.0},
        deadlines={"total_seconds": most, "cancel_seconds": most},
    )
    generation = await service.create(providerId="simulator")
    stream = await service.watch(generation)
    assert (await stream.rest())[-1].status == "succeeded"
    await service.core._retention.take_turn()


async def test_a_service_is_ready_while_somebody_takes_what_names_nobody(serve, check_problem):
    service = await serve(default_provider="either", routes={"either": RouteSettings(providers=("puppet", "simulator"))})

    async def ready():
        answer = await service.call("GET", "/readyz", port=service.admin_port)
        return answer.status, answer.json["defaultProvider"]

    assert await ready() == (200, "ok")
    service.core.instances["puppet"].provider.terms = Terms(params=Nothing, options=Nothing, fault="its model is gone")
    assert await ready() == (200, "ok"), "the route's other provider takes it"
    service.core.instances["simulator"].provider.terms = Terms(params=Nothing, options=Nothing, fault="it was switched off")
    assert await ready() == (503, "its model is gone")
    check_problem(await service.call("POST", "/v1/generations", {"prompt": "a"}), 503, "provider_unavailable")


async def test_a_nearly_full_disk_takes_nothing_new_and_says_so(serve, check_problem):
    service = await serve(engine="sqlite", min_free_bytes=2**62)
    answer = await service.call("POST", "/v1/generations", {"prompt": "a"})
    ready = await service.call("GET", "/readyz", port=service.admin_port)

    check_problem(answer, 503, "storage_full")
    assert answer.json["retryable"] is True
    assert int(answer.headers["retry-after"]) > 0
    assert (ready.status, ready.json["storage"]) == (503, "full")


async def test_what_is_left_open_is_closed_with_the_service(serve):
    service = await serve()
    generation = await service.create()
    for _ in range(3):
        await (await service.watch(generation)).next()

    assert len(service.app[STREAMS]) == 3
