"""
The kill walk: a service is killed with -9 at every call of its ports, before it is made and once it has returned.

A rehearsal enumerates the calls of a run; the walk kills at each, and a call it did not kill at fails the test. What is
judged is what a successor on the same data folder says, and the ledger of the simulated upstream, which knows who paid.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, cycle, islice, pairwise
from pathlib import Path

import attrs
import pytest

from safelight import whereabouts
from safelight.versions import Version
from safelight_simulator.ledger import Ledger

CHILD = Path(__file__).with_name("kill_walk_child.py")
PATIENCE = 30.0
AT_ONCE = 6
"""Walks under way together; most of the time they wait."""
MISSED_SECONDS = 3.0
"""How long after all was watched the process may still come to the step it is to die at."""
TRIES = 12
"""
Which of two threads is first is left to chance, and so are a few of the steps: each is come to in one of so many tries at least.

The rarest, a submission that is accepted in the life after the next one's create, is come to in every third.
"""
CONFIG = """
    default_provider = "{default}"
    [server]
    port = 0
    drain_seconds = 0.0
    [streams]
    progress_seconds = 0.0
    [deadlines]
    total_seconds = 12.0
    cancel_seconds = 2.0
    [retries]
    attempts = 5
    [providers.paid]
    plugin = "simulator-remote"
    [providers.findable]
    plugin = "simulator-findable"
    [providers.narrow]
    plugin = "simulator-findable"
    max_concurrency = 1
    [providers.understudy]
    plugin = "simulator-understudy"
    [providers.blocking]
    plugin = "simulator"
    durability = "connection"
    [providers.inside]
    plugin = "simulator"
    [providers.repeated]
    plugin = "simulator"
    rerun_interrupted = true
"""
WEBHOOKS = """
    [webhooks]
    signing_keys = ["whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="]
    private_network = true
"""
PLUGIN = """
    import attrs
    from safelight.providers import Job, hookimpl
    from safelight_simulator.acts import Act
    from safelight_simulator.options import RemoteOptions
    from safelight_simulator.remote import RemoteSimulator

    class Findable(RemoteSimulator):
        name = "simulator-findable"

        async def find(self, key):
            taken = self._books.ledger.submissions(key)
            return Job(taken[0].job) if taken else None

    class Understudy(Findable):
        name = "simulator-understudy"

        async def submit(self, request, key):
            script = (Act(do="started"), Act(do="output"), Act(do="succeed", charged="yes"))
            return await super().submit(attrs.evolve(request, options=RemoteOptions(script=script)), key)

    @hookimpl
    def safelight_providers():
        return [Findable, Understudy]
"""
PAINTING = [
    {"do": "queued", "position": 1},
    {"do": "wait", "seconds": 0.05},
    {"do": "started"},
    {"do": "progress", "fraction": 0.5},
    {"do": "wait", "seconds": 0.05},
    {"do": "output"},
    {"do": "succeed", "charged": "yes", "cost": 0.04},
]
BREAKING = [
    {"do": "started"},
    {"do": "progress", "fraction": 0.5},
    {"do": "wait", "seconds": 0.05},
    {"do": "fail", "text": "Out of memory.", "charged": "yes"},
]
ENDLESS = [{"do": "started"}, {"do": "progress", "fraction": 0.5}, {"do": "stall"}]

BLOCKING = [{"do": "started"}, {"do": "wait", "seconds": 0.3}, {"do": "output"}, {"do": "succeed", "charged": "yes"}]

SMALL = {"width": 64, "height": 64}

WRITES = ("Journal.append", "Journal.create", "Journal.claim", "Journal.delivered", "Outputs.keep")
LATER = re.compile(r"claim|attempt| finished|keep|delivered")
"""What a later life writes besides depends on how far the upstream has come meanwhile."""
BY_CHANCE = "(late-"
"""What an upstream says after the end may also come too late to be heard: it is killed at where it does not."""
MOMENTS = ("before", "after")


@attrs.frozen(kw_only=True)
class Play:
    """
    What is run and walked through.

    Attributes:
        body: Of the create.
        first: Of the create of another one, for whose slot it has to wait.
        is_told: Whether a webhook is owed its end.
        is_canceled: Whether somebody cancels it once it makes progress.
        ends: As `outcome charged`, what it ends with where nothing but the intent was journalled, where it was accepted
            or more, and where the end itself was.
        submissions: Instance to how many submissions its upstream may have taken in all.
        left: What it may end with besides where the process leaves in order: it ends what the next one cannot go on with.
        is_walked_whole: Whether reads and the coming up are walked through as well, not only what writes: then whoever
            watches reads it all again once it has ended, and it does not end before somebody watches.
    """

    body: dict
    ends: dict
    submissions: dict
    left: tuple = ()
    first: dict | None = None
    is_told: bool = False
    is_canceled: bool = False
    is_walked_whole: bool = False


def ends(intended, accepted, undisturbed):
    return {"intended": intended, "accepted": accepted, "undisturbed": undisturbed}


PLAYS = {
    "a job that lives upstream": Play(
        body={"providerId": "paid", "options": {"script": PAINTING}},
        ends=ends("unknown unknown", "succeeded yes", "succeeded yes"),
        submissions={"paid": 1},
        is_walked_whole=True,
    ),
    "a job that can be found again": Play(
        body={"providerId": "findable", "options": {"script": PAINTING}},
        ends=ends("succeeded yes", "succeeded yes", "succeeded yes"),
        submissions={"findable": 1},
    ),
    "a job that waits for its turn and whose end is owed": Play(
        body={"providerId": "narrow", "options": {"script": PAINTING}},
        first={"providerId": "narrow", "options": {"script": BLOCKING}},
        is_told=True,
        ends=ends("succeeded yes", "succeeded yes", "succeeded yes"),
        submissions={"narrow": 2},
    ),
    "a submission that is refused once": Play(
        body={"providerId": "findable", "options": {"script": PAINTING, "submit": "rate_limited", "submitTimes": 1}},
        ends=ends("succeeded yes", "succeeded yes", "succeeded yes"),
        submissions={"findable": 1},
    ),
    "a job that is canceled": Play(
        body={"providerId": "paid", "options": {"script": ENDLESS}},
        ends=ends("unknown unknown", "canceled unknown", "canceled unknown"),
        submissions={"paid": 1},
        is_canceled=True,
    ),
    "a paid failure and whoever takes over": Play(
        body={"providerId": "paid", "fallback": ["understudy"], "options": {"script": BREAKING}},
        ends=ends("unknown unknown", "succeeded yes", "succeeded yes"),
        submissions={"paid": 1, "understudy": 1},
    ),
    "a call that pays while it blocks": Play(
        body={"providerId": "blocking", "options": {"script": PAINTING}},
        ends=ends("interrupted unknown", "interrupted unknown", "succeeded yes"),
        submissions={"blocking": 1},
        left=("interrupted unknown", "interrupted yes"),
    ),
    "work inside the process": Play(
        body={"providerId": "inside", "options": {"script": PAINTING}},
        ends=ends("interrupted no", "interrupted no", "succeeded yes"),
        submissions={},
        left=("interrupted no", "interrupted yes"),
    ),
    "work that may be run again": Play(
        body={"providerId": "repeated", "options": {"script": PAINTING}},
        ends=ends("succeeded yes", "succeeded yes", "succeeded yes"),
        submissions={},
        left=("interrupted yes",),
    ),
}


class Told(BaseHTTPRequestHandler):
    """A caller's webhook, which notes what it was told."""

    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.setdefault(told["sessionId"], []).append((self.headers["webhook-id"], told))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


class Nursery:
    """Starts services, in no time, and knows which of them live."""

    def __init__(self, env):
        self._child = subprocess.Popen(
            [sys.executable, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **env}
        )
        self._turn = threading.Lock()
        self._born = set()

    def start(self, data, *, step=None, moment=None, number=signal.SIGKILL, at=0, is_held=False):
        """
        Start a service that sends itself a signal at a moment of a step, if one is said; return it.

        A held one writes no end down before its first event was seen.
        """
        order = {
            "config": str(data.with_name("config.toml")),
            "data": str(data),
            "log": str(data) + ".log",
            "steps": f"{data}.steps-{at}",
            "step": step,
            "moment": moment,
            "signal": number,
            "held": f"{data}.held-{at}" if is_held else None,
        }
        with self._turn:
            self._child.stdin.write(json.dumps(order) + "\n")
            self._child.stdin.flush()
            pid = int(self._child.stdout.readline())
            self._born.add(pid)
        return Doomed(pid, data, Path(order["steps"]), Path(f"{data}.held-{at}"), self._born.discard)

    def close(self):
        for pid in tuple(self._born):
            kill(pid)
        self._child.stdin.close()
        self._child.stdout.close()
        assert self._child.wait(PATIENCE) == 0


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def comes(condition, seconds):
    """Wait for it; whether it came."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.01)
    return True


def until(condition):
    assert comes(condition, PATIENCE), f"not within {PATIENCE:g} s: {condition}"


@attrs.define
class Doomed:
    """A service of the nursery; what is asked of it comes to nothing once it is dead."""

    pid: int
    data: Path
    _steps: Path
    _held: Path
    _bury: object
    _is_dead: bool = False

    @property
    def steps(self):
        """Return the calls of its ports as `(step, moment)`, in order."""
        lines = (line.partition(" ") for line in self._steps.read_text().splitlines())
        return [(step, moment) for moment, _, step in lines]

    def is_dead(self):
        if not self._is_dead:
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                self._is_dead = True
                self._bury(self.pid)
        return self._is_dead

    def kill(self):
        """End it, and wait until it has."""
        kill(self.pid)
        until(self.is_dead)

    def let_go(self):
        """Let it write an end down, if it is held."""
        self._held.touch()

    def is_up(self):
        """Wait until it listens; whether it did."""
        until(lambda: self.is_dead() or self._port is not None)
        return not self.is_dead()

    @property
    def _port(self):
        found = whereabouts.find(self.data)
        return int(found.url.rpartition(":")[2]) if found is not None and found.pid == self.pid else None

    @contextmanager
    def asked(self, method, path, body=None, **headers):
        connection = HTTPConnection("127.0.0.1", self._port or 1, timeout=PATIENCE)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            with connection.getresponse() as answer:
                yield answer
        finally:
            connection.close()

    def call(self, method, path, body=None):
        with self.asked(method, path, body) as answer:
            reply = json.loads(answer.read())
            if answer.status == 503:
                raise ConnectionAbortedError(reply["detail"])  # it leaves, and takes nothing new
            assert answer.status < 300, (answer.status, reply)
            return reply

    def events(self, path, **headers):
        with self.asked("GET", path, **headers) as answer:
            assert answer.status == 200, answer.status
            event_id = None
            for line in answer:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "id":
                    event_id = value
                elif name == "data" and line.endswith(b"\n"):
                    yield event_id, json.loads(value)


@attrs.define
class Watcher:
    """A browser that wants one picture, and comes back with its cursor as long as it must."""

    play: Play
    told: ThreadingHTTPServer
    generation: str | None = None
    seen: list = attrs.field(factory=list)

    def want(self, service):
        """Ask for the picture, then watch."""
        with self._until_death_of(service):
            if self.play.first is not None:
                self._ask_for(service, self.play.first)
            self.generation = self._ask_for(service, self.play.body)
            self._follow(service)
            if self.play.is_walked_whole:
                self._look_back(service)

    def come_back(self, service):
        """Watch on; a create whose answer was lost may have been heard all the same."""
        with self._until_death_of(service):
            if self.generation is None and (mine := service.call("GET", "/v1/generations")["generations"]):
                self.generation = mine[0]["sessionId"]
            if self.generation is not None:
                self._cancel(service)
                self._follow(service)

    def _ask_for(self, service, body):
        wanted = {"prompt": "a lighthouse", "params": SMALL, **body}
        if self.play.is_told:
            wanted["webhook"] = {"url": f"http://127.0.0.1:{self.told.server_port}/told"}
        return service.call("POST", "/v1/generations", wanted)["sessionId"]

    @contextmanager
    def _until_death_of(self, service):
        try:
            yield
        except (HTTPException, OSError):
            until(service.is_dead)  # nothing else may break a connection off

    def _follow(self, service):
        if self.seen and "outcome" in self.seen[-1][1]:
            return  # it has seen the end already, and would be told that there is nothing more
        path = f"/v1/generations/{self.generation}/events"
        cursor = {"Last-Event-ID": self.seen[-1][0]} if self.seen else {}
        for event in service.events(path, **cursor):
            service.let_go()
            self.seen.append(event)
            self._cancel(service)

    def _look_back(self, service):
        """Have it all shown again, from the journal, and fetch the pictures."""
        shown = [snapshot for _, snapshot in service.events(f"/v1/generations/{self.generation}/events?from=start")]
        for output in shown[-1].get("outputs", []) if shown else []:  # a kill cuts it short, without an error
            with service.asked("GET", output["url"]) as answer:
                answer.read()

    def _cancel(self, service):
        """Ask for a cancel once there is progress, and again whenever the wish does not show."""
        newest = self.seen[-1][1] if self.seen else {}
        if self.play.is_canceled and newest.get("progress") and not newest.keys() & {"cancel", "outcome"}:
            service.call("POST", f"/v1/generations/{self.generation}/cancel")


@attrs.define
class Walk:
    """
    One run, killed once or more often.

    Attributes:
        deaths: Step and moment of each.
        number: The signal of each: one that asks the process to leave lets it take some more steps.
        lives: The service of each life, the last of which nobody killed.
    """

    play: Play
    deaths: tuple
    number: int
    watcher: Watcher
    lives: list = attrs.field(factory=list)

    @classmethod
    def of(cls, nursery, data, play, deaths, number, told):
        """Live it; None where a step it was to die at was not taken this time."""
        walk = cls(play, deaths, number, Watcher(play, told))
        for at, (step, moment) in enumerate([*deaths, (None, None)]):
            is_held = play.is_walked_whole and at == 0 and number == signal.SIGKILL
            service = nursery.start(data, step=step, moment=moment, number=number, at=at, is_held=is_held)
            walk.lives.append(service)
            is_up = service.is_up()
            assert is_up or step is not None, data.with_suffix(".log").read_text()
            if is_up:
                (walk.watcher.come_back if at else walk.watcher.want)(service)
            if step is not None and not comes(service.is_dead, MISSED_SECONDS):
                service.kill()
                return None
            if step is not None:
                taken = service.steps[-1:] if number == signal.SIGKILL else service.steps
                assert (step, moment) in taken, "it died elsewhere"
        return walk

    def judge(self):
        """Make sure of everything that is promised to who watched and to who pays."""
        if self.watcher.generation is None:
            assert not self._ledgers(), "somebody pays for what nobody knows of"
            return
        last = self.lives[-1]
        replayed = list(last.events(f"/v1/generations/{self.watcher.generation}/events?from=start"))
        end = replayed[-1][1]
        assert self.watcher.seen[-1] == replayed[-1], "who watched on has seen the end"
        assert end["endedAt"] <= end["deadlineAt"]
        self._judge_order(self.watcher.seen, replayed)
        self._judge_end(end)
        self._judge_money(end)
        if self.play.is_told:
            self._judge_told(last, end)
        for output in end.get("outputs", []):
            with last.asked("GET", output["url"]) as answer:
                assert (answer.status, len(answer.read())) == (200, output["bytes"])

    def _judge_order(self, seen, replayed):
        versions = [Version.parse(event_id) for event_id, _ in replayed]
        assert [version.seq for version in versions] == list(range(1, len(versions) + 1))
        assert all(event in replayed for event in seen), "a browser was shown what is not journalled"
        for listed in (seen, replayed):
            assert all(Version.parse(one[0]) < Version.parse(two[0]) for one, two in pairwise(listed)), "a version fell"
            progress = [snapshot["progress"] for _, snapshot in listed if "progress" in snapshot]
            assert progress == sorted(progress)

    def _judge_end(self, end):
        ended, accepted = self._was_done(" finished", self.lives[:1]), self._was_done("attempt-1 accepted", self.lives)
        stages = {
            "undisturbed": ended is not False,
            "accepted": ended is not True and accepted is not False,
            "intended": ended is not True and accepted is not True,
        }
        allowed = {self.play.ends[stage] for stage, is_possible in stages.items() if is_possible}
        if self.number == signal.SIGTERM:
            allowed |= {*self.play.left}
        assert f"{end['outcome']} {end['charged']}" in allowed, end
        if end["outcome"] == "interrupted":
            assert end["retryable"]

    def _judge_told(self, last, end):
        """Make sure that the webhook was told the end, once or more often, but as one message."""
        until(lambda: last.call("GET", "/v1/deliveries")["deliveries"] == [])
        heard = self.watcher.told.heard[end["sessionId"]]
        assert all(told == end for _, told in heard)
        assert len({message for message, _ in heard}) == 1

    def _was_done(self, words, lives):
        """Whether a step with these words was taken in any of these lives; None where the kill fell into the midst of it."""
        moments = {moment for service in lives for step, moment in service.steps if words in step}
        is_cut_short = bool(moments) and not any(words in step for step, _ in self.deaths)
        return True if "after" in moments else None if is_cut_short else False

    def _judge_money(self, end):
        ledgers = self._ledgers()
        for name, ledger in ledgers.items():
            keys = [taken.key for taken in ledger.submissions()]
            assert len(keys) == len({*keys}) <= self.play.submissions[name]
        if self.play.submissions:
            assert end["charged"] != ("no" if any(ledger.charges() for ledger in ledgers.values()) else "yes"), end

    def _ledgers(self):
        books = {file.parent.name: Ledger(file.parent) for file in self.lives[-1].data.glob("providers/*/ledger.jsonl")}
        return {name: ledger for name, ledger in books.items() if ledger.submissions()}


@pytest.fixture(scope="module")
def nursery(make_site):
    site = make_site()
    site.ship("simulator-walk", PLUGIN)
    made = Nursery(site.env)
    yield made
    made.close()


@pytest.fixture(params=PLAYS.values(), ids=PLAYS)
def play(request, tmp_path):
    told = WEBHOOKS if request.param.is_told else ""
    (tmp_path / "config.toml").write_text(CONFIG.format(default=request.param.body["providerId"]) + told)
    return request.param


@pytest.fixture
def told():
    with ThreadingHTTPServer(("127.0.0.1", 0), Told) as server:
        server.heard = {}
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def walk_through(nursery, tmp_path, play, told):
    """
    Walk with these deaths, judge, and return what a further death could be: in a first life, and in a later one.

    Where several are given, all of them end with the same death: where one does not lead there, the next is tried.
    """
    numbers = count()

    def walk(*ways, number=signal.SIGKILL):
        tries = islice(cycle(ways), max(TRIES, len(ways)))
        walks = (Walk.of(nursery, tmp_path / f"walk-{next(numbers)}", play, deaths, number, told) for deaths in tries)
        made = next(filter(None, walks), None)
        if made is None:
            assert any(BY_CHANCE in step for step, _ in ways[0]), f"nobody was killed at {ways}"
            return {"first": set(), "later": set()}
        looked = {step for step, _ in made.lives[0].steps}  # who judges reads as well
        try:
            made.judge()  # which may wait for the last of the steps
        except Exception as error:
            error.add_note(f"killed at {made.deaths}; now it says: {made.watcher.seen[-1:]}")
            raise
        finally:
            made.lives[-1].kill()
        first, *later = ({step for step, _ in service.steps} for service in made.lives)
        return {
            "first": {step for step in first if step.startswith(WRITES) or (play.is_walked_whole and step in looked)},
            "later": {step for steps in later for step in steps if LATER.search(step)},
        }

    return walk


def test_whatever_call_it_is_killed_at_it_ends_in_time_honestly_and_is_never_paid_twice(walk_through):
    due, walked, beginnings = walk_through(())["first"], set(), {}
    for stage in ("intent", "accepted", "outcome"):
        assert any(re.search(rf"attempt-\d {stage}", step) for step in due), "each stage of a submission is a step of its own"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while due:  # a call that was met on the way is killed at as well
            once = [((step, moment),) for step in sorted(due) for moment in MOMENTS]
            met = dict(zip(once, pool.map(walk_through, once), strict=True))
            walked |= due
            due = set().union(*(steps["first"] for steps in met.values())) - walked
            # what a life wrote is known; where it was when it read, is not
            written = [(deaths, steps["later"]) for deaths, steps in met.items() if deaths[0][0].startswith(WRITES)]
            for deaths, steps in reversed(written):
                for step in steps:
                    beginnings.setdefault(step, []).append(deaths)
        last = [(step, moment) for step in sorted(beginnings) for moment in MOMENTS]
        twice = [[(*deaths, death) for deaths in beginnings[death[0]]] for death in last]
        assert len(list(pool.map(lambda ways: walk_through(*ways), twice))) == len(twice) > 0


def test_whatever_call_it_is_asked_to_leave_at_it_leaves_and_the_next_process_ends_it_honestly(walk_through):
    steps = {step for step in walk_through(())["first"] if step.startswith(WRITES)}
    asked = [((step, moment),) for step in sorted(steps) for moment in MOMENTS]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        walked = list(pool.map(lambda deaths: walk_through(deaths, number=signal.SIGTERM), asked))
    assert len(walked) == len(asked) > 0
