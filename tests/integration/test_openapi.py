"""The document against the service it describes: neither says what the other does not."""

import json
from collections import defaultdict
from fnmatch import fnmatch
from types import SimpleNamespace

import attrs
import pytest
import schemathesis
from aiohttp import web
from jsonschema import Draft202012Validator

from safelight.config.model import Instance, RouteSettings
from safelight.errors import Busy, StorageFull
from safelight.providers import Logged, Produced, Progressed
from safelight.web import ui

EVENTS = "text/event-stream"
NOBODY = "0" * 32
ENDLESS = [{"do": "progress", "fraction": 0.5}, {"do": "stall"}]
SPOKEN_BY_ALL = {
    "accept", "connection", "content-encoding", "content-length", "content-type", "expect", "host", "origin",
    "sec-websocket-key1", "transfer-encoding", "upgrade",
}  # fmt: skip
"""Headers that are HTTP's, or that OpenAPI says not to declare."""
HINTS = {("GET", "/api/generation"): {("query", "providerId")}}
"""What is declared and read by nobody: the protocol says that it selects nothing."""


def closed(schema):
    """The same, but nothing that it does not name may be there."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: value if key == "if" else closed(value) for key, value in schema.items()}
    return {**inner, "additionalProperties": False} if schema.get("type") == "object" and "properties" in schema else inner


def events_of(body):
    """The events of a stream, as the schema of one means them."""
    for block in body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if "data" in fields:
            yield {"event": "message", **{key: value for key, value in fields.items() if key != "retry"}}


@attrs.frozen
class Document:
    """The document, and what is asked of it."""

    json: dict

    @property
    def calls(self):
        return {(method.upper(), path): call for path, item in self.json["paths"].items() for method, call in item.items()}

    def fits(self, value, schema):
        """Refuse what the schema does not say, also what it leaves open."""
        schemas = {"schemas": closed(self.json["components"]["schemas"])}
        Draft202012Validator({**closed(schema), "components": schemas}).validate(value)

    def fits_event(self, event, schema):
        self.fits(event, schema)
        branch = schema if "if" not in schema else schema["then" if event["event"] == "log" else "else"]
        self.fits(json.loads(event["data"]), branch["properties"]["data"]["contentSchema"])

    def check(self, call, answer):
        """Hold an answer against what is said of it."""
        said = self.calls[call]["responses"][str(answer.status)]
        assert {name.lower() for name in said.get("headers", {})} <= answer.headers.keys(), (call, answer)
        content = said.get("content")
        if not content:
            assert answer.body == b"", (call, answer)
            return
        kind = answer.headers["content-type"].partition(";")[0]
        media = next(media for pattern, media in content.items() if fnmatch(kind, pattern))
        if "itemSchema" in media:
            for event in events_of(answer.body):
                self.fits_event(event, media["itemSchema"])
        elif "schema" in media:
            self.fits(json.loads(answer.body), media["schema"])


class Walk:
    """Makes calls by their names in the document, checks each answer, and keeps what was seen."""

    def __init__(self, service, document, seen=None):
        self.service, self.document = service, document
        self.seen = defaultdict(set) if seen is None else seen

    async def __call__(self, method, path, body=None, *, query="", headers=(), **parts):
        return self.take((method, path), await self.service.call(method, path.format(**parts) + query, body, headers=headers))

    def take(self, call, answer):
        self.seen[call].add(str(answer.status))
        self.document.check(call, answer)
        return answer

    async def listen(self, path, query, *, until, say=lambda: None, **parts):
        """Read a stream that goes on for ever as far as is wanted; `say` when it has begun."""
        stream = await self.service.stream(path.format(**parts) + query)
        body = b""
        async for some in stream.connection.body():
            if b"data: " in body + some and b"data: " not in body:
                say()
            body += some
            if until in body and body.endswith(b"\n\n"):
                break
        stream.connection.cut()
        return self.take(("GET", path), SimpleNamespace(status=stream.status, headers=stream.headers, body=body))


@pytest.fixture
async def document(service):
    return Document((await service.call("GET", "/openapi.json")).json)


@pytest.fixture
def walk(service, document):
    return Walk(service, document)


async def test_a_route_can_be_asked_for_by_name_and_by_default(serve):
    service = await serve(default_provider="either", routes={"either": RouteSettings(providers=("puppet", "simulator"))})
    document = Document((await service.call("GET", "/openapi.json")).json)
    schema = document.json["paths"]["/v1/generations"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    for draft in ({"prompt": "a"}, {"prompt": "a", "providerId": "either"}, {"prompt": "a", "providerId": "simulator"}):
        document.fits(draft, schema)
        assert (await service.call("POST", "/v1/generations", draft)).status == 202


def test_document_is_openapi_3_2(document):
    assert document.json["openapi"] == "3.2.0"
    schemathesis.openapi.from_dict(document.json).validate()
    for schema in document.json["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_router_and_document_name_the_same_calls(service, document):
    for_people = {route.path for route in ui.routes()}
    routes = {
        (route.method, route.resource.canonical)
        for route in service.app.router.routes()
        if route.resource.canonical not in for_people
    }
    heads = {path for method, path in routes if method == "HEAD"}
    assert {call for call in routes if call[0] != "HEAD"} == document.calls.keys()
    streams = {
        path for (_, path), call in document.calls.items() if EVENTS in call["responses"].get("200", {}).get("content", {})
    }
    assert heads == {path for method, path in document.calls if method == "GET"} - streams


def test_path_parameters_are_those_of_the_path(service, document):
    for (_, path), call in document.calls.items():
        named = {parameter["name"] for parameter in call.get("parameters", ()) if parameter["in"] == "path"}
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_every_reference_leads_somewhere_and_every_schema_is_referred_to(document):
    def references(part):
        if isinstance(part, dict):
            yield from (part["$ref"],) if "$ref" in part else ()
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            yield from references(inner)

    schemas = {f"#/components/schemas/{name}" for name in document.json["components"]["schemas"]}
    assert set(references(document.json)) == schemas


def test_links_lead_to_calls_and_their_parameters(document):
    takers = {call["operationId"]: call for call in document.calls.values()}
    links = [
        link
        for call in document.calls.values()
        for answer in call["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert links
    for link in links:
        taken = {parameter["name"] for parameter in takers[link["operationId"]]["parameters"]}
        assert link["parameters"].keys() <= taken


def test_every_example_is_what_it_is_an_example_of(document):
    count = 0
    for call in document.calls.values():
        for parameter in call.get("parameters", ()):
            examples = [one["value"] for one in parameter.get("examples", {}).values()]
            for value in [*examples, *([parameter["example"]] if "example" in parameter else [])]:
                document.fits(value, parameter["schema"])
        contents = [answer.get("content", {}) for answer in call["responses"].values()]
        for media in [
            media for content in [*contents, call.get("requestBody", {}).get("content", {})] for media in content.values()
        ]:
            for example in media.get("examples", {}).values():
                count += 1
                if "serializedValue" in example:
                    events = list(events_of(example["serializedValue"].encode()))
                    assert len(events) >= 3
                    for event in events:
                        document.fits_event(event, media["itemSchema"])
                else:
                    document.fits(example["value"], media["schema"])
    assert count > 80


async def test_examples_of_a_create_are_taken_as_they_stand(service, document):
    for path in ("/v1/generations", "/api/generation"):
        examples = document.calls["POST", path]["requestBody"]["content"]["application/json"]["examples"]
        assert set(examples) == {"puppet", "simulator"}
        for name, example in examples.items():
            answer = await service.call("POST", path, example["value"])
            assert answer.json["providerId"] == name


async def test_document_is_sent_once_and_asked_about_again(service):
    first = await service.call("GET", "/openapi.json")
    again = await service.call("GET", "/openapi.json", headers=[("If-None-Match", first.headers["etag"])])
    assert (first.status, again.status, again.body) == (200, 304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await service.call("GET", "/openapi.json", headers=[("If-None-Match", '"another"')])
    assert (other.status, other.body) == (200, first.body)


async def test_document_follows_the_configuration(serve, service, tmp_path):
    core = service.core
    before = await service.call("GET", "/openapi.json")
    core.reconfigure(attrs.evolve(core.config, server=attrs.evolve(core.config.server, body_bytes=4321)))
    after = await service.call("GET", "/openapi.json")
    assert before.headers["etag"] != after.headers["etag"]
    refused = after.json["paths"]["/v1/generations"]["post"]["responses"]["413"]["description"]
    assert "4321 bytes" in refused


async def test_the_servers_address_is_said_where_it_is_known(serve, document):
    service = await serve(server={"public_url": "https://pictures.example/"})
    assert (await service.call("GET", "/openapi.json")).json["servers"] == [{"url": "https://pictures.example"}]
    assert "servers" not in document.json


async def test_every_answer_that_is_described_is_given_and_no_other(service, serve, walk, puppet, switchboard, monkeypatch):
    await good_calls(service, walk, puppet)
    await refused_calls(service, walk, puppet, monkeypatch)
    await refused_anywhere(walk)
    impatient = await serve(server={"body_seconds": 0.1})
    for path in ("/v1/generations", "/api/generation"):
        connection = await impatient.connect()
        connection.writer.write(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n".encode())
        await connection.head()
        walk.take(("POST", path), await connection.answer())
    await webhook_calls(serve, walk, switchboard)
    await failing_calls(Walk(await serve(), walk.document), monkeypatch, walk.seen)
    said = {call: set(described["responses"]) for call, described in walk.document.calls.items()}
    assert walk.seen == said


async def good_calls(service, walk, puppet):
    """Everything that goes well: one generation from its create to its end, and what is left of it."""
    for path in ("/v1/generations", "/api/generation"):
        answer = await walk("POST", path, {"prompt": "a lighthouse"})
    id_ = json.loads(answer.body)["sessionId"]
    one = {"id": id_}
    run = await puppet.run(1)
    await service.until(id_, lambda snapshot: snapshot["phase"] == "waiting")
    run.say(Progressed(0.5, message="half"))
    await service.until(id_, lambda snapshot: snapshot.get("progress") == 50)
    for path, watched in (("/v1/generations/{id}/events", ""), ("/v1/events", f"&id={id_}")):
        await walk.listen(path, f"?events=log{watched}", until=b"event: log", say=lambda: run.say(Logged("a line")), **one)
    run.succeed()
    await service.ended(id_)
    snapshot = await walk("GET", "/v1/generations/{id}", **one)
    etag = snapshot.headers["etag"]
    await walk("GET", "/v1/generations/{id}", headers=[("If-None-Match", etag)], query="?wait=1&after=1-1", **one)
    await walk("GET", "/v1/generations", query="?status=succeeded&ref=x&limit=1")
    await walk("GET", "/v1/generations", query="?limit=1")
    await walk("GET", "/v1/generations/{id}/events", query="?from=start", **one)
    await walk("GET", "/v1/generations/{id}/events", headers=[("Accept", "application/json")], query="?limit=2", **one)
    await walk("GET", "/v1/generations/{id}/events", headers=[("Last-Event-ID", etag[1:-1])], **one)
    await walk.listen("/v1/events", f"?id={NOBODY}", until=b"not_found")
    await walk("GET", "/api/generation", query=f"?sessionId={id_}")
    await walk("GET", "/api/generation", query=f"?sessionId={id_}&last_event_id={etag[1:-1]}")
    await walk("GET", "/api/generation", query="?sessionId=nobody")
    await outputs(walk, json.loads(snapshot.body)["output"][0])
    await walk("GET", "/v1/providers")
    await walk("GET", "/v1/providers/{name}", name="simulator")
    document = await walk("GET", "/openapi.json")
    await walk("GET", "/openapi.json", headers=[("If-None-Match", document.headers["etag"])])
    held = await service.create(providerId="simulator", options={"script": ENDLESS})
    await service.until(held, lambda snapshot: snapshot.get("progress", 0) > 0)
    for word in ("pause", "resume", "cancel"):
        await walk("POST", f"/v1/generations/{{id}}/{word}", id=held)
    await service.ended(held)
    await walk("POST", "/v1/generations/{id}/cancel", id=held)
    await deliveries(walk, held)
    await walk("DELETE", "/v1/generations/{id}", id=held)
    await walk("POST", "/v1/generations/{id}/deliveries", id=held)


async def outputs(walk, url):
    """Every way to ask for what was made."""
    id_, name = url.rsplit("/", 2)[1:]

    async def get(query="", **headers):
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return await walk("GET", "/v1/outputs/{id}/{name}", query=query, headers=named, id=id_, name=name)

    whole = await get("?download=")
    etag = whole.headers["etag"]
    assert (await get(Range="bytes=0-3", If_Range=etag)).status == 206
    assert (await get(Range="bytes=9000-")).status == 416
    assert (await get(If_None_Match=etag)).status == 304
    assert (await get(If_Modified_Since=whole.headers["last-modified"])).status == 304
    assert (await get(If_Match='"another"')).status == 412
    assert (await get("?w=0")).status == 400


async def refused_calls(service, walk, puppet, monkeypatch):
    """Everything that is refused for a reason in what was asked."""
    for path in ("/v1/generations", "/api/generation"):
        await walk("POST", path, b"{")
        await walk("POST", path, b"x" * 70_000)
        await walk("POST", path, b"{}", headers=[("Content-Type", "image/png")])
        await walk("POST", path, {"prompt": "x", "providerId": "nobody"})
    await walk("GET", "/v1/generations", query="?limit=0")
    await walk("GET", "/v1/generations/{id}", query="?wait=x", id=await service.create())
    await walk("GET", "/v1/generations/{id}/events", query="?events=x", id=NOBODY)
    await walk("GET", "/v1/events", query="?events=x")
    await walk("GET", "/v1/providers/{name}", name="nobody")
    await walk("GET", "/v1/outputs/{id}/{name}", id=NOBODY, name="x.png")
    gone = await service.create(providerId="simulator", options={"seconds": 0})
    ended = await service.ended(gone)
    runs = await service.create()
    await puppet.run(3)
    words = await service.create()
    run = await puppet.run(4)
    run.say(Produced(b"words"))
    run.succeed()
    await refused_output(walk, (await service.ended(words))["output"][0], monkeypatch, service)
    for method, path in (("POST", "/cancel"), ("POST", "/pause"), ("POST", "/resume"), ("DELETE", "")):
        await walk(method, f"/v1/generations/{{id}}{path}", id=NOBODY)
        await walk(method, f"/v1/generations/{{id}}{path}", id=runs if method == "DELETE" else ended["sessionId"])
    await walk("DELETE", "/v1/generations/{id}", id=gone)
    for method, path in (("POST", "/cancel"), ("POST", "/pause"), ("POST", "/resume"), ("DELETE", ""), ("GET", "")):
        await walk(method, f"/v1/generations/{{id}}{path}", id=gone)
    await walk("GET", "/v1/generations/{id}", id=NOBODY)
    for id_ in (NOBODY, gone):
        await walk("GET", "/v1/generations/{id}/events", id=id_, headers=[("Accept", "application/json")])
    await full(service, walk, monkeypatch, runs)


async def deliveries(walk, generation):
    """What is owed to callers' webhooks; here it is nothing."""
    await walk("GET", "/v1/deliveries", query="?limit=5")
    await walk("GET", "/v1/deliveries", query="?limit=0")
    await walk("POST", "/v1/generations/{id}/deliveries", id=generation)
    await walk("POST", "/v1/generations/{id}/deliveries", id=NOBODY)


async def webhook_calls(serve, walk, switchboard):
    """Everything that a provider's upstream is answered."""
    server = {"public_url": "https://images.example", "body_seconds": 0.1}
    service = await serve(server=server, providers={"hooked": Instance(plugin="hooked")})
    walk = Walk(service, walk.document, walk.seen)
    await service.create(providerId="hooked")
    path = "/v1/webhooks/{provider}/{nonce}"
    own = {"provider": "hooked", "nonce": (await switchboard.path()).rpartition("/")[2]}
    for signature, status in (("good", 200), ("slow", 202), ("forged", 401), ("broken", 503)):
        answer = await walk("POST", path, {"is": signature}, headers=[("X-Signature", signature)], **own)
        assert answer.status == status
    switchboard.gate.set()
    await walk("POST", path, b"x" * (2**20 + 1), **own)
    await walk("POST", path, {}, provider="hooked", nonce="0" * 64)
    connection = await service.connect()
    connection.writer.write(f"POST {path.format(**own)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n".encode())
    await connection.head()
    walk.take(("POST", path), await connection.answer())


async def refused_output(walk, url, monkeypatch, service):
    id_, name = url.rsplit("/", 2)[1:]
    await walk("GET", "/v1/outputs/{id}/{name}", query="?w=64", id=id_, name=name)

    async def busy(*_):
        raise Busy("The thumbnail is not made yet.")

    with monkeypatch.context() as patch:
        patch.setattr(service.core.outputs, "thumbnail", busy)
        await walk("GET", "/v1/outputs/{id}/{name}", query="?w=64", id=id_, name=name)


async def full(service, walk, monkeypatch, runs):
    """The same with a full disk, and then while the service leaves."""

    async def refuse(*_, **__):
        raise StorageFull("Full.", retry_after_seconds=60)

    with monkeypatch.context() as patch:
        for name in ("cancel", "hold", "forget"):
            patch.setattr(service.core, name, refuse)
        for method, path in (("POST", "/cancel"), ("POST", "/pause"), ("POST", "/resume"), ("DELETE", "")):
            answer = await walk(method, f"/v1/generations/{{id}}{path}", id=runs)
            assert answer.status == 503
    service.core.drain()
    for path in ("/v1/generations", "/api/generation"):
        await walk("POST", path, {"prompt": "x"})
    busy = await walk("GET", "/v1/generations/{id}/events", id=runs)
    assert busy.status == 200


async def refused_anywhere(walk):
    for method, path in walk.document.calls:
        parts = {"id": NOBODY, "name": "x", "provider": "x", "nonce": "x"}
        await walk(method, path, headers=[("Host", "evil.example")], **parts)
        await walk(method, path, headers=[("X-One", "x" * 20_000), ("X-Two", "x" * 20_000)], **parts)


async def failing_calls(walk, monkeypatch, seen):
    """Everything the service does goes wrong; what goes wrong in a stream only ends it."""

    class Broken:
        def __getattr__(self, name):
            raise RuntimeError

    with monkeypatch.context() as patch:
        for name in ("journal", "outputs", "instances", "hearing", "_creating"):
            patch.setattr(walk.service.core, name, Broken())
        for method, path in walk.document.calls:
            if path in {"/v1/events", "/api/generation"} and method == "GET":
                continue
            headers = [("Accept", "application/json")]
            parts = {"id": NOBODY, "name": "x", "provider": "x", "nonce": "x"}
            answer = await walk(method, path, {"prompt": "x"} if method == "POST" else None, headers=headers, **parts)
            assert (answer.status, json.loads(answer.body)["code"]) == (500, "internal")
        stream = await walk("GET", "/api/generation", query=f"?sessionId={NOBODY}")
        assert b'"code":"internal"' in stream.body
    for call, statuses in walk.seen.items():
        seen[call] |= statuses


class Ears:
    """A query or headers, with what is looked for in them written down."""

    def __init__(self, inner, hear):
        self._inner, self._hear = inner, hear

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def __iter__(self):
        return iter(self._inner)

    def __len__(self):
        return len(self._inner)

    def __contains__(self, name):
        self._hear(name)
        return name in self._inner

    def __getitem__(self, name):
        self._hear(name)
        return self._inner[name]

    def get(self, name, default=None):
        self._hear(name)
        return self._inner.get(name, default)

    def getall(self, name, *default):
        self._hear(name)
        return self._inner.getall(name, *default)


async def test_what_is_read_of_a_request_is_described_and_nothing_else_is(service, walk, puppet, monkeypatch):
    heard = defaultdict(set)

    def listen(place, inner):
        def of(request):
            def hear(name):
                matched = getattr(request, "_match_info", None)
                if matched is not None and (place == "query" or name.lower() not in SPOKEN_BY_ALL):
                    heard[request.method, matched.route.resource.canonical].add((place, str(name)))

            return Ears(inner(request), hear)

        return property(of)

    monkeypatch.setattr(web.BaseRequest, "query", listen("query", lambda request: request.rel_url.query))
    monkeypatch.setattr(web.BaseRequest, "headers", listen("header", lambda request: request._headers))
    await good_calls(service, walk, puppet)
    await refused_calls(service, walk, puppet, monkeypatch)
    said = {
        call: {(parameter["in"], parameter["name"]) for parameter in described.get("parameters", ()) if parameter["in"] != "path"}
        for call, described in walk.document.calls.items()
    }
    assert {call: names | HINTS.get(call, set()) for call, names in heard.items() if names} == {
        call: names for call, names in said.items() if names
    }
