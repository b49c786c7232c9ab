import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from safelight.breaker import Breaker
from safelight.engines.memory import MemoryJournal
from safelight.errors import JournalFull
from safelight.generation import Generation, Policy, Request
from safelight.hub import Hub
from safelight.instances import ProviderInstance
from safelight.plugins import Offer
from safelight.pokes import Pokes
from safelight.ports import Outputs
from safelight.providers import Capabilities, Durability, Job, LocalProvider, RemoteProvider, Resources
from safelight.records import AttemptRecord, LateRecord, StatusRecord, Step
from safelight.runner import Attempts, Candidate, Runner, Tools
from safelight.slots import Slots
from safelight.status import Output, Phase, Preview, Queue, State, Status
from safelight.versions import Version
from safelight.viewer import Viewer

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ID = "0" * 32
DAY = 86_400.0


class LoopClock:
    """Wall time that goes with the loop's own, from noon."""

    def now(self):
        return NOON + timedelta(seconds=asyncio.get_running_loop().time())


class FailingJournal(MemoryJournal):
    """A real journal that refuses the appends whose number, from 1, is in `fails`, as a full disk would."""

    def __init__(self, clock):
        super().__init__(clock)
        self.fails = set()
        self.appends = 0
        self.durable = []

    async def append(self, generation_id, epoch, *records, durable, delivery=None):
        self.appends += 1
        if self.appends in self.fails:
            raise JournalFull("No room.")
        await super().append(generation_id, epoch, *records, durable=durable, delivery=delivery)
        self.durable += [(record, durable) for record in records]


class Store(Outputs):
    """
    Keeps nothing but a list of what it was given.

    Attributes:
        fails: What the next calls raise, first come first served; None lets one pass.
        seconds: How long each next call takes.
        facts: What each next output is said to be, beyond its bytes.
    """

    def __init__(self):
        self.kept = []
        self.previewed = []
        self.sessions = []
        self.fails = []
        self.seconds = []
        self.facts = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc_info):
        pass

    async def keep(self, generation_id, content, *, claimed_type, seed, session=None):
        content = await self._take(content, session)
        self.kept.append(content)
        facts = self.facts.pop(0) if self.facts else {}
        url = f"/o/{len(self.kept)}"
        return Output(url=url, type=claimed_type or "image/png", bytes=len(content), sha256="ab", seed=seed, **facts)

    async def preview(self, generation_id, content, *, session=None):
        content = await self._take(content, session)
        self.previewed.append(content)
        return Preview(url=f"/p/{len(self.previewed)}", width=1, height=1)

    async def open(self, generation_id, name):
        return None

    async def thumbnail(self, generation_id, name, width):
        return None

    async def purge(self, generation_id):
        pass

    async def _take(self, content, session):
        self.sessions.append(session)
        if self.seconds:
            await asyncio.sleep(self.seconds.pop(0))
        if self.fails and (error := self.fails.pop(0)):
            raise error
        return content if isinstance(content, bytes) else b"".join([chunk async for chunk in content])


class Reader(Viewer):
    """A viewer that can always take a frame."""

    is_paused = False

    def __init__(self):
        self.seen = []
        self.cuts = []

    def show(self, frame):
        self.seen.append((asyncio.get_running_loop().time(), frame.status))

    def lag(self):
        raise AssertionError("never paused, so never behind")

    def cut(self, reason):
        self.cuts.append(reason)


class World:
    """Everything around one runner, and what comes of it."""

    def __init__(self):
        self.clock = LoopClock()
        self.journal = FailingJournal(self.clock)
        self.outputs = Store()
        self.hub = Hub(linger_seconds=60)
        self.reader = Reader()
        self.session = object()
        self.progress_seconds = 0.1
        self.breakers = {}
        self.slots = {}
        self.at_once = 0
        self.max_queued = 1000
        self.rerun_interrupted = False
        self.pokes = Pokes()

    def local(self, generate, **capabilities):
        """A local provider that runs this function."""

        class Lighthouse(LocalProvider):
            async def generate(self, request, control):
                async for update in generate(control):
                    yield update

        return self._made(Lighthouse, {"durability": Durability.PROCESS, **capabilities})

    def remote(self, *, submit=None, watch=None, poll=None, cancel=None, **capabilities):
        """A remote provider that has these methods and no others; its job is accepted at once unless `submit` says more."""

        class Lighthouse(RemoteProvider):
            async def submit(self, request, key):
                return await submit() if submit else Job("j1")

        for name, method in (("watch", watch), ("poll", poll), ("cancel", cancel)):
            if method is not None:
                setattr(Lighthouse, name, lambda self, job, method=method: method())
        return self._made(Lighthouse, {"durability": Durability.REMOTE, **capabilities})

    def _made(self, kind, capabilities):
        kind.capabilities = Capabilities(**capabilities)
        return kind(None, Resources(instance="lighthouse", session=self.session, clock=self.clock, spawn=None, folder=None))

    @property
    def tools(self):
        return Tools(
            journal=self.journal,
            outputs=self.outputs,
            hub=self.hub,
            clock=self.clock,
            breakers=self.breakers,
            slots=self.slots,
            progress_seconds=self.progress_seconds,
            pokes=self.pokes,
        )

    async def create(self, provider, id_=ID, *, route=(), place=None, **bounds):
        """Journal a generation as core does; return it with its first status and its intent."""
        policy = Policy(
            **{
                "submit_seconds": 30.0,
                "stall_seconds": DAY,
                "total_seconds": 10 * DAY,
                "cancel_seconds": 10.0,
                "queue_seconds": DAY,
                "attempts": 1,
                **bounds,
            }
        )
        now = self.clock.now()
        request = Request(prompt="A lamp.", params={}, options={})
        facts = {"owner": "anna", "provider": "lighthouse", "request": request, "route": route}
        generation = Generation(id=id_, policy=policy, created_at=now, **facts)
        first = Status(
            generation=id_,
            provider="lighthouse",
            version=Version(1, 1),
            state=State.STARTED,
            phase=Phase.SUBMITTING if place is None else Phase.QUEUED,
            queue=None if place is None else Queue(place.position, place.size),
            created_at=now,
        )
        durability = provider.capabilities.durability
        step = Step.INTENT if place is None else Step.QUEUED
        intent = AttemptRecord(n=1, step=step, at=now, provider="lighthouse", durability=durability, key="f" * 32)
        await self.journal.create(generation, StatusRecord(status=first), intent)
        self.hub.open(first, "anna")
        return generation, first, intent

    def route(self, *providers):
        """Return the candidates of a generation, each under a name of its own."""
        names = ["lighthouse", *(f"lighthouse-{number}" for number in range(2, len(providers) + 1))]
        for name in names:
            self.breakers.setdefault(name, Breaker(name, failures=5, seconds=30))
        route = [self.candidate(name, provider) for name, provider in zip(names, providers, strict=False)]
        for candidate in route:
            self.slots.setdefault(candidate.instance.name, self.make_slots(candidate.instance))
        return route

    def make_slots(self, instance):
        """As many slots as `at_once` says, for one instance."""
        return Slots(instance.name, at_once=self.at_once, max_queued=self.max_queued, budget=instance.budget)

    def candidate(self, name, provider):
        instance = ProviderInstance(
            name=name,
            offer=Offer(cls=type(provider), plugin="safelight-lighthouse", distribution="safelight-tests", version="0"),
            provider=provider,
            session=self.session,
            rerun_interrupted=self.rerun_interrupted,
        )
        return Candidate(instance=instance, request=Request(prompt="A lamp.", params={}, options={}))

    async def start(self, provider, *others, **bounds):
        """Create a generation and run it."""
        await self.journal.__aenter__()
        route = self.route(provider, *others)
        seat = self.slots["lighthouse"].take("anna")
        generation, first, intent = await self.create(provider, place=seat.place, **bounds)
        self.hub.subscribe(ID, self.reader).catch_up()
        self.runner = Runner(self.tools, generation, first, Attempts([intent]), route, epoch=1, seat=seat)
        self.task = asyncio.create_task(self.runner.run())

    async def end(self):
        """Wait until the runner is gone, check what holds for every life, and return the last status."""
        await self.task
        statuses = await self.journal.read(ID, limit=10_000)
        assert [status.version for status in statuses] == [Version(1, seq) for seq in range(1, len(statuses) + 1)]
        assert self.shown == statuses, "what is shown is what was journalled, and all of it"
        assert [status.is_terminal for status in statuses] == [False] * (len(statuses) - 1) + [True]
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others, "a runner leaves no task"
        return statuses[-1]

    async def run(self, provider, **bounds):
        """Start and wait for the end."""
        await self.start(provider, **bounds)
        return await self.end()

    async def until(self, condition):
        """Wait, by the loop's own time, until something has become true."""
        async with asyncio.timeout(DAY):
            while not condition():  # noqa: ASYNC110 - any condition at all, in a time that costs nothing
                await asyncio.sleep(0.01)

    @property
    def now(self):
        return asyncio.get_running_loop().time()

    @property
    def shown(self):
        return [status for _, status in self.reader.seen]

    async def steps(self):
        return [(record.step.value, record.result) for record in await self.journal.attempts(ID)]

    @property
    def late(self):
        records = (entry.record for entry in self.journal._lives[ID].entries)
        return [(record.kind, record.facts) for record in records if isinstance(record, LateRecord)]


@pytest.fixture
def world():
    return World()


@pytest.fixture
def make_world():
    """For a test that needs several."""
    return World
