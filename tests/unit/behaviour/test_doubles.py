"""One key, one generation: who is let through, and when two drafts ask for the same."""

import asyncio
import gc
from datetime import timedelta

import pytest

from safelight.doubles import Doubles, fingerprint
from safelight.errors import IdempotencyMismatch, JournalFull
from safelight.generation import Draft, Generation, Policy, Request, Surface
from safelight.ports import Keyed
from safelight.records import StatusRecord
from safelight.status import Phase, State, Status
from safelight.structuring import structure
from safelight.versions import Version

pytestmark = pytest.mark.looptime

LIGHTHOUSE = {"prompt": "a", "params": {"width": 1, "seed": None}, "options": {"x": [1, {"b": 1, "a": 2}]}}


def print_of(body, surface=Surface.V1):
    return fingerprint(structure(body, Draft, naming="camel"), surface)


@pytest.mark.parametrize(
    "body",
    [
        {"options": {"x": [1, {"a": 2, "b": 1}]}, "params": {"seed": None, "width": 1}, "prompt": "a"},
        {**LIGHTHOUSE, "ref": None, "fallback": [], "onDisconnect": "continue", "deadline": None},
    ],
)
def test_order_and_what_is_so_unless_said_make_no_other_request(body):
    assert print_of(body) == print_of(LIGHTHOUSE)


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "A"},
        {"prompt": "-"},
        {"params": {"width": 1}},
        {"params": {"width": "1", "seed": None}},
        {"options": {"x": [{"b": 1, "a": 2}, 1]}},
        {"ref": "mine"},
        {"deadline": 60},
        {"onDisconnect": "cancel"},
        {"fallback": ["sketch"]},
    ],
)
def test_whatever_else_is_asked_for_is_another_request(change):
    assert print_of({**LIGHTHOUSE, **change}) != print_of(LIGHTHOUSE)


def test_the_other_surface_has_other_bounds_and_so_other_requests():
    assert print_of(LIGHTHOUSE, Surface.SEED) != print_of(LIGHTHOUSE)


def test_what_an_earlier_version_journalled_is_found_by_this_one():
    """A draft may gain fields; what leaves them out is what it was."""
    assert print_of(LIGHTHOUSE) == "0ec4db9238dba2ff4ea309d1108d92823976d5007fd882d7061797ed98d8805c"


@pytest.fixture
async def doubles(world):
    async with world.journal:
        yield Doubles(world.journal)


@pytest.fixture
async def keyed(world):
    until = world.clock.now() + timedelta(days=1)

    def make(number, *, key="k", fingerprint="f"):
        facts = {"owner": "anna", "provider": "lighthouse", "generation": f"{number:032x}"}
        return Keyed(key=key, fingerprint=fingerprint, until=until, **facts)

    return make


async def write(world, keyed):
    """Journal a generation under its key."""
    policy = Policy(submit_seconds=1.0, stall_seconds=1.0, total_seconds=1.0, cancel_seconds=1.0)
    facts = {"provider": keyed.provider, "created_at": world.clock.now()}
    request = Request(prompt="a", params={}, options={})
    generation = Generation(id=keyed.generation, owner=keyed.owner, request=request, policy=policy, **facts)
    first = Status(generation=generation.id, version=Version(1, 1), state=State.STARTED, phase=Phase.SUBMITTING, **facts)
    return await world.journal.create(generation, StatusRecord(status=first), keyed=keyed)


class Creation:
    """Creates in a second, and notes what it has begun and what it has done."""

    def __init__(self, world):
        self.world, self.begun, self.done, self.fails = world, [], [], 0

    async def __call__(self, keyed):
        self.begun.append(keyed.generation)
        await asyncio.sleep(1)
        if self.fails:
            self.fails -= 1
            raise JournalFull("No room.")
        known = await write(self.world, keyed)
        self.done.append(keyed.generation)
        return known


@pytest.fixture
def creation(world):
    return Creation(world)


async def test_of_fifty_at_once_one_creates_and_the_others_wait_until_it_has(doubles, keyed, creation):
    told = await asyncio.gather(*(doubles.once(keyed(number), creation) for number in range(50)))
    assert told == [None] + [keyed(0)] * 49
    assert creation.begun == creation.done == [f"{0:032x}"]


async def test_nobody_waits_for_another_key(world, doubles, keyed, creation):
    await asyncio.gather(*(doubles.once(keyed(number, key=f"k{number}"), creation) for number in range(50)))
    assert (len(creation.done), world.now) == (50, 1)


async def test_where_the_first_fails_the_next_creates(doubles, keyed, creation):
    creation.fails = 1
    told = await asyncio.gather(*(doubles.once(keyed(number), creation) for number in range(3)), return_exceptions=True)
    assert isinstance(told[0], JournalFull)
    assert told[1:] == [None, keyed(1)]
    assert creation.done == [f"{1:032x}"]


async def test_another_request_under_a_known_key_is_refused_and_creates_nothing(doubles, keyed, creation):
    await doubles.once(keyed(1), creation)
    with pytest.raises(IdempotencyMismatch):
        await doubles.once(keyed(2, fingerprint="another"), creation)
    assert len(creation.begun) == 1


async def test_the_journal_has_the_last_word(world, doubles, keyed, creation):
    """Another process may be faster than our look."""
    waiting = asyncio.create_task(doubles.once(keyed(2), creation))
    await asyncio.sleep(0.5)
    await write(world, keyed(1))
    assert await waiting == keyed(1)


async def test_turns_that_nobody_waits_for_are_forgotten(doubles, keyed, creation):
    await asyncio.gather(*(doubles.once(keyed(number, key=f"k{number}"), creation) for number in range(5)))
    gc.collect()
    assert len(doubles._turns) == 0
