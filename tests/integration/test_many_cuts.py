"""Many generations on one connection, on a network that fails again and again: no end is lost, nothing goes back."""

import asyncio
import random

import pytest

from safelight.providers import ContentPolicy, Progressed

GENERATIONS = 12
SPARE = 3
"""So many are left to run until the one who watches everything stands on a connection that holds."""
VIEWERS = 4
CUTS = 5
"""So many times every viewer is cut, at least."""
LONGEST = 16_000
"""Bytes a connection lasts at most: more than the newest of everything, so that a viewer is cut before, within and after."""
ENDS = {"succeed": "succeeded", "fail": "rejected", "cancel": "canceled"}


class Cut(Exception):
    """The network's doing."""


class Leak:
    """What is left of a connection: a stream reader that breaks after so many bytes."""

    def __init__(self, reader, left):
        self._reader, self._left = reader, left

    async def readuntil(self, separator):
        return self._passed(await self._reader.readuntil(separator))

    async def readexactly(self, count):
        self._passed(some := await self._reader.readexactly(min(count, self._left + 1)))
        return some

    def _passed(self, some):
        self._left -= len(some)
        if self._left < 0:
            raise Cut
        return some


class Viewer:
    """
    Watches on one connection after the other, and forgives the service nothing.

    Attributes:
        cuts: How many of its connections broke.
        current: Version by generation, of what this connection has shown.
        newest: Version by generation, of what it was ever shown.
        ends: The terminal snapshots.
        shown: Every snapshot, by generation and version.
    """

    def __init__(self, service, path, others=()):
        self._service, self._path, self._others = service, path, others
        self.cuts = 0
        self.is_held = False
        self.current, self.newest, self.ends, self.shown = {}, {}, {}, {}

    async def sit(self, until, left=None):
        """Watch until content, or until so many bytes have come."""
        self.current, self.is_held = {}, left is None
        over = {generation for other in self._others for generation in other.ends}
        stream = await self._service.stream(self._path)
        if left is not None:
            stream.connection.reader = Leak(stream.connection.reader, left)
        try:
            while not until():
                event = await stream.next()
                assert event is not None, "the service closed a stream that has no end"
                assert event.data["sessionId"] not in over, "what has ended is not among all that runs"
                self._take(event)
        except Cut:
            self.cuts += 1
        finally:
            await stream.close()

    def _take(self, event):
        generation = event.data["sessionId"]
        assert event.id is None
        assert event.version > self.current.get(generation, (0, 0)), "older, or twice on one connection"
        assert event.version >= self.newest.get(generation, (0, 0)), "older than what an earlier connection showed"
        assert self.shown.setdefault((generation, *event.version), event.data) == event.data
        self.current[generation] = self.newest[generation] = event.version
        if generation in self.ends or event.status in {"succeeded", "failed"}:
            assert self.ends.setdefault(generation, event.data) == event.data, "something after the end, or another end"


class Storm:
    """Generations that go on and end at moments drawn by lot."""

    def __init__(self, service, puppet, eventually, lot):
        self._service, self._puppet, self._eventually, self._lot = service, puppet, eventually, lot
        self._said = 0
        self._ends = []
        self.running = {}
        self.meant = {}

    async def begin(self):
        """Start one more generation; return its id."""
        generation = await self._service.create()
        self.running[generation] = await self._puppet.run(len(self.meant))
        self.meant[generation] = None
        return generation

    async def blow(self, left, viewers):
        """Let things happen until only so many run, and everybody was cut often enough."""
        while len(self.running) > left or any(viewer.cuts < CUTS for viewer in viewers):
            generation = self._lot.choice(list(self.running))
            if len(self.running) > left and self._lot.random() < 0.06:
                await self.end(generation)
                continue
            before = self._service.core.hub.newest(generation).version
            await self.go_on(generation)
            if self._lot.random() < 0.5:  # one of them sees it before the next thing happens
                viewer, seen = self._lot.choice(viewers), (before.epoch, before.seq)
                await self._eventually(lambda g=generation, v=viewer, s=seen: v.newest.get(g, (0, 0)) > s)

    async def go_on(self, generation):
        self._said += 1
        self.running[generation].say(Progressed(self._lot.random(), message=str(self._said)))

    async def end(self, generation):
        if not self._ends:
            self._ends = self._lot.sample(list(ENDS), len(ENDS))
        self.meant[generation] = ENDS[how := self._ends.pop()]
        run = self.running.pop(generation)
        match how:
            case "succeed":
                run.succeed()
            case "fail":
                run.say(ContentPolicy("The model will not paint this."))
            case "cancel":
                answer = await self._service.call("POST", f"/v1/generations/{generation}/cancel")
                assert answer.status in {200, 202}


@pytest.fixture(params=[0.0, 60.0], ids=["from-the-journal", "from-memory"])
async def service(request, serve):
    """What has ended is shown from the journal, or from memory."""
    return await serve(engine="sqlite", streams={"linger_seconds": request.param})


@pytest.mark.parametrize("seed", range(2))
async def test_the_multiplexed_stream_loses_no_terminal_when_cut_at_random(service, puppet, eventually, seed):
    lot = random.Random(seed)
    storm = Storm(service, puppet, eventually, lot)
    generations = [await storm.begin() for _ in range(GENERATIONS)]
    paths = ["/v1/events?" + "&".join(f"id={id_}" for id_ in lot.sample(generations, GENERATIONS)) for _ in range(VIEWERS)]
    viewers = [Viewer(service, path) for path in paths]
    wide = Viewer(service, "/v1/events", others=viewers)
    is_calm, last = asyncio.Event(), []

    async def watch_named(viewer):
        while set(viewer.ends) != set(generations):
            await viewer.sit(lambda: set(viewer.ends) == set(generations), left=lot.randrange(LONGEST))

    async def watch_all():
        while not is_calm.is_set():
            await wide.sit(is_calm.is_set, left=lot.randrange(LONGEST))
        await wide.sit(lambda: last and set(last) <= set(wide.ends))

    async with asyncio.TaskGroup() as watching:
        for viewer in viewers:
            watching.create_task(watch_named(viewer))
        watching.create_task(watch_all())
        await storm.blow(SPARE, [*viewers, wide])
        is_calm.set()
        await storm.go_on(next(iter(storm.running)))  # whatever its connection was good for, it learns of the calm
        await eventually(lambda: wide.is_held and set(storm.running) <= set(wide.current))
        last += [*storm.running, await storm.begin()]
        await storm.blow(0, [wide])

    finals = {}
    for generation, outcome in storm.meant.items():
        journal = [event.data for event in await (await service.watch(generation, "?from=start")).rest()]
        finals[generation] = journal[-1]
        assert journal[-1]["outcome"] == outcome
        assert journal[-1] == await service.snapshot(generation)
        for viewer in (*viewers, wide):
            for (shown, _, seq), snapshot in viewer.shown.items():
                assert shown != generation or snapshot == journal[seq - 1]
    for viewer in viewers:
        assert viewer.ends == {generation: finals[generation] for generation in generations}
    assert wide.ends.items() <= finals.items()
