"""A provider with one slot, over HTTP: the queue is on the stream, a full one sends away, and nobody's turn is lost."""

from safelight import supervisor
from safelight.config.model import Instance

ONE_AT_A_TIME = {"puppet": Instance(plugin="puppet", max_concurrency=1, max_queued=2)}


async def test_whoever_waits_sees_its_place_and_gets_its_turn(serve, puppet):
    service = await serve(providers=ONE_AT_A_TIME)
    first = await service.create()
    await puppet.run(0)
    second = await service.create()
    waiting = await service.snapshot(second)
    assert (waiting["status"], waiting["phase"], waiting["queue"]) == ("started", "queued", {"position": 0, "size": 1})
    stream = await service.watch(second)
    (await puppet.run(0)).succeed()
    assert (await service.ended(first))["status"] == "succeeded"
    (await puppet.run(1)).succeed()
    events = await stream.rest()
    assert events[0].data["phase"] == "queued"
    assert "queue" not in events[-1].data
    assert events[-1].status == "succeeded"


async def test_a_full_queue_sends_away_with_a_time_to_come_back(serve, puppet, check_problem):
    service = await serve(providers=ONE_AT_A_TIME)
    waiting = [await service.create() for _ in range(3)]
    answer = await service.call("POST", "/v1/generations", {"prompt": "a lighthouse"})
    assert "'puppet' is full" in check_problem(answer, 503, "busy")["detail"]
    assert int(answer.headers["retry-after"]) > 0
    seed = await service.call("POST", "/api/generation", {"prompt": "a lighthouse"})
    assert (seed.json["success"], seed.json["code"]) == (False, "busy")
    await service.call("POST", f"/v1/generations/{waiting[1]}/cancel")
    assert (await service.ended(waiting[1]))["charged"] == "no"
    assert (await service.call("POST", "/v1/generations", {"prompt": "a lighthouse"})).status == 202


async def test_a_queue_is_shown_with_its_provider(serve, puppet):
    service = await serve(providers=ONE_AT_A_TIME)
    for _ in range(2):
        await service.create()
    health = (await service.call("GET", "/v1/providers/puppet")).json["health"]
    assert health == {"breaker": "closed", "working": 1, "queued": 1, "maxConcurrency": 1, "webhooksMissed": 0}
    assert (await service.call("GET", "/readyz", port=service.admin_port)).json["providers"]["puppet"] == "ok"


async def test_a_create_that_the_journal_refuses_takes_nobodys_slot(serve, puppet, monkeypatch):
    service = await serve(providers=ONE_AT_A_TIME)
    create = service.core.journal.create

    async def refuse(*_, **__):
        raise OSError("unplugged")

    monkeypatch.setattr(service.core.journal, "create", refuse)
    assert (await service.call("POST", "/v1/generations", {"prompt": "a lighthouse"})).status == 500
    monkeypatch.setattr(service.core.journal, "create", create)
    assert service.core.describe("puppet")["health"]["working"] == 0


async def test_what_a_fault_of_ours_keeps_from_being_run_ends_at_no_cost_and_takes_nobodys_slot(serve, puppet, monkeypatch):
    service = await serve(providers=ONE_AT_A_TIME)
    runner = supervisor.Runner

    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(supervisor, "Runner", fail)
    end = await service.ended(await service.create())
    assert (end["status"], end["code"], end["charged"], end["seq"]) == ("failed", "internal", "no", 2)
    monkeypatch.setattr(supervisor, "Runner", runner)
    assert service.core.describe("puppet")["health"]["working"] == 0
    generation = await service.create()
    (await puppet.run(0)).succeed()
    assert (await service.ended(generation))["status"] == "succeeded"


async def test_a_double_takes_no_second_slot(serve, puppet):
    service = await serve(providers=ONE_AT_A_TIME)
    for _ in range(3):
        answer = await service.call("POST", "/v1/generations", {"prompt": "x"}, headers=[("Idempotency-Key", "k")])
        assert answer.status == 202
    health = service.core.describe("puppet")["health"]
    assert (health["working"], health["queued"]) == (1, 0)


async def test_a_provider_that_keeps_failing_is_shown_as_left_alone(serve):
    options = {"submit": "not_sent"}
    service = await serve(
        retries={"breaker_failures": 2, "breaker_seconds": 60.0}, providers={"far": Instance(plugin="simulator-remote")}
    )
    for _ in range(2):
        await service.ended(await service.create(providerId="far", options=options))
    assert service.core.describe("far")["health"]["breaker"] == "open"
    assert (await service.call("GET", "/readyz", port=service.admin_port)).json["providers"]["far"] == "open"
