"""Each call of a port fails once while the service serves: what a caller sees, what stays true, what the log says."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing
from pathlib import Path

import attrs
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.processors import format_exc_info
from structlog.testing import capture_logs

from safelight.config.model import Webhooks
from safelight.errors import JournalFull, StorageFull
from safelight.estimates import learning
from safelight.generation import ANONYMOUS
from safelight.providers import Previewed, Progressed, Started
from safelight.redaction import Secret
from safelight.status import Phase
from safelight.versions import Version

UNCALLED = {"Journal.story"}
"""For those who look into a journal; the service has no use for it yet."""
PATIENCE = 10.0

CASES = []


def case(place, **facts):
    """Say what happens when the call from a place fails; once for each value of a fact, if there is one."""
    given = [{name: value} for name, values in facts.items() for value in values] or [{}]

    def add(told):
        for fact in given:
            id_ = " - ".join([place, told.__name__, *map(str, fact.values())])
            CASES.append(pytest.param(place, told, fact, id=id_))
        return told

    return add


@attrs.define
class Stage:
    """One service of which one call fails, and what the cases ask of it."""

    trouble: object
    place: str
    error: object
    serve: object
    puppet: object
    folder: Path
    check_problem: object
    eventually: object
    words: str
    picture: bytes
    leave_behind: object
    service: object = None

    async def up(self, **settings):
        self.service = await self.serve(engine="sqlite", **settings)
        return self.service

    def arm(self, **when):
        self.trouble.arm(self.place, self.error, **when)

    @property
    def is_full(self):
        return isinstance(self.error(), JournalFull | StorageFull)

    def check_refused(self, answer):
        assert self.trouble.is_over
        if self.is_full:
            assert self.check_problem(answer, 503, "storage_full")["retryable"] is True
            assert int(answer.headers["retry-after"]) > 0
        else:
            self.check_problem(answer, 500, "internal")
            assert self.words not in answer.body.decode(), "what is inside is for the log"

    async def running(self):
        """Start a generation and bring it to its half; return its id and its run."""
        before = len(self.puppet.runs)
        generation = await self.service.create()
        run = await self.puppet.run(before)
        run.say(Started(), Progressed(0.5))
        await self.service.until(generation, lambda snapshot: snapshot.get("progress") == 50)
        return generation, run

    async def finished(self):
        """Let a generation come to its end; return its id and its last snapshot."""
        generation, run = await self.running()
        run.succeed()
        return generation, await self.service.ended(generation)

    async def follow(self, generation, query=""):
        """Do as a browser does: come back with the last id until the end is seen; return every event."""
        events, headers = [], []
        async with asyncio.timeout(PATIENCE):
            while not events or not is_end(events[-1].data):
                stream = await self.service.watch(generation, query, headers=headers)
                assert stream.status == 200
                events += await stream.rest()
                headers = [("Last-Event-ID", event.id) for event in events[-1:]]
        return events

    async def swept(self, *generations):
        """Wait until nothing is left of what was forgotten, and nothing to do."""

        async def is_so():
            is_left = any((self.folder / "outputs" / generation).exists() for generation in generations)
            return not (is_left or await self.service.core.journal.unswept())

        await self.eventually(is_so)

    async def check_true(self, generation, events):
        """What was seen is what was journalled, in its order."""
        written = {status.version: status for status in await self.service.core.journal.read(generation, limit=1000)}
        versions = [Version(*event.version) for event in events]
        assert versions == sorted(set(versions))
        assert [event.status for event in events] == [written[version].state for version in versions]

    async def check_sound(self):
        """What the journal holds open is what runs, and the next request is served to its end."""
        core = self.service.core

        async def is_so():
            unfinished = {left.generation.id for left in await core.journal.unfinished()}
            running = {id_ for id_, runner in core._supervisor._runners.items() if not runner.ended.is_set()}
            return unfinished == running == set(core.hub.running(ANONYMOUS))

        await self.eventually(is_so)
        _, last = await self.finished()
        assert (last["status"], last.get("degraded")) == ("succeeded", None)
        assert (await self.service.call("GET", last["output"][0])).status == 200


def is_end(snapshot):
    return snapshot["status"] in {"succeeded", "failed"}


@case("creating.Creating.start: Journal.room")
@case("creating.Creating.start: Journal.create")
async def a_create_is_refused_and_starts_nothing(stage):
    service = await stage.up()
    for path in ("/v1/generations", "/api/generation"):
        stage.arm()
        stage.check_refused(await service.call("POST", path, {"prompt": "a lighthouse"}))
        assert (stage.puppet.runs, service.core.hub.running(ANONYMOUS)) == ([], [])
        assert await service.core.journal.unfinished() == []


@case("estimates.learning.Estimates.save: Journal.remember")
async def what_runs_took_is_written_down_the_next_time(stage):
    service = await stage.up()
    await stage.finished()
    core = service.core
    stage.arm()
    await learning.save_or_say(core._tools.estimates, core.journal)
    assert stage.trouble.is_over
    assert await core.journal.remembered("eta|") == {}
    await learning.save_or_say(core._tools.estimates, core.journal)
    assert len(await core.journal.remembered("eta|")) == 6


@case("web.health._storage: Journal.room")
async def who_cannot_tell_is_not_ready(stage):
    service = await stage.up()
    stage.arm()
    assert (await service.call("GET", "/readyz", port=service.admin_port)).status == (503 if stage.is_full else 500)
    assert (await service.call("GET", "/readyz", port=service.admin_port)).status == 200


@case("core.Safelight.find: Journal.find", nth=[1, 2, 3])
async def a_cancel_that_cannot_be_answered_may_be_repeated(stage, nth):
    service = await stage.up()
    generation, _ = await stage.running()
    stage.arm(nth=nth)
    stage.check_refused(await service.call("POST", f"/v1/generations/{generation}/cancel"))
    assert (await service.call("POST", f"/v1/generations/{generation}/cancel")).status in {200, 202}
    assert (await service.ended(generation))["outcome"] == "canceled"


@case("core.Safelight.find: Journal.find")
async def a_reader_is_sent_away_for_a_while(stage):
    service = await stage.up()
    generation, _ = await stage.finished()
    stage.arm()
    stream = await service.watch(generation)
    assert (stream.status, await stream.rest()) == (200, []), "anything but 200 would end an EventSource for ever"
    assert 5000 <= stream.retries[0] <= 15000
    events = await stage.follow(generation)
    assert events[-1].status == "succeeded"
    await stage.check_true(generation, events)


@case("core.Safelight.find: Journal.find")
async def the_seeds_reader_is_told_that_it_failed(stage):
    service = await stage.up()
    generation, _ = await stage.finished()
    stage.arm()
    stream = await service.watch_seed(generation)
    (event,) = await stream.rest()
    assert (stream.status, event.id, event.status) == (200, None, "failed"), "its client takes any other answer for a lost line"
    assert event.data["code"] == ("storage_full" if stage.is_full else "internal")
    assert stage.is_full or stage.words not in event.data["error"]
    assert (await (await service.watch_seed(generation)).rest())[-1].status == "succeeded"


@case("web.streams._replay: Journal.read")
async def the_seeds_reader_is_shown_nothing_rather_than_half(stage):
    service = await stage.up()
    generation, run = await stage.running()
    stage.arm()
    stream = await service.watch_seed(generation)
    assert (stream.status, await stream.rest()) == (200, [])
    run.succeed()
    assert (await (await service.watch_seed(generation)).rest())[-1].status == "succeeded"


@case("core.Safelight.find: Journal.find")
async def a_stream_of_many_ends_and_shows_everything_to_who_comes_back(stage):
    service = await stage.up(streams={"linger_seconds": 0.0})
    ended, last = await stage.finished()
    await stage.eventually(lambda: service.core.hub.newest(ended) is None)
    running, run = await stage.running()
    stage.arm()
    assert await (await service.stream(f"/v1/events?id={ended}&id={running}")).rest() == []
    stream = await service.stream(f"/v1/events?id={ended}&id={running}")
    seen = {event.data["sessionId"]: event.data for event in (await stream.next(), await stream.next())}
    assert (seen[ended], seen[running]["progress"]) == (last, 50)
    run.succeed()
    await stream.until(is_end)


@case("web.streams._show_journal: Journal.read", nth=[1, 2])
async def a_replay_ends_and_goes_on_for_who_comes_back(stage, nth):
    service = await stage.up()
    generation, run = await stage.running()
    run.say(*(Progressed(0.5, message=f"stroke {step}") for step in range(150)))
    await service.until(generation, lambda snapshot: snapshot.get("message") == "stroke 149")
    stage.arm(nth=nth)
    following = asyncio.create_task(stage.follow(generation, "?from=start"))
    await stage.eventually(lambda: stage.trouble.is_over)
    run.succeed()
    events = await following
    await stage.check_true(generation, events)
    assert len(events) == len(await service.core.journal.read(generation, limit=1000)) > 100, "every step, and each once"


STEPS = {
    "accepted": lambda status: status.phase is Phase.WAITING,
    "started": lambda status: status.phase is Phase.RUNNING,
    "progressed": lambda status: status.progress == 50,
    "previewed": lambda status: status.preview is not None,
    "produced": lambda status: bool(status.outputs),
    "ended": lambda status: status.is_terminal,
}


@case("runner.scribe.Scribe._append: Journal.append", step=STEPS)
async def a_step_is_not_shown_before_it_is_written_and_the_end_comes(stage, step):
    service = await stage.up()
    stage.arm(when=lambda generation, epoch, record, *more: STEPS[step](record.status))
    generation = await service.create()
    following = asyncio.create_task(stage.follow(generation))
    run = await stage.puppet.run()
    for update, shows in ((Started(), "startedAt"), (Progressed(0.5), "progress"), (Previewed(stage.picture), "preview")):
        run.say(update)
        await service.until(generation, lambda snapshot, shows=shows: shows in snapshot)
    run.succeed()
    events = await following
    assert (events[-1].status, events[-1].data) == ("succeeded", await service.snapshot(generation))
    await stage.check_true(generation, events)
    assert len((await service.core.journal.story(generation)).attempts) == 3, "intent, accepted and outcome, each once"


@case("runner.scribe.Scribe._append: Journal.append")
async def a_cancel_that_is_not_written_is_under_way_all_the_same(stage):
    service = await stage.up()
    generation, _ = await stage.running()
    stage.arm(when=lambda generation, epoch, record, *more: record.status.cancel is not None)
    async with asyncio.timeout(PATIENCE):
        answer = await service.call("POST", f"/v1/generations/{generation}/cancel")
    stage.check_problem(answer, 503, "storage_full")
    assert "under way" in answer.json["error"]
    assert (await service.ended(generation))["outcome"] == "canceled"


@case("runner.custody.Custody._kept: Outputs.keep")
async def an_output_that_is_not_kept_is_kept_a_moment_later(stage):
    await stage.up()
    stage.arm()
    generation, last = await stage.finished()
    assert (last["status"], last.get("code"), len(last["output"])) == ("succeeded", None, 1)
    assert len(list((stage.folder / "outputs").rglob("*.png"))) == 1
    assert (await stage.follow(generation))[-1].data == last


@case("runner.custody.Custody._preview: Outputs.preview")
async def a_preview_that_is_not_kept_is_listed(stage):
    service = await stage.up()
    stage.arm()
    generation, run = await stage.running()
    run.say(Previewed(stage.picture))
    await stage.eventually(lambda: stage.trouble.is_over)
    run.succeed()
    last = await service.ended(generation)
    assert (last["status"], last["degraded"], last.get("preview")) == ("succeeded", ["preview"], None)


@case("web.outputs.get_output: Outputs.open", query=[""])
@case("web.outputs.get_output: Outputs.thumbnail", query=["?w=64"])
@case("web.downloads._numbered: Journal.find", query=["?download"])
async def an_output_is_refused_and_may_be_asked_for_again(stage, query):
    service = await stage.up()
    _, last = await stage.finished()
    stage.arm()
    answer = await service.call("GET", last["output"][0] + query)
    stage.check_refused(answer)
    assert "cache-control" not in answer.headers
    assert (await service.call("GET", last["output"][0] + query)).status == 200


@case("core.Safelight.find: Journal.find", path=["/v1/generations/{}"])
@case("core.Safelight.listing: Journal.listing", path=["/v1/generations"])
@case("core.Safelight.history: Journal.read", path=["/v1/generations/{}/events"])
async def a_look_is_refused_and_may_be_asked_for_again(stage, path):
    service = await stage.up()
    generation, _ = await stage.finished()
    json = [("Accept", "application/json")]
    stage.arm()
    stage.check_refused(await service.call("GET", path.format(generation), headers=json))
    assert generation in (await service.call("GET", path.format(generation), headers=json)).body.decode()


@case("core.Safelight.find: Journal.tombstone")
async def who_cannot_tell_does_not_say_that_there_is_none(stage):
    service = await stage.up()
    stage.arm()
    stage.check_refused(await service.call("GET", f"/v1/generations/{'0' * 32}"))
    stage.check_problem(await service.call("GET", f"/v1/generations/{'0' * 32}"), 404, "not_found")


@case("retention.Retention.forget: Journal.forget")
async def what_could_not_be_forgotten_is_all_there(stage):
    service = await stage.up()
    generation, last = await stage.finished()
    stage.arm()
    stage.check_refused(await service.call("DELETE", f"/v1/generations/{generation}"))
    assert await service.snapshot(generation) == last
    assert (await service.call("GET", last["output"][0])).body == stage.picture
    assert (await service.call("DELETE", f"/v1/generations/{generation}")).status == 204
    stage.check_problem(await service.call("GET", f"/v1/generations/{generation}"), 410, "gone")


@case("retention.Retention._sweep: Outputs.purge")
@case("retention.Retention._sweep: Journal.sweep")
async def what_was_forgotten_is_gone_whatever_is_left_to_sweep(stage):
    service = await stage.up()
    generation, last = await stage.finished()
    stage.arm()
    assert (await service.call("DELETE", f"/v1/generations/{generation}")).status == 204
    stage.check_problem(await service.call("GET", f"/v1/generations/{generation}"), 410, "gone")
    await stage.swept(generation)
    assert (await service.call("GET", last["output"][0])).status == 404


@case("retention.Retention.take_turn: Journal.unswept", nth=[1])
@case("retention.Retention.take_turn: Journal.purge", nth=[1, 2])
@case("retention.Retention._sweep: Outputs.purge", nth=[1, 2])
@case("retention.Retention._sweep: Journal.sweep", nth=[1])
async def what_was_not_purged_is_purged_a_little_later(stage, nth):
    old = [await stage.leave_behind(stage.folder, is_ended=True) for _ in range(3)]
    stage.arm(nth=nth)
    service = await stage.up()
    await stage.eventually(lambda: stage.trouble.is_over)
    await stage.swept(*(generation for generation, _ in old))
    for generation, url in old:
        assert (await service.call("GET", url)).status == 404
        stage.check_problem(await service.call("GET", f"/v1/generations/{generation}"), 410, "gone")


@case("doubles.Doubles.once: Journal.keyed")
async def who_cannot_tell_whether_a_key_is_known_starts_nothing(stage):
    service = await stage.up()
    keyed = {"headers": [("Idempotency-Key", "once")]}
    stage.arm()
    stage.check_refused(await service.call("POST", "/v1/generations", {"prompt": "a lighthouse"}, **keyed))
    assert (stage.puppet.runs, service.core.hub.running(ANONYMOUS)) == ([], [])
    first, second = [await service.call("POST", "/v1/generations", {"prompt": "a lighthouse"}, **keyed) for _ in range(2)]
    assert first.json == second.json
    await stage.puppet.run()
    (run,) = stage.puppet.runs
    run.succeed()
    await service.ended(first.json["sessionId"])


@case("retention.Retention.take_turn: Journal.expire_keys")
async def a_key_that_is_over_goes_a_little_later(stage):
    await stage.leave_behind(stage.folder, is_ended=True, is_forgotten=True)
    stage.arm()
    await stage.up()

    def is_gone():
        with closing(sqlite3.connect(stage.folder / "journal.sqlite3")) as connection:
            return connection.execute("SELECT count(*) FROM keys").fetchone() == (0,)

    await stage.eventually(is_gone)


@case("retention.Retention.take_turn: Journal.expire")
async def a_tombstone_goes_a_little_later(stage):
    generation, _ = await stage.leave_behind(stage.folder, is_ended=True, is_forgotten=True)
    stage.arm()
    service = await stage.up()

    async def is_gone():
        return (await service.call("GET", f"/v1/generations/{generation}")).status == 404

    await stage.eventually(is_gone)


@asynccontextmanager
async def receiving(*answers):
    """Somebody's web server, its URL and what it was sent; it answers so, and 200 after that."""
    heard, left = [], list(answers)

    async def answer(request):
        heard.append(await request.json())
        return web.Response(status=left.pop(0) if left else 200)

    app = web.Application()
    app.router.add_post("/", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/")), heard


SIGNED = Webhooks(signing_keys=(Secret("whsec_" + "a" * 44),), private_network=True)


@case("courier.Courier._set_out: Journal.owed", nth=[1, 2])
@case("courier.Courier._carry: Journal.find", nth=[1])
@case("courier.Courier._carry: Journal.read", nth=[1])
@case("courier.Courier._carry: Journal.delivered", nth=[1])
@case("courier.Courier._carry: Journal.put_off", nth=[1])
async def a_webhook_is_told_a_little_later_and_perhaps_twice(stage, nth):
    async with receiving(500) as (url, heard):
        stage.arm(nth=nth)
        service = await stage.up(webhooks=SIGNED)
        generation = await service.create(webhook={"url": url})
        (await stage.puppet.run()).succeed()
        end = await service.ended(generation)
        await stage.eventually(lambda: stage.trouble.is_over)

        async def is_told():
            return heard and not await service.core.journal.owed()

        await stage.eventually(is_told)
        assert all(snapshot == end for snapshot in heard)


@case("core.Safelight.deliveries: Journal.deliveries", call=[("GET", "/v1/deliveries")])
@case("core.Safelight.resend: Journal.deliveries", call=[("POST", "/v1/generations/{}/deliveries")])
@case("core.Safelight.resend: Journal.put_off", call=[("POST", "/v1/generations/{}/deliveries")])
async def what_is_owed_is_as_it_was(stage, call):
    async with receiving(410) as (url, heard):
        service = await stage.up(webhooks=SIGNED)
        generation = await service.create(webhook={"url": url})
        (await stage.puppet.run()).succeed()
        await service.ended(generation)

        async def owed():
            return [one for one in await service.core.journal.deliveries(ANONYMOUS) if one.is_dead]

        dead = await stage.eventually(owed)
        stage.arm()
        method, path = call
        stage.check_refused(await service.call(method, path.format(generation)))
        assert (await owed(), len(heard)) == (dead, 1)
        assert (await service.call(method, path.format(generation))).status < 300


@pytest.fixture
def stage(place, error, trouble, serve, puppet, tmp_path, check_problem, eventually, words, picture, leave_behind):
    return Stage(trouble, place, error, serve, puppet, tmp_path / "data", check_problem, eventually, words, picture, leave_behind)


@pytest.mark.parametrize(("place", "told", "given"), CASES)
async def test_a_call_that_fails_once_is_told_honestly_and_costs_nothing_else(stage, told, given, words):
    with capture_logs(processors=[format_exc_info]) as lines:
        await told(stage, **given)
        assert stage.trouble.is_over
        await stage.check_sound()
    assert any(words in str(line) or line.get("code") == "storage_full" for line in lines), "the log says nothing of it"


def test_every_call_the_serving_service_makes_fails_in_a_test_of_this_page(places, places_of_lifetime):
    assert {case.values[0] for case in CASES} == places - places_of_lifetime


def test_every_method_of_a_port_is_called_by_the_service_or_known_not_to_be(calls, places):
    assert calls - {place.rpartition(": ")[2] for place in places} == UNCALLED
