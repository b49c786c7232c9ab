from datetime import UTC, datetime, timedelta
from itertools import pairwise

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from safelight.fold import fold
from safelight.status import (
    Attempt,
    Cancel,
    Charged,
    Cost,
    Eta,
    Outcome,
    Output,
    Phase,
    Preview,
    Queue,
    State,
    Status,
    Steps,
)
from safelight.updates import (
    Attempted,
    Canceled,
    CancelMoved,
    Degraded,
    Ended,
    Failed,
    Logged,
    Moved,
    Noted,
    Previewed,
    Produced,
    Progressed,
    Queued,
    Started,
    Succeeded,
    Update,
)
from safelight.versions import Version

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BORN = Status(
    generation="0" * 32,
    provider="lighthouse",
    version=Version(1, 1),
    state=State.STARTED,
    phase=Phase.SUBMITTING,
    created_at=NOON,
)
PICTURE = Output(url="/v1/outputs/0/a.png", type="image/png", bytes=3, sha256="ab")
STATES = (State.STARTED, State.PROCESSING, State.SUCCEEDED, State.FAILED)
PHASES = (Phase.QUEUED, Phase.SUBMITTING, Phase.WAITING, Phase.RUNNING, Phase.SAVING, Phase.FINISHED)


class Danced(Update):
    """A kind that this version does not know."""


counts = st.integers(0, 200)
texts = st.text(max_size=30)
charges = st.none() | st.sampled_from(Charged)
steps = st.builds(Steps, current=counts, total=st.none() | counts)
said_midway = st.one_of(
    st.builds(Queued, st.none() | counts, size=st.none() | counts),
    st.builds(Started, st.none() | texts),
    st.builds(Progressed, st.none() | st.floats(0, 1), message=st.none() | texts, steps=st.none() | steps),
    st.builds(Previewed, st.builds(Preview, url=texts, width=counts, height=counts) | st.binary(max_size=3)),
    st.builds(Produced, st.builds(Output, url=texts, type=texts, bytes=counts, sha256=texts) | st.binary(max_size=3)),
    st.builds(Noted, texts),
    st.builds(Logged, texts),
    st.builds(Moved, st.sampled_from([phase for phase in Phase if phase is not Phase.FINISHED])),
    st.builds(CancelMoved, st.sampled_from(Cancel)),
    st.builds(Degraded, texts),
    st.just(Danced()),
)
attempts = st.builds(Attempted, st.builds(Attempt, n=st.integers(1, 3), of=st.just(3), provider=texts))
ends = st.one_of(
    st.builds(Succeeded, charged=charges),
    st.builds(Failed, texts, retryable=st.booleans(), charged=charges),
    st.builds(Canceled, charged=charges),
    st.builds(
        Ended,
        outcome=st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.SUCCEEDED]),
        error=texts,
        code=st.just("deadline_exceeded"),
    ),
)
updates = st.one_of(said_midway, attempts, ends)
moments = st.integers(-3600, 3600).map(lambda seconds: NOON + timedelta(seconds=seconds))


def life(*said):
    """Every status of a life, from the first on."""
    statuses = [BORN]
    for update, at in said:
        statuses.append(fold(statuses[-1], update, at))
    return statuses


lives = st.lists(st.tuples(updates, moments), max_size=30).map(lambda said: life(*said))


@given(lives)
def test_state_never_goes_back(statuses):
    for before, after in pairwise(statuses):
        assert STATES.index(after.state) >= STATES.index(before.state)


@given(lives, st.lists(updates), moments)
def test_the_end_latches_and_whatever_comes_late_returns_the_same_object(statuses, late, at):
    ended = fold(statuses[-1], Failed("That was it."), at)
    assert ended.is_terminal
    for update in late:
        assert fold(ended, update, at) is ended


@given(lives)
def test_a_life_has_at_most_one_terminal_status(statuses):
    assert len({id(status) for status in statuses if status.is_terminal}) <= 1


@given(lives)
def test_an_end_is_whole(statuses):
    for status in statuses:
        assert (status.outcome is not None) == status.is_terminal
        assert (status.ended_at is not None) == status.is_terminal
        assert (status.phase is Phase.FINISHED) == status.is_terminal
        assert (status.error is not None) == (status.state is State.FAILED)
        assert (status.code is not None) == (status.state is State.FAILED)
        assert (status.outcome is Outcome.SUCCEEDED) == (status.state is State.SUCCEEDED)
        if status.error is not None:
            assert 0 < len(status.error) <= 500
        if status.state is State.SUCCEEDED:
            assert status.outputs


@given(lives)
def test_progress_never_falls_and_is_100_only_with_success(statuses):
    highest = 0
    for status in statuses:
        assert (status.progress == 100) == (status.state is State.SUCCEEDED)
        if status.progress is not None:
            assert status.progress >= highest
            highest = status.progress


@given(lives)
def test_progress_disappears_only_with_a_new_attempt(statuses):
    for before, after in pairwise(statuses):
        if before.progress is not None and after.progress is None:
            assert before.attempt != after.attempt


@given(lives)
def test_a_phase_never_goes_back_within_an_attempt_except_out_of_paused(statuses):
    for before, after in pairwise(statuses):
        is_comparable = before.attempt == after.attempt and Phase.PAUSED not in {before.phase, after.phase}
        # the upstream may put a job into its queue once it has it; that moves nothing but the word for waiting
        if is_comparable and after.phase is not Phase.QUEUED:
            assert PHASES.index(after.phase) >= PHASES.index(before.phase)


@given(lives)
def test_started_means_that_no_work_began_and_processing_that_it_did(statuses):
    for status in statuses:
        if status.state is State.STARTED:
            assert status.phase in {Phase.QUEUED, Phase.SUBMITTING, Phase.WAITING, Phase.PAUSED}
            assert status.started_at is None
        if status.state is State.PROCESSING:
            assert status.started_at is not None or status.attempt.n > 1
        if status.phase in {Phase.RUNNING, Phase.SAVING}:
            assert status.state is State.PROCESSING


@given(lives)
def test_no_moment_lies_before_the_one_it_follows_even_when_the_clock_goes_back(statuses):
    last = statuses[-1]
    started_at = last.started_at or last.created_at
    assert started_at >= last.created_at
    assert last.ended_at is None or last.ended_at >= started_at


@given(lives)
def test_what_was_asked_and_the_version_are_never_touched(statuses):
    for status in statuses:
        assert (status.generation, status.provider, status.version) == (BORN.generation, BORN.provider, BORN.version)


@given(lives)
def test_outputs_only_grow(statuses):
    for before, after in pairwise(statuses):
        assert after.outputs[: len(before.outputs)] == before.outputs


@given(lives, updates, moments)
def test_the_same_object_back_means_that_nothing_changed(statuses, update, at):
    before = statuses[-1]
    after = fold(before, update, at)
    assert (after is before) == (after == before)


@given(lives)
def test_an_unknown_kind_is_harmless(statuses):
    for status in statuses:
        assert fold(status, Danced(), NOON) is status


@given(lives, charges)
@example([BORN], Charged.YES)
def test_succeeding_without_an_output_is_a_failure_that_says_so(statuses, charged):
    before = next(status for status in reversed(statuses) if not status.is_terminal)
    ended = fold(attrs.evolve(before, outputs=()), Succeeded(charged=charged), NOON)
    assert (ended.state, ended.outcome, ended.code) == (State.FAILED, Outcome.FAILED, "empty_output")
    assert ended.charged is (charged or before.charged)


def test_a_canceled_one_is_failed_on_the_wire_and_says_canceled():
    ended = fold(fold(BORN, CancelMoved(Cancel.REQUESTED), NOON), Canceled(charged=Charged.NO), NOON)
    assert (ended.state, ended.outcome, ended.error, ended.code) == (State.FAILED, Outcome.CANCELED, "Canceled", "canceled")
    assert (ended.cancel, ended.charged) == (Cancel.CONFIRMED, Charged.NO)


def test_a_success_after_a_wish_to_cancel_says_that_the_wish_was_too_late():
    _, *_, ended = life(
        (CancelMoved(Cancel.REQUESTED), NOON),
        (Produced(PICTURE), NOON),
        (Succeeded(cost=Cost(amount=0.5, currency="USD"), charged=Charged.YES), NOON),
    )
    assert (ended.state, ended.cancel) == (State.SUCCEEDED, Cancel.TOO_LATE)
    assert (ended.cost, ended.charged) == (Cost(amount=0.5, currency="USD"), Charged.YES)


def test_an_end_that_lies_before_the_creation_is_moved_to_it():
    assert fold(BORN, Failed("No."), NOON - timedelta(days=1)).ended_at == NOON


def test_a_later_attempt_shows_no_progress_until_it_passes_the_last_one():
    statuses = life(
        (Progressed(0.6, steps=Steps(6, 10)), NOON),
        (Attempted(Attempt(n=2, of=2, provider="other")), NOON),
        (Progressed(0.3, steps=Steps(3, 10)), NOON),
        (Progressed(0.7), NOON),
    )
    assert [status.progress for status in statuses] == [None, 60, None, None, 70]
    assert statuses[3].steps is None
    assert statuses[2].state is State.PROCESSING


def test_progress_comes_from_the_steps_where_no_fraction_is_given():
    assert fold(BORN, Progressed(steps=Steps(3, 4)), NOON).progress == 75


@pytest.mark.parametrize("counted", [Steps(3), Steps(3, 0)])
def test_steps_without_a_total_leave_the_progress_unknown(counted):
    status = fold(BORN, Progressed(steps=counted), NOON)
    assert (status.progress, status.steps) == (None, counted)


def test_a_finished_fraction_is_99_until_the_output_is_kept():
    assert fold(BORN, Progressed(1.0), NOON).progress == 99


def test_a_queue_is_forgotten_when_the_work_begins():
    queued = fold(BORN, Queued(3, size=9), NOON)
    assert (queued.phase, queued.queue) == (Phase.QUEUED, Queue(3, 9))
    running = fold(queued, Started(), NOON)
    assert (running.phase, running.queue) == (Phase.RUNNING, None)
    assert fold(running, Queued(1), NOON) is running


def test_the_answer_to_a_cancel_stands():
    answered = fold(BORN, CancelMoved(Cancel.UNSUPPORTED), NOON)
    assert fold(answered, CancelMoved(Cancel.REQUESTED), NOON) is answered


def test_bytes_that_are_not_kept_yet_are_never_shown():
    assert fold(BORN, Produced(b"png"), NOON) is BORN
    assert fold(BORN, Previewed(b"png"), NOON) is BORN


@given(st.text(max_size=2000))
def test_a_message_is_one_line_of_bounded_length(text):
    message = fold(BORN, Noted(text), NOON).message
    assert message is None or (len(message) <= 500 and message.splitlines() == [message])


@given(st.integers(min_value=2**64))
@example(10**400)
def test_numbers_beyond_what_a_browser_can_count_to_are_refused_where_they_are_said(number):
    for say in (Steps, Queued, lambda n: Steps(1, n), lambda n: Queued(1, size=n), lambda n: Produced(b"", seed=n)):
        with pytest.raises(ValueError, match="<="):
            say(number)


@pytest.mark.parametrize("number", [float("inf"), float("nan"), -1.0])
def test_amounts_that_are_no_numbers_are_refused_where_they_are_said(number):
    for say in (lambda n: Eta(p50=n), lambda n: Eta(p50=1, p90=n), lambda n: Cost(amount=n, currency="USD"), Progressed):
        with pytest.raises(ValueError, match="must be"):
            say(number)


def test_what_a_held_generation_says_again_changes_nothing():
    held = BORN
    for update in (Started(), Progressed(0.5, message="Half."), Moved(Phase.PAUSED)):
        held = fold(held, update, NOON)
    for update in (Started(), Progressed(0.5, message="Half."), Progressed(0.2), Moved(Phase.PAUSED)):
        assert fold(held, update, NOON + timedelta(seconds=1)) is held
    assert fold(held, Progressed(0.6), NOON) is not held
