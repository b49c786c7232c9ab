"""What callers' webhooks are sent: signed, in order, at least once, over a restart too; and what a bad receiver can do no harm by."""

import asyncio
import base64
import json
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks.webhooks import Webhook
from structlog.testing import capture_logs

from safelight import courier
from safelight.config.model import Webhooks
from safelight.providers import Produced, Progressed
from safelight.redaction import Secret

OLD, NEW = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))
KEYS = Webhooks(signing_keys=(Secret(OLD), Secret(NEW)), private_network=True, seconds=1.0)


class Receiver:
    """
    Somebody's web server.

    Attributes:
        calls: Everything that came, as headers and body.
        answers: What the next calls are answered with; 200 after that.
    """

    def __init__(self):
        self.calls = []
        self.answers = []
        self.app = web.Application()
        self.app.router.add_route("*", "/{rest:.*}", self._answer)

    async def _answer(self, request):
        self.calls.append((request.headers.copy(), await request.read()))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            answer = 200
        return answer if isinstance(answer, web.StreamResponse) else web.Response(status=answer)

    @property
    def snapshots(self):
        return [json.loads(body) for _, body in self.calls]


@pytest.fixture
async def receiver():
    receiver = Receiver()
    async with TestServer(receiver.app) as server:
        receiver.url = str(server.make_url("/told"))
        yield receiver


@pytest.fixture
def hasty(monkeypatch):
    """The hours between two tries pass in a moment."""
    monkeypatch.setattr(courier, "PAUSES", (0.01,) * 3)


async def run(service, puppet, url, *events):
    """A generation with one output, from its create to its end."""
    webhook = {"url": url} | ({"events": list(events)} if events else {})
    number = len(puppet.runs)
    generation = await service.create(webhook=webhook)
    (await puppet.run(number)).succeed()
    return generation, await service.ended(generation)


async def owed(service):
    return (await service.call("GET", "/v1/deliveries")).json["deliveries"]


async def test_the_end_is_sent_as_the_snapshot_and_signed_with_every_key(serve, puppet, receiver, eventually):
    service = await serve(webhooks=KEYS)
    generation, end = await run(service, puppet, receiver.url)
    await eventually(lambda: receiver.calls)
    [(headers, body)] = receiver.calls
    for key in (OLD, NEW):
        assert Webhook(key).verify(body, dict(headers)) == end
    assert headers["webhook-id"] == f"{generation}_{end['epoch']}-{end['seq']}"
    assert headers["Content-Type"] == "application/json"
    await eventually(lambda: _is_empty(service))


async def _is_empty(service):
    return await owed(service) == []


async def test_events_come_in_order_and_only_those_asked_for(serve, puppet, receiver, eventually, picture):
    service = await serve(webhooks=KEYS)
    generation = await service.create(webhook={"url": receiver.url, "events": ["processing", "output", "ended"]})
    run = await puppet.run()
    run.say(Progressed(0.1), Progressed(0.2), Produced(picture()))
    await service.until(generation, lambda snapshot: snapshot.get("output"))
    run.succeed()
    await service.ended(generation)
    await eventually(lambda: len(receiver.calls) == 4)
    seqs = [snapshot["seq"] for snapshot in receiver.snapshots]
    assert seqs == sorted(seqs)
    assert [snapshot["status"] for snapshot in receiver.snapshots] == ["processing", "processing", "processing", "succeeded"]
    assert [len(snapshot.get("output", [])) for snapshot in receiver.snapshots] == [0, 1, 2, 2]


async def test_a_receiver_that_fails_is_tried_again_with_the_same_id(serve, puppet, receiver, eventually, hasty):
    service = await serve(webhooks=KEYS)
    receiver.answers = [500, 404, 302]
    _, end = await run(service, puppet, receiver.url)
    await eventually(lambda: len(receiver.calls) == 4)
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1
    assert receiver.snapshots == [end] * 4
    await eventually(lambda: _is_empty(service))


async def test_a_webhook_that_is_not_taken_while_it_runs_is_shown_and_fails_nothing(serve, puppet, receiver, hasty):
    receiver.answers = [500]
    service = await serve(webhooks=KEYS)
    generation = await service.create(webhook={"url": receiver.url, "events": ["processing", "ended"]})
    run = await puppet.run()
    run.say(Progressed(0.5))
    lacking = await service.until(generation, lambda snapshot: "degraded" in snapshot)
    assert (lacking["status"], lacking["degraded"]) == ("processing", ["webhook"])
    run.succeed()
    end = await service.ended(generation)
    assert (end["status"], end["degraded"]) == ("succeeded", ["webhook"])


async def test_what_follows_waits_for_what_came_before(serve, puppet, receiver, eventually, hasty):
    service = await serve(webhooks=KEYS)
    receiver.answers = [500, 500]
    await run(service, puppet, receiver.url, "processing", "ended")
    await eventually(lambda: len(receiver.calls) == 4)
    assert [snapshot["status"] for snapshot in receiver.snapshots] == ["processing"] * 3 + ["succeeded"]


async def test_one_that_is_never_taken_is_given_up_seen_and_sent_again(serve, puppet, receiver, eventually, hasty):
    service = await serve(webhooks=KEYS)
    receiver.answers = [500] * 4
    generation, end = await run(service, puppet, receiver.url)

    async def is_dead():
        found = await owed(service)
        return found and found[0]["dead"] and found

    [dead] = await eventually(is_dead)
    assert dead == {
        "id": f"{generation}_{end['epoch']}-{end['seq']}",
        "sessionId": generation,
        "dead": True,
        "tries": 4,
        "detail": "It answered 500.",
    }
    assert (await service.snapshot(generation)) == end, "a webhook that fails fails nothing else"
    answer = await service.call("POST", f"/v1/generations/{generation}/deliveries")
    assert (answer.status, answer.json) == (202, {"resent": 1})
    await eventually(lambda: len(receiver.calls) == 5)
    await eventually(lambda: _is_empty(service))
    assert (await service.call("POST", f"/v1/generations/{generation}/deliveries")).json == {"resent": 0}


async def test_who_is_gone_is_not_tried_again(serve, puppet, receiver, eventually, hasty):
    service = await serve(webhooks=KEYS)
    receiver.answers = [410]
    await run(service, puppet, receiver.url)

    async def is_dead():
        return [one for one in await owed(service) if one["dead"]]

    [dead] = await eventually(is_dead)
    assert (dead["tries"], dead["detail"]) == (1, "It answered 410.")


async def test_who_asks_for_patience_gets_it(serve, puppet, receiver, eventually, hasty):
    service = await serve(webhooks=KEYS)
    receiver.answers = [web.Response(status=429, headers={"Retry-After": "3600"})]
    await run(service, puppet, receiver.url)
    await eventually(lambda: receiver.calls)

    async def is_put_off():
        return [one for one in await service.core.journal.owed() if one.tries]

    [put_off] = await eventually(is_put_off)
    assert put_off.due_at > service.core.clock.now() + timedelta(minutes=59)


async def test_a_redirect_is_not_followed_and_an_endless_answer_not_read(serve, puppet, receiver, eventually, hasty):
    service = await serve(webhooks=KEYS)
    receiver.answers = [web.Response(status=307, headers={"Location": receiver.url + "/elsewhere"}), asyncio.Event()]
    await run(service, puppet, receiver.url)
    await eventually(lambda: len(receiver.calls) == 3)
    await eventually(lambda: _is_empty(service))


async def test_a_private_address_is_never_connected_to(serve, puppet, receiver, eventually):
    service = await serve(webhooks=Webhooks(signing_keys=(Secret(OLD),)))
    await run(service, puppet, receiver.url)

    async def is_dead():
        return [one for one in await owed(service) if one["dead"]]

    [dead] = await eventually(is_dead)
    assert dead["detail"] == "It leads to an address that is not public."
    assert receiver.calls == []


@pytest.mark.parametrize("host", ["2130706433", "0", "a..example", "x" * 70 + ".example"])
async def test_a_url_that_nobody_can_be_called_at_is_not_tried_again(serve, puppet, eventually, host):
    service = await serve(webhooks=KEYS)
    await run(service, puppet, f"http://{host}/told")

    async def is_dead():
        return [one for one in await owed(service) if one["dead"]]

    [dead] = await eventually(is_dead)
    assert (dead["tries"], dead["detail"]) == (1, "Nobody can be called at its URL.")


async def test_one_slow_receiver_holds_nobody_up(serve, puppet, receiver, eventually):
    service = await serve(webhooks=Webhooks(signing_keys=(Secret(OLD),), private_network=True, seconds=30.0))
    gate = asyncio.Event()
    receiver.answers = [gate]
    await run(service, puppet, receiver.url)
    await eventually(lambda: receiver.calls)
    other, _ = await run(service, puppet, receiver.url)
    await eventually(lambda: len(receiver.calls) == 2)
    assert receiver.snapshots[-1]["sessionId"] == other
    gate.set()
    await eventually(lambda: _is_empty(service))


async def test_what_is_owed_when_the_service_stops_is_sent_by_the_next(serve, puppet, receiver, eventually):
    service = await serve(webhooks=KEYS, engine="sqlite")
    receiver.answers = [500]
    generation = await service.create(webhook={"url": receiver.url})
    await puppet.run()
    await service.core.settle(0)
    await service.core.__aexit__()
    again = await serve(webhooks=KEYS, engine="sqlite")
    assert (await again.snapshot(generation))["outcome"] == "interrupted"
    if not receiver.calls:  # it may have been on its way when the service stopped
        await eventually(lambda: receiver.calls)
    await again.call("POST", f"/v1/generations/{generation}/deliveries")
    await eventually(lambda: _is_empty(again))
    assert receiver.snapshots[-1]["outcome"] == "interrupted"


async def test_a_fault_of_ours_is_logged_and_the_delivery_made_after_a_pause(serve, puppet, receiver, eventually, monkeypatch):
    signed, faults = courier.signed, [ZeroDivisionError()]

    def sign(*words, **facts):
        if faults:
            raise faults.pop()
        return signed(*words, **facts)

    monkeypatch.setattr(courier, "signed", sign)
    monkeypatch.setattr(courier, "_AGAIN_SECONDS", 0.1)
    service = await serve(webhooks=KEYS)
    with capture_logs() as lines:
        await run(service, puppet, receiver.url)
        await eventually(lambda: receiver.calls)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["delivery_failed"]
    assert len(receiver.calls) == 1


async def test_what_is_forgotten_is_owed_no_longer(serve, puppet, receiver, eventually):
    service = await serve(webhooks=KEYS)
    receiver.answers = [500]
    generation, _ = await run(service, puppet, receiver.url)

    async def is_put_off():
        return [one for one in await owed(service) if one["tries"]]

    await eventually(is_put_off)
    assert (await service.call("DELETE", f"/v1/generations/{generation}")).status == 204
    assert await owed(service) == []
    assert (await service.call("POST", f"/v1/generations/{generation}/deliveries")).status == 410


async def test_a_webhook_needs_no_viewer(serve, puppet, receiver, eventually):
    service = await serve(webhooks=KEYS)
    generation = await service.create(webhook={"url": receiver.url}, onDisconnect="cancel_after:0")
    assert service.core._reaper._timers == {}
    (await puppet.run()).succeed()
    assert (await service.ended(generation))["status"] == "succeeded"


async def test_without_a_key_nobody_may_ask_for_it(service, check_problem):
    answer = await service.call("POST", "/v1/generations", {"prompt": "x", "webhook": {"url": "https://app.example/told"}})
    problem = check_problem(answer, 422, "invalid_input")
    assert problem["faults"][0]["path"] == "webhook"
    assert "webhooks.signing_keys" in problem["error"]


@pytest.mark.parametrize(
    ("webhook", "path"),
    [
        ({}, "webhook.url"),
        ({"url": "ftp://app.example"}, "webhook.url"),
        ({"url": "https://u:p@app.example"}, "webhook.url"),
        ({"url": "https://app.example", "events": ["ende"]}, "webhook.events[0]"),
        ({"url": "https://app.example", "events": []}, "webhook.events"),
        ({"url": "https://app.example", "method": "GET"}, "webhook.method"),
        ("https://app.example", "webhook"),
    ],
)
async def test_a_webhook_that_cannot_be_is_refused_by_name(serve, webhook, path, check_problem):
    service = await serve(webhooks=KEYS)
    answer = await service.call("POST", "/v1/generations", {"prompt": "x", "webhook": webhook})
    assert [fault["path"] for fault in check_problem(answer, 422, "invalid_input")["faults"]] == [path]


async def test_no_line_of_the_log_shows_a_key_or_where_it_goes(serve, puppet, receiver, eventually, hasty):
    service = await serve(webhooks=KEYS)
    receiver.answers = [500, 410]
    with capture_logs() as lines:
        await run(service, puppet, receiver.url + "?token=s3cr3t-of-a-caller")
        await eventually(lambda: any(line["event"] == "webhook_given_up" for line in lines))
    shown = json.dumps(lines, default=str)
    for hidden in (OLD, NEW, "s3cr3t-of-a-caller", receiver.url):
        assert hidden not in shown
    assert [line["event"] for line in lines if line["event"].startswith("webhook_")] == ["webhook_put_off", "webhook_given_up"]
