"""What a provider's upstream may say by webhook: who is believed, what it moves, and what it can do no harm by."""

import asyncio
import gc
import json

import pytest
from structlog.testing import capture_logs

from safelight.config.model import Instance
from safelight.hearing import WINDOW_SECONDS
from safelight.providers import Produced, Progressed, Started, Succeeded

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
GOOD = [("X-Signature", "good")]
SET_UP = {
    "server": {"public_url": "https://images.example/", "allowed_hosts": ("images.example",)},
    "providers": {"hooked": Instance(plugin="hooked"), "deaf": Instance(plugin="simulator-remote")},
}


@pytest.fixture
async def hooked(serve):
    return await serve(**SET_UP)


async def started(service, switchboard):
    """Start a generation that is polled rarely by now; return its id and where the upstream may call."""
    generation = await service.create(providerId="hooked")
    return generation, await switchboard.path()


async def test_the_url_is_under_the_public_one_and_says_who_is_called(hooked, switchboard):
    await started(hooked, switchboard)
    [(key, url)] = switchboard.urls.items()
    assert url.startswith(f"https://images.example/v1/webhooks/hooked/{key}")
    assert len(url.rpartition("/")[2]) == 64


async def test_a_genuine_message_has_the_job_looked_at(hooked, switchboard, eventually):
    generation, path = await started(hooked, switchboard)
    switchboard.said = [Progressed(0.5)]
    for number in (1, 2, 3):
        before = switchboard.polls
        answer = await hooked.call("POST", path, b'{"n": %d}' % number, headers=GOOD)
        assert (answer.status, answer.body) == (200, b"")
        await eventually(lambda before=before: switchboard.polls > before)
    switchboard.said = [Produced(PNG, type="image/png"), Succeeded()]
    assert (await hooked.call("POST", path, b"over", headers=GOOD)).status == 200
    assert (await hooked.ended(generation))["status"] in {"succeeded", "failed"}


async def test_the_bytes_and_headers_reach_the_provider_as_they_came(hooked, switchboard):
    _, path = await started(hooked, switchboard)
    raw = b'{"b" :\t1,"a":\xff}\r\n'
    await hooked.call("POST", path, raw, headers=[*GOOD, ("WebHook-Id", "m1")])
    [(heard, headers)] = switchboard.heard
    assert heard == raw
    assert headers["webhook-id"] == headers["Webhook-Id"] == "m1"


async def test_who_knows_no_nonce_learns_nothing(hooked, switchboard, check_problem):
    _, path = await started(hooked, switchboard)
    nonce = path.rpartition("/")[2]
    [key] = switchboard.urls
    wrong = [
        f"/v1/webhooks/hooked/{key}{'0' * 32}",
        f"/v1/webhooks/hooked/{'0' * 32}{nonce[32:]}",
        f"/v1/webhooks/hooked/{key}",
        f"/v1/webhooks/hooked/{nonce}0",
        f"/v1/webhooks/hooked/{nonce.upper()}",
        f"/v1/webhooks/puppet/{nonce}",
        f"/v1/webhooks/nobody/{nonce}",
        "/v1/webhooks/hooked/%ed%a0%80",
    ]
    sentences = {check_problem(await hooked.call("POST", path, b"{}", headers=GOOD), 404, "not_found")["error"] for path in wrong}
    assert sentences == {"No such webhook."}
    assert switchboard.heard == []


async def test_a_provider_that_hears_no_webhooks_has_no_url(hooked, check_problem):
    made = hooked.core.hearing._seals.seal("webhook", "deaf", "0" * 32)
    hooked.core.hearing._pokes.expect("0" * 32, "g1")
    answer = await hooked.call("POST", f"/v1/webhooks/deaf/{'0' * 32}{made}", b"{}")
    assert check_problem(answer, 404, "not_found")["error"] == "No such webhook."


async def test_what_is_not_genuine_pokes_nobody(hooked, switchboard, check_problem):
    _, path = await started(hooked, switchboard)
    [key] = switchboard.urls
    for _ in range(2):
        check_problem(await hooked.call("POST", path, b"{}", headers=[("X-Signature", "forged")]), 401, "unauthorized")
    assert hooked.core.hearing._pokes.find(key).times == 0
    assert (await hooked.call("POST", path, b"{}", headers=GOOD)).status == 200, "the forged one is not remembered in its place"
    assert hooked.core.hearing._pokes.find(key).times == 1


async def test_a_replay_is_taken_and_pokes_nobody(hooked, switchboard, monkeypatch):
    _, path = await started(hooked, switchboard)
    [key] = switchboard.urls
    for _ in range(3):
        assert (await hooked.call("POST", path, b"{}", headers=GOOD)).status == 200
    assert len(switchboard.heard) == hooked.core.hearing._pokes.find(key).times == 1
    recent = hooked.core.hearing._recent
    for digest in recent:
        recent[digest] -= WINDOW_SECONDS
    assert (await hooked.call("POST", path, b"{}", headers=GOOD)).status == 200
    assert hooked.core.hearing._pokes.find(key).times == 2, "after the window it is a new one"
    assert len(recent) == 1


async def test_a_judgement_that_nobody_waits_for_any_more_is_no_fault_of_the_loop(hooked, switchboard, eventually):
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["message"]))
    _, path = await started(hooked, switchboard)
    before = asyncio.all_tasks()
    asking = asyncio.create_task(hooked.call("POST", path, b"{}", headers=[("X-Signature", "slow and forged")]))
    with capture_logs() as lines:
        await eventually(lambda: switchboard.heard)
        asking.cancel()  # whoever sent it has left
        await eventually(lambda: not any("RequestHandler" in repr(task) for task in asyncio.all_tasks() - before))
        switchboard.gate.set()
        await eventually(lambda: [line for line in lines if line["event"] == "webhook_received"])
    await asyncio.sleep(0)
    gc.collect()
    assert complaints == []


async def test_a_slow_judgement_is_not_waited_for_but_counts(hooked, switchboard, eventually):
    _, path = await started(hooked, switchboard)
    [key] = switchboard.urls
    answer = await hooked.call("POST", path, b"{}", headers=[("X-Signature", "slow")])
    assert answer.status == 202
    assert hooked.core.hearing._pokes.find(key).times == 0
    switchboard.gate.set()
    await eventually(lambda: hooked.core.hearing._pokes.find(key).times == 1)


async def test_too_many_at_once_are_asked_to_come_back(hooked, switchboard, eventually, check_problem):
    _, path = await started(hooked, switchboard)
    for number in range(32):
        connection = await hooked.connect()
        connection.writer.write(
            b"POST %s HTTP/1.1\r\nHost: localhost\r\nX-Signature: slow\r\nContent-Length: 2\r\n\r\n%02d" % (path.encode(), number)
        )
    await eventually(lambda: len(switchboard.heard) == 32)
    answer = await hooked.call("POST", path, b"{}", headers=GOOD)
    check_problem(answer, 503, "busy")
    assert int(answer.headers["retry-after"]) > 0
    switchboard.gate.set()
    await eventually(lambda: not any(hooked.core.hearing._busy.values()))
    assert (await hooked.call("POST", path, b"{}", headers=GOOD)).status == 200


async def test_a_judge_that_breaks_is_asked_again_later(hooked, switchboard, check_problem):
    _, path = await started(hooked, switchboard)
    answer = await hooked.call("POST", path, b"{}", headers=[("X-Signature", "broken")])
    check_problem(answer, 503, "busy")
    assert (await hooked.call("POST", path, b"{}", headers=GOOD)).status == 200
    assert len(switchboard.heard) == 2


async def test_a_giant_is_refused_before_anybody_judges_it(hooked, switchboard, check_problem):
    _, path = await started(hooked, switchboard)
    check_problem(await hooked.call("POST", path, b"x" * (2**20 + 1), headers=GOOD), 413, "invalid_input")
    assert switchboard.heard == []


async def test_a_message_about_what_has_ended_is_taken_and_moves_nothing(hooked, switchboard, eventually):
    generation, path = await started(hooked, switchboard)
    [key] = switchboard.urls
    await hooked.call("POST", f"/v1/generations/{generation}/cancel")
    switchboard.said = [Produced(PNG, type="image/png"), Succeeded()]
    await hooked.call("POST", path, b"over", headers=GOOD)
    end = await hooked.ended(generation)
    await eventually(lambda: hooked.core.hearing._pokes.find(key) is None)
    heard = len(switchboard.heard)
    assert (await hooked.call("POST", path, b"late", headers=[("X-Signature", "forged")])).status == 200
    assert len(switchboard.heard) == heard
    assert await hooked.snapshot(generation) == end


async def test_webhooks_that_should_have_come_are_counted_with_their_provider(hooked, switchboard):
    for calls, missed in ((True, 0), (False, 1)):
        switchboard.said = [Started()]
        switchboard.polls = 0
        generation, path = await started(hooked, switchboard)
        if calls:
            await hooked.call("POST", path, b"{}", headers=GOOD)
        switchboard.said = [Produced(PNG, type="image/png"), Succeeded()]
        await hooked.ended(generation)
        health = (await hooked.call("GET", "/v1/providers/hooked")).json["health"]
        assert health["webhooksMissed"] == missed


async def test_pages_may_not_call(hooked, switchboard, check_problem):
    _, path = await started(hooked, switchboard)
    answer = await hooked.call("POST", path, b"{}", headers=[*GOOD, ("Origin", "https://evil.example")])
    check_problem(answer, 403, "forbidden_origin")
    assert (await hooked.call("POST", path, b"{}", headers=[*GOOD, ("Host", "images.example")])).status == 200


async def test_the_url_holds_after_a_restart(serve, switchboard, eventually):
    settings = {**SET_UP, "engine": "sqlite"}
    service = await serve(**settings)
    generation, path = await started(service, switchboard)
    await service.core.settle(0)
    await service.core.__aexit__()
    again = await serve(**settings)
    before = switchboard.polls
    switchboard.said = [Produced(PNG, type="image/png"), Succeeded()]
    assert (await again.call("POST", path, b"over", headers=GOOD)).status == 200
    assert (await again.ended(generation))["epoch"] > 1
    assert switchboard.polls > before
    assert [raw for raw, _ in switchboard.heard] == [b"over"]


async def test_the_nonce_is_in_no_line_of_the_log(hooked, switchboard):
    generation, path = await started(hooked, switchboard)
    nonce = path.rpartition("/")[2]
    with capture_logs() as lines:
        for signature in ("good", "forged", "broken", "good"):
            await hooked.call("POST", path, b"{}", headers=[("X-Signature", signature)])
    received = [line for line in lines if line["event"] == "webhook_received"]
    assert [line["heard"] for line in received] == ["poked", "replayed", "replayed", "replayed"]
    assert {(line["provider"], line["generation"], line["bytes"]) for line in received} == {("hooked", generation, 2)}
    assert nonce not in json.dumps(lines, default=str)


async def test_without_a_public_url_there_is_none_to_hand_out(serve, switchboard, eventually):
    service = await serve(providers=SET_UP["providers"])
    await service.create(providerId="hooked")
    await eventually(lambda: switchboard.urls)
    assert list(switchboard.urls.values()) == [None]
