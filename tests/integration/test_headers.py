"""Headers cost what they may and no more: a request that says too much is refused, and nobody else notices."""

import pytest


@pytest.mark.parametrize(
    "head",
    [
        b"GET /v1/providers?" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: localhost",
        b"GET /v1/providers HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 40_000,
        b"GET /v1/providers HTTP/1.1\r\nHost: localhost\r\n" + b"x" * 40_000 + b": x",
        b"GET /v1/providers HTTP/1.1\r\nHost: localhost" + b"\r\nX: x" * 200,
    ],
    ids=["line", "value", "name", "many"],
)
async def test_a_header_that_is_too_large_is_refused_and_the_service_goes_on(service, head, check_problem):
    good = await service.connect()
    connection = await service.connect()
    connection.writer.write(head + b"\r\n\r\n")
    await connection.head()
    problem = check_problem(await connection.answer(), 400, "invalid_input")
    await good.ask("GET", "/v1/providers")

    assert "xxx" not in problem["error"]
    assert await connection.reader.read() == b""
    assert good.status == 200


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\n"])
async def test_a_header_without_end_is_cut_off_while_it_comes(service, start):
    connection = await service.connect()
    connection.writer.write(start)

    async def go_on():
        for _ in range(1000):
            connection.writer.write(b"x" * 65_536)
            await connection.writer.drain()

    with pytest.raises(ConnectionError):
        await go_on()
    assert (await service.call("GET", "/v1/providers")).status == 200


@pytest.mark.parametrize(("beyond", "status"), [(0, 200), (1, 431), (30_000, 431), (3_000_000, 431)])
async def test_all_headers_together_have_a_limit(service, beyond, status, check_problem):
    fields = [("Host", "localhost"), ("X-Small", "x")]
    left = 32 * 1024 + beyond - sum(len(name + value) for name, value in fields)
    while left:
        size = min(left, 30_000)
        fields.append(("X", "x" * (size - 1)))
        left -= size
    answer = await service.call("GET", "/v1/providers", headers=fields)

    assert answer.status == status
    if status == 431:
        check_problem(answer, 431, "invalid_input")
    assert (await service.call("GET", "/v1/providers")).status == 200


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", "malformed"),
        (b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", "malformed"),
        (b"GET no-path HTTP/1.1\r\nHost: localhost\r\n\r\n", "no path and no URL"),
        (b"GET / HTTP/1.1\r\n\r\n", "'Host'"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "'Host'"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nSecret word: 1\r\n\r\n", "header"),
        (b"POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", "Content-Length"),
        (b"POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "chunk"),
    ],
    ids=["tls", "version", "url", "no host", "hosts", "name", "length", "chunk"],
)
async def test_what_is_no_request_is_refused_like_any_other_and_tells_nothing_of_the_software(
    service, said, sentence, check_problem
):
    connection = await service.connect()
    connection.writer.write(said)
    await connection.head()
    problem = check_problem(await connection.answer(), 400, "invalid_input")

    assert sentence in problem["error"]
    assert "Secret" not in problem["error"]
    assert connection.headers["server"] == "safelight"
    assert await connection.reader.read() == b""
