"""What a story comes to, for each thing that can be known of an attempt, and what may be shown of a job."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from safelight.cli.stories.happenings import happenings
from safelight.cli.stories.jobs import job_told
from safelight.cli.stories.verdict import judge
from safelight.generation import Generation, Policy, Request
from safelight.ports import Entry, Story
from safelight.records import AttemptRecord, Durability, Ground, LateRecord, StatusRecord, Step
from safelight.status import Attempt, Charged, Outcome, Phase, State, Status
from safelight.versions import Version

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EPOCH = int(NOON.timestamp())
ID = "0" * 32


def attempt(*steps, n=1, durability=Durability.REMOTE, **outcome):
    facts = {"n": n, "at": NOON, "provider": "paid", "durability": durability, "key": f"{n}" * 32}
    made = {
        "intent": AttemptRecord(step=Step.INTENT, **facts),
        "accepted": AttemptRecord(step=Step.ACCEPTED, job={"id": "j1", "data": {}}, **facts),
        "outcome": AttemptRecord(step=Step.OUTCOME, **facts, **outcome),
    }
    return [made[step] for step in steps]


def status(seq=1, epoch=EPOCH, **facts):
    facts = {"state": State.PROCESSING, "phase": Phase.RUNNING, "deadline_at": NOON + timedelta(seconds=60), **facts}
    working = Attempt(n=1, of=3, provider="paid")
    version = Version(epoch, seq)
    return StatusRecord(status=Status(generation=ID, provider="paid", version=version, created_at=NOON, attempt=working, **facts))


def end(outcome=Outcome.FAILED, seq=2, **facts):
    state = State.SUCCEEDED if outcome is Outcome.SUCCEEDED else State.FAILED
    return status(seq, state=state, phase=Phase.FINISHED, outcome=outcome, ended_at=NOON + timedelta(seconds=12), **facts)


def story(*records, epoch=EPOCH, claimed_by=None):
    generation = Generation(
        id=ID,
        owner="anonymous",
        provider="paid",
        request=Request(prompt="x", params={}, options={}),
        policy=Policy(submit_seconds=1, stall_seconds=1, total_seconds=50, cancel_seconds=10),
        created_at=NOON,
        route=("paid", "understudy"),
    )
    entries = tuple(Entry(at=NOON + timedelta(seconds=n), record=record) for n, record in enumerate(records))
    return Story(generation=generation, epoch=epoch, claimed_by=claimed_by, entries=entries)


def judged(*records, now=NOON, is_served=True, missing=0, **which):
    return judge(story(*records, **which), now=now, is_served=is_served, missing=missing)


GROUNDS = {
    Ground.SAID: (attempt("intent", "accepted", "outcome", result="failed", charged=Charged.YES), "'paid' said so"),
    Ground.INSIDE: (attempt("intent", "outcome", durability=Durability.PROCESS, result="failed"), "ran inside the service"),
    Ground.NOT_SENT: (attempt("intent", "outcome", result="not_sent"), "was never sent to 'paid'"),
    Ground.REFUSED: (attempt("intent", "outcome", result="rejected"), "was refused by 'paid'"),
    Ground.UNSAVED: (attempt("intent", "accepted", "outcome", result="unsaved"), "could not be saved here"),
    Ground.UNANSWERED: (attempt("intent", "outcome", result="unknown"), "no answer is known"),
    Ground.UNTOLD: (attempt("intent", "accepted", "outcome", result="failed"), "taken by 'paid' as job j1, which has not said"),
}


@pytest.mark.parametrize("ground", Ground)
def test_each_ground_of_a_verdict_is_a_sentence_of_its_own(ground):
    records, words = GROUNDS[ground]
    money = judged(status(), *records, end()).money
    assert [words in sentence for sentence in money] == [False, True]
    others = {other for _, other in GROUNDS.values()} - {words}
    assert not [other for other in others if other in " ".join(money)]


def test_who_may_know_is_named_with_what_to_ask_for():
    unanswered = judged(status(), *GROUNDS[Ground.UNANSWERED][0], end(Outcome.UNKNOWN, retryable=False))
    assert f"Ask 'paid' for a job with the key {'1' * 32}, or for one of " in unanswered.advice[0]
    assert unanswered.advice[1] == "Asking again may be paid for again."
    untold = judged(status(), *GROUNDS[Ground.UNTOLD][0], end())
    assert untold.advice == ("Ask 'paid' what it took for its job j1.", "Asking again may be paid for again.")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"code": "content_policy", "retryable": False}, "The same request would be refused again"),
        ({"code": "provider_auth", "retryable": False}, "Mend the credentials of 'paid'"),
        ({"code": "provider_quota", "retryable": False}, "Look at the account of 'paid'"),
        ({"code": "provider_crashed", "retryable": False}, "would probably fail again"),
        ({"code": "provider_unavailable", "retryable": True}, "Asking again costs nothing twice."),
    ],
)
def test_what_can_be_done_after_a_failure_depends_on_its_kind(facts, words):
    advice = judged(status(), *attempt("intent", "outcome", result="rejected"), end(**facts)).advice
    assert len(advice) == 1
    assert words in advice[0]


@pytest.mark.parametrize(
    ("records", "words"),
    [
        (attempt("intent", "accepted"), "watches the job j1 of 'paid' on"),
        (attempt("intent"), "asks 'paid' what became of the submission"),
        (attempt("intent", durability=Durability.PROCESS), "ends this as interrupted"),
        (attempt("intent", "outcome", result="not_sent", next_provider="paid"), "makes the next attempt"),
    ],
)
def test_what_a_start_would_do_is_said_where_nobody_is_at_work(records, words):
    [advice] = judged(status(), *records, is_served=False).advice
    assert words in advice


def test_one_that_should_have_ended_is_a_fault_of_the_service():
    verdict = judged(status(), *attempt("intent"), now=NOON + timedelta(seconds=61))
    assert verdict.ended == "It has not ended, though its time is over."
    assert verdict.advice == ("The service that runs should have ended it: look into its log.",)


def test_a_charge_after_the_end_counts_for_its_own_attempt():
    late = LateRecord(n=2, at=NOON, kind="Succeeded", facts={"charged": "yes"})
    first, second = attempt("intent", "outcome", result="not_sent"), attempt("intent", "outcome", n=2, result="unknown")
    verdict = judged(status(), *first, *second, end(charged=Charged.UNKNOWN), late)
    assert verdict.charged is Charged.YES
    assert verdict.money[-2:] == (
        "After its end, attempt 2 was heard to have succeeded, charged: yes.",
        "The last snapshot says charged: unknown; it was written before that was known.",
    )
    free = LateRecord(n=2, at=NOON, kind="Failed", facts={"charged": "no", "error": "No."})
    assert judged(status(), *first, *second, end(charged=Charged.UNKNOWN), free).charged is Charged.NO


def test_a_process_that_took_over_and_has_said_nothing_yet_is_told_of_by_name():
    told = happenings(story(status(), *attempt("intent", "accepted"), epoch=EPOCH + 30, claimed_by="host:7"))
    assert (told[-1].kind, told[-1].at) == ("taken_over", NOON + timedelta(seconds=30))
    assert "host:7" in told[-1].text


def test_a_wait_between_two_attempts_says_how_long_and_for_whom():
    outcome = {"result": "not_sent", "detail": "Down.", "next_at": NOON + timedelta(seconds=4)}
    for who, words in (("paid", "(again in 4.0 s)"), ("understudy", "('understudy' is next in 4.0 s)")):
        told = happenings(story(status(), *attempt("intent", "outcome", next_provider=who, **outcome)))
        assert told[-1].text == f"never sent: Down. {words}"


def test_of_things_written_together_the_cause_comes_first():
    together = (status(), *attempt("intent"), end(error="No."), *attempt("outcome", result="failed", detail="No."))
    whole = story(*together)
    moved = [*whole.entries[:2], *(Entry(at=NOON + timedelta(seconds=9), record=entry.record) for entry in whole.entries[2:])]
    told = happenings(Story(generation=whole.generation, epoch=EPOCH, claimed_by=None, entries=tuple(moved)))
    assert [one.kind for one in told] == ["created", "intent", "outcome", "ended"]
    assert [one.text for one in told[2:]] == ["failed: No.", "failed"], "a reason is said once"


def test_what_was_written_before_moments_were_noted_is_told_in_its_order_with_what_it_says_itself():
    whole = story(status(), *attempt("intent", "outcome", result="failed"), status(2, phase=Phase.SAVING), end(seq=3))
    unnoted = tuple(Entry(at=None, record=entry.record) for entry in whole.entries)
    told = happenings(Story(generation=whole.generation, epoch=EPOCH, claimed_by=None, entries=unnoted))
    assert [(one.kind, one.at) for one in told] == [
        ("created", NOON),
        ("intent", NOON),
        ("outcome", NOON),
        ("phase", None),
        ("ended", NOON + timedelta(seconds=12)),
    ]


@pytest.mark.parametrize(
    ("job", "told"),
    [
        (None, ("", [])),
        ({"id": "j1", "data": {"region": "eu"}}, ("j1", [])),
        (
            {"id": "j1", "data": {"get": "https://api.example.com/j1?token=secret123", "more": ["http://a:b@cdn.example.net/x"]}},
            ("j1", ["api.example.com", "cdn.example.net"]),
        ),
        ({"id": "https://u:p@api.example.com/v1/jobs/j7?key=abcdefgh", "data": {}}, ("j7", ["api.example.com"])),
        ({"id": "https://[broken", "data": {}}, ("https://[broken", [])),
    ],
)
def test_of_a_job_only_its_id_and_its_hosts_are_shown(job, told):
    assert job_told(job) == told


def test_a_provider_is_asked_for_the_moment_of_the_submission_and_not_for_that_of_the_queue():
    intent, outcome = attempt("intent", "outcome", result="unknown")
    queued = attrs.evolve(intent, step=Step.QUEUED, at=NOON - timedelta(minutes=25))
    [advice, _] = judged(status(), queued, intent, outcome, end(Outcome.UNKNOWN, charged=Charged.UNKNOWN)).advice
    assert advice.endswith(f"or for one of {NOON.astimezone():%H:%M:%S}.")
