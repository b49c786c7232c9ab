"""Who may talk to the service: its own pages and those on the list, under names it knows."""

import pytest

BOTH = pytest.mark.parametrize("path", ["/v1/generations", "/api/generation"])


@BOTH
async def test_a_page_from_elsewhere_may_not_create(service, path, check_problem):
    answer = await service.call("POST", path, {"prompt": "a"}, headers=[("Origin", "https://evil.example")])

    check_problem(answer, 403, "forbidden_origin")
    assert "access-control-allow-origin" not in answer.headers
    assert service.core.hub.running("anonymous") == []


@pytest.mark.parametrize(
    "origin", ["null", "https://localhost", "http://localhost:1", b"\xff\xfe", "*", "http://127.0.0.1.evil.example"]
)
async def test_an_origin_that_only_looks_like_ours_is_refused(service, origin, check_problem):
    check_problem(await service.call("GET", "/v1/providers", headers=[("Origin", origin)]), 403, "forbidden_origin")


async def test_our_own_pages_pass(service):
    own = f"127.0.0.1:{service.port}"
    answer = await service.call("GET", "/v1/providers", headers=[("Host", own), ("Origin", f"http://{own}")])

    assert answer.status == 200


async def test_a_listed_origin_may_read_answers_errors_and_streams(serve, puppet):
    service = await serve(server={"allowed_origins": ("https://app.example",)})
    origin = [("Origin", "https://app.example")]
    created = await service.call("POST", "/api/generation", {"prompt": "a"}, headers=origin)
    missing = await service.call("GET", f"/v1/generations/{'0' * 32}", headers=origin)
    stream = await service.watch(created.json["sessionId"], headers=origin)

    for answer in (created, missing, stream):
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert answer.headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in answer.headers


async def test_a_cache_keeps_what_a_page_was_shown_from_what_its_script_asks_for(serve, puppet):
    plain, listed = await serve(), await serve(server={"allowed_origins": ("https://app.example",)})
    shown = await listed.call("GET", "/v1/providers")  # as an <img> asks: without an Origin, so the answer lets no script read it

    assert "access-control-allow-origin" not in shown.headers
    assert shown.headers["vary"] == "Origin"
    assert "vary" not in (await plain.call("GET", "/v1/providers")).headers


async def test_a_preflight_is_answered_for_listed_origins_only(serve, check_problem):
    service = await serve(server={"allowed_origins": ("https://app.example",)})
    asked = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type")]
    allowed = await service.call("OPTIONS", "/v1/generations", headers=[("Origin", "https://app.example"), *asked])
    refused = await service.call("OPTIONS", "/v1/generations", headers=[("Origin", "https://evil.example"), *asked])

    assert allowed.status == 204
    assert allowed.headers["access-control-allow-origin"] == "https://app.example"
    assert "POST" in allowed.headers["access-control-allow-methods"]
    assert {"Content-Type", "If-None-Match"} <= set(allowed.headers["access-control-allow-headers"].split(", "))
    check_problem(refused, 403, "forbidden_origin")


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "a b", b"\xff", "evil.example:80", "[::1", None])
async def test_a_name_that_was_bound_to_our_address_is_refused(service, host, check_problem):
    connection = await service.connect()
    line = b"" if host is None else b"Host: " + (host if isinstance(host, bytes) else host.encode()) + b"\r\n"
    connection.writer.write(b"GET /v1/providers HTTP/1.1\r\n" + line + b"\r\n")
    await connection.head()
    answer = await connection.answer()

    assert answer.status in {400, 403}
    assert b"providerId" not in answer.body
    problem = check_problem(answer, answer.status, "forbidden_origin" if answer.status == 403 else "invalid_input")
    if host in {"", "[::1", b"\xff"}:
        assert "names no host" in problem["error"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "[::1]:8080", "LOCALHOST", "192.168.1.7", "Images.Example"])
async def test_addresses_localhost_and_listed_names_are_served(serve, host):
    service = await serve(server={"allowed_hosts": ("images.example",)})
    connection = await service.connect()
    connection.writer.write(b"GET /v1/providers HTTP/1.1\r\nHost: " + host.encode() + b"\r\n\r\n")
    await connection.head()

    assert connection.status == 200
