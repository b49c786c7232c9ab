"""Who works and who waits at one provider: owners take turns, places are told, nobody is lost and nobody is let in twice."""

import asyncio
import contextlib
from datetime import UTC, datetime

import looptime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from safelight.errors import Busy
from safelight.rates import Budget
from safelight.slots import Place, Slots, Turn

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def budget():
    return Budget("box")


@pytest.fixture
def make(budget):
    return lambda at_once=1, max_queued=1000: Slots("box", at_once=at_once, max_queued=max_queued, budget=budget)


class Ear:
    """Takes a seat and keeps what it is told."""

    def __init__(self, slots, owner, **how):
        self.owner = owner
        self.heard = []
        self.seat = slots.take(owner, **how)
        self.seat.tell = self.heard.append


async def test_without_a_limit_everybody_works_at_once(make):
    slots = make(at_once=0)
    assert all(Ear(slots, "anna").seat.is_ready for _ in range(1000))
    assert (slots.working, slots.queued) == (1000, 0)


async def test_whoever_comes_after_the_last_slot_waits_and_knows_its_place(make):
    slots = make(at_once=2)
    seats = [Ear(slots, "anna").seat for _ in range(5)]
    assert [seat.is_ready for seat in seats] == [True, True, False, False, False]
    assert [seat.place for seat in seats[2:]] == [Place(0, 1), Place(1, 2), Place(2, 3)]


async def test_the_first_that_waits_gets_the_slot_that_is_given_back(make):
    slots = make()
    first, second, third = (Ear(slots, "anna") for _ in range(3))
    first.seat.leave()
    assert (second.heard, second.seat.is_ready, third.seat.is_ready) == ([Turn()], True, False)


async def test_owners_take_turns_however_many_one_of_them_sends(make):
    slots = make()
    worker = Ear(slots, "anna")
    many = [Ear(slots, "anna") for _ in range(10)]
    one, two = Ear(slots, "ben"), Ear(slots, "clara")
    assert (one.seat.place.position, two.seat.place.position) == (1, 2)
    order = []
    while worker is not None:
        order.append(worker.owner)
        worker.seat.leave()
        worker = next((ear for ear in (*many, one, two) if ear.heard and ear.heard.pop() == Turn()), None)
    assert order == ["anna", "anna", "ben", "clara", *["anna"] * 9]


async def test_a_full_queue_takes_nobody_but_who_was_let_in_before(make):
    slots = make(max_queued=1)
    Ear(slots, "anna")
    Ear(slots, "anna")
    with capture_logs() as lines, pytest.raises(Busy) as refused:
        slots.take("ben")
    assert refused.value.retry_after_seconds > 0
    assert "'box'" in str(refused.value)
    assert [line["event"] for line in lines] == ["queue_full"]
    assert slots.take("ben", is_admitted=True).place == Place(1, 2)


@pytest.mark.looptime
async def test_leaving_the_queue_moves_the_others_up_and_leaving_twice_is_harmless(make):
    slots = make()
    Ear(slots, "anna")
    second, third = Ear(slots, "anna"), Ear(slots, "anna")
    second.seat.leave()
    second.seat.leave()
    assert slots.queued == 1
    await asyncio.sleep(1.1)
    assert third.heard == [Place(0, 1)]
    assert second.heard == []


async def test_a_job_that_works_upstream_has_its_slot_even_if_there_is_none(make):
    slots = make()
    Ear(slots, "anna")
    seat = slots.occupy("ben")
    waiting = Ear(slots, "clara")
    assert (seat.is_ready, slots.working) == (True, 2)
    seat.leave()
    assert waiting.heard == [], "two were at work where one may be"


@pytest.mark.looptime
async def test_places_are_told_at_most_once_a_second_and_far_ones_seldom(make):
    slots = make()
    ears = [Ear(slots, "anna") for _ in range(301)]
    for ear in ears[:50]:
        ear.seat.leave()
    await asyncio.sleep(1.1)
    assert ears[51].heard == [Place(0, 250)]
    assert ears[300].heard == [Place(249, 250)]
    ears[50].seat.leave()
    await asyncio.sleep(1.1)
    assert ears[60].heard[-1] == Place(8, 249)
    assert ears[300].heard == [Place(249, 250)], "one step of two hundred and fifty is no news"


@pytest.mark.looptime
async def test_nobody_gets_a_turn_while_the_upstream_wants_to_be_left_alone(make, budget):
    slots = make(at_once=0)
    budget.heard(429, {"Retry-After": "7"}, NOON)
    ear = Ear(slots, "anna")
    assert not ear.seat.is_ready
    await asyncio.sleep(6.9)
    assert Turn() not in ear.heard
    await asyncio.sleep(0.2)
    assert ear.heard[-1] == Turn()


@pytest.mark.looptime
async def test_the_last_that_the_upstream_takes_is_counted_before_it_says_so(make, budget):
    slots = make(at_once=0)
    budget.heard(200, {"X-RateLimit-Remaining": "2", "X-RateLimit-Reset": "60"}, NOON)
    ears = [Ear(slots, "anna") for _ in range(3)]
    assert [ear.seat.is_ready for ear in ears] == [True, True, False]
    for ear in ears[:2]:
        ear.seat.answered()
    assert not ears[2].seat.is_ready
    await asyncio.sleep(60.1)
    assert ears[2].seat.is_ready


@pytest.mark.looptime
async def test_what_was_renewed_is_asked_by_one_until_an_answer_says_how_much_it_is(make, budget):
    slots = make(at_once=0)
    budget.heard(200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"}, NOON)
    ears = [Ear(slots, "anna") for _ in range(5)]
    await asyncio.sleep(60.1)
    assert [ear.seat.is_ready for ear in ears] == [True, False, False, False, False]
    budget.heard(201, {"X-RateLimit-Remaining": "2", "X-RateLimit-Reset": "60"}, NOON)
    ears[0].seat.answered()
    assert [ear.seat.is_ready for ear in ears] == [True, True, True, False, False]


@pytest.mark.looptime
async def test_after_a_refusal_one_is_handed_in_when_the_one_before_was_answered(make, budget):
    slots = make(at_once=0)
    refused = Ear(slots, "anna")
    budget.heard(429, {"Retry-After": "7"}, NOON)
    refused.seat.leave()
    ears = [Ear(slots, "anna") for _ in range(4)]
    await asyncio.sleep(7.1)
    assert [ear.seat.is_ready for ear in ears] == [True, False, False, False]
    ears[0].seat.answered()
    assert [ear.seat.is_ready for ear in ears] == [True, True, False, False]
    ears[1].seat.leave()
    assert [ear.seat.is_ready for ear in ears] == [True, True, True, False], "whoever gave up waits for no answer"
    await asyncio.sleep(59)
    assert not ears[3].seat.is_ready
    await asyncio.sleep(1.1)
    assert all(Ear(slots, "anna").seat.is_ready for _ in range(5)), "the refusal is long ago, whoever has no answer yet"


@pytest.mark.looptime
async def test_whoever_asked_before_the_refusal_holds_nobody_up(make, budget):
    slots = make(at_once=0)
    refused, *_ = [Ear(slots, "anna") for _ in range(3)]
    slots.occupy("ben")
    budget.heard(429, {"Retry-After": "7"}, NOON)
    refused.seat.leave()
    again = [Ear(slots, "anna") for _ in range(2)]
    await asyncio.sleep(7.1)
    assert [ear.seat.is_ready for ear in again] == [True, False]


@pytest.mark.looptime
async def test_a_refusal_of_whoever_asks_is_over_when_the_upstream_says_so(make, budget):
    slots = make(at_once=0)
    budget.heard(429, {"Retry-After": "7"}, NOON)
    first, second = (Ear(slots, "anna") for _ in range(2))
    await asyncio.sleep(7.1)
    budget.heard(429, {"Retry-After": "7"}, NOON)
    first.seat.leave()
    await asyncio.sleep(7.1)
    assert second.seat.is_ready


async def test_who_was_tried_more_often_comes_first_among_its_owners_own(make):
    slots = make()
    worker = Ear(slots, "anna").seat
    seats = {name: Ear(slots, "anna", tries=tries).seat for name, tries in zip("abcde", (0, 1, 2, 1, 0), strict=True)}
    order = ""
    while seats:
        worker.leave()
        [name] = [name for name, seat in seats.items() if seat.is_ready]
        order, worker = order + name, seats.pop(name)
    assert order == "cbdae"


@pytest.mark.looptime
async def test_whoever_is_next_sees_the_queue_grow(make):
    slots = make()
    Ear(slots, "anna")
    first, *_ = [Ear(slots, "anna") for _ in range(5)]
    await asyncio.sleep(1.1)
    assert first.heard == [Place(0, 5)]


@settings(max_examples=200, deadline=None)
@given(at_once=st.integers(1, 4), steps=st.lists(st.tuples(st.sampled_from("ton"), st.integers(0, 3)), max_size=60))
def test_no_slot_is_idle_while_somebody_waits_and_none_is_given_twice(at_once, steps):
    async def play():
        slots = Slots("box", at_once=at_once, max_queued=1000, budget=Budget("box"))
        ears = []
        for what, which in steps:
            if what == "t":
                ears.append(Ear(slots, "abcd"[which]))
            elif ears:
                ears.pop(which % len(ears)).seat.leave()
            ready = [ear for ear in ears if ear.seat.is_ready]
            assert len(ready) == slots.working == min(at_once, len(ears))
            assert slots.queued == len(ears) - len(ready)
            assert all(ear.heard.count(Turn()) <= 1 for ear in ears)

    asyncio.run(play())


STEPS = st.tuples(st.sampled_from(["take", "occupy", "answer", "leave", "refuse", "limit", "pass"]), st.integers(0, 9))


@settings(max_examples=200, deadline=None)
@given(at_once=st.integers(0, 3), steps=st.lists(STEPS, max_size=60), is_answered=st.booleans())
def test_nobody_waits_for_ever_once_all_is_answered_or_a_minute_is_over(at_once, steps, is_answered):
    async def play():
        budget = Budget("box")
        slots = Slots("box", at_once=at_once, max_queued=1000, budget=budget)
        seats = []
        can = {
            "take": lambda number: seats.append(slots.take("abcd"[number % 4], tries=number % 3)),
            "occupy": lambda number: seats.append(slots.occupy("abcd"[number % 4])),
            "answer": lambda number: [seat.answered() for seat in seats[number:][:1]],
            "leave": lambda number: [seat.leave() for seat in (seats.pop(number) for _ in seats[number:][:1])],
            "refuse": lambda number: budget.heard(429, {"Retry-After": f"{number}"}, NOON),
            "limit": lambda number: budget.heard(200, {"RateLimit": f"r={number % 3};t={number}"}, NOON),
        }
        for what, number in steps:
            if what == "pass":
                await asyncio.sleep(number * 10)
            else:
                can[what](number)
        await asyncio.sleep(9.1)
        assert budget.wait_seconds() == 0
        for seat in seats * len(seats) * is_answered:
            seat.answered()
        await asyncio.sleep(0 if is_answered else 60)
        assert slots.queued == 0 or 0 < at_once <= slots.working

    with contextlib.closing(looptime.new_event_loop()) as loop:
        loop.run_until_complete(play())
