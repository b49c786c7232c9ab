import json
import re
from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.codec import (
    camel,
    decode_generation,
    decode_record,
    encode_generation,
    encode_record,
    encode_status,
    instant,
    kind_of,
    status_to_wire,
)
from safelight.generation import Generation, Policy, Request, Surface
from safelight.records import AttemptRecord, Durability, LateRecord, StatusRecord, Step
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
from safelight.versions import Version

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BARE = Status(
    generation="0" * 32,
    provider="lighthouse",
    version=Version(1763856000, 7),
    state=State.STARTED,
    phase=Phase.QUEUED,
    created_at=NOON,
)
PICTURE = Output(
    url="/v1/outputs/0/a.png", type="image/png", bytes=3, sha256="ab", width=4, height=5, seed=6, placeholder="data:,"
)
FULL = attrs.evolve(
    BARE,
    state=State.SUCCEEDED,
    phase=Phase.FINISHED,
    ref="order 7",
    progress=100,
    outputs=(PICTURE,),
    outcome=Outcome.SUCCEEDED,
    message="Done.",
    steps=Steps(3, 4, unit="step", label="denoise"),
    queue=Queue(0, 2),
    eta=Eta(p50=1.5, p90=2.5, samples=3),
    attempt=Attempt(n=1, of=1, provider="lighthouse", model="beam", reason="first"),
    preview=Preview(url="/v1/outputs/0/p.webp", width=4, height=5),
    cost=Cost(amount=0.25, currency="USD", estimated=True),
    charged=Charged.YES,
    cancel=Cancel.TOO_LATE,
    degraded=("preview",),
    started_at=NOON,
    ended_at=NOON + timedelta(seconds=1, microseconds=234567),
    deadline_at=NOON + timedelta(minutes=5),
    progress_floor=99,
)

texts = st.text(st.characters(codec="utf-8"), max_size=20)
wholes = st.integers(0, 2**53 - 1)
amounts = st.floats(0, 1e15)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
moments = st.builds(lambda micros, zone: (NOON + timedelta(microseconds=micros)).astimezone(zone), st.integers(0, 10**16), zones)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
facts = st.dictionaries(texts, jsons, max_size=4)
outputs = st.builds(
    Output,
    url=texts,
    type=texts,
    bytes=wholes,
    sha256=texts,
    width=st.none() | wholes,
    height=st.none() | wholes,
    seed=st.none() | st.integers(-(2**63), 2**64 - 1),
)
statuses = st.builds(
    Status,
    generation=texts,
    provider=texts,
    version=st.builds(Version, wholes, wholes),
    state=st.sampled_from(State),
    phase=st.sampled_from(Phase),
    created_at=moments,
    ref=st.none() | texts,
    progress=st.none() | st.integers(0, 100),
    outputs=st.lists(outputs, max_size=3).map(tuple),
    error=st.none() | texts,
    outcome=st.none() | st.sampled_from(Outcome),
    message=st.none() | texts,
    steps=st.none() | st.builds(Steps, wholes, st.none() | wholes, unit=st.none() | texts, label=st.none() | texts),
    queue=st.none() | st.builds(Queue, wholes, st.none() | wholes),
    eta=st.none() | st.builds(Eta, p50=amounts, p90=st.none() | amounts, basis=texts, samples=st.none() | wholes),
    attempt=st.none() | st.builds(Attempt, n=wholes, of=wholes, provider=texts, model=st.none() | texts),
    preview=st.none() | st.builds(Preview, url=texts, width=wholes, height=wholes),
    cost=st.none() | st.builds(Cost, amount=amounts, currency=texts, estimated=st.booleans()),
    charged=st.none() | st.sampled_from(Charged),
    cancel=st.none() | st.sampled_from(Cancel),
    code=st.none() | texts,
    retryable=st.none() | st.booleans(),
    degraded=st.lists(texts, max_size=3).map(tuple),
    started_at=st.none() | moments,
    ended_at=st.none() | moments,
    deadline_at=st.none() | moments,
    progress_floor=st.integers(0, 100),
)
records = st.one_of(
    st.builds(StatusRecord, status=statuses),
    st.builds(
        AttemptRecord,
        n=wholes,
        step=st.sampled_from(Step),
        at=moments,
        provider=texts,
        durability=st.sampled_from(Durability),
        key=texts,
        job=st.none() | facts,
        result=st.none() | texts,
        charged=st.none() | st.sampled_from(Charged),
        detail=st.none() | texts,
    ),
    st.builds(LateRecord, n=wholes, at=moments, kind=texts, facts=facts),
)
generations = st.builds(
    Generation,
    id=texts,
    owner=texts,
    provider=texts,
    request=st.builds(Request, prompt=texts, model=st.none() | texts, params=facts, options=facts),
    policy=st.builds(Policy, submit_seconds=amounts, stall_seconds=amounts, total_seconds=amounts, cancel_seconds=amounts),
    created_at=moments,
    ref=st.none() | texts,
    surface=st.sampled_from(Surface),
)


@given(records)
def test_a_record_is_read_back_as_it_was_written(record):
    assert decode_record(kind_of(record), encode_record(record)) == record


@given(statuses)
def test_a_status_is_kept_as_the_bytes_that_streams_show(status):
    snapshot = encode_status(status)
    row = encode_record(StatusRecord(status=status))
    assert row[: len(snapshot) - 1] == snapshot[:-1]
    assert encode_record(StatusRecord(status=status, snapshot=snapshot)) == row


def test_a_row_is_no_byte_more_than_the_snapshot_where_that_says_everything():
    moved = attrs.evolve(FULL, progress_floor=100, ended_at=NOON)
    assert encode_record(StatusRecord(status=moved)) == encode_status(moved)


@given(statuses, st.integers(0, 100), texts)
def test_a_status_is_the_same_but_for_what_is_changed(status, progress, message):
    facts = {"progress": progress, "message": message, "retryable": None}
    assert status.but(**facts) == attrs.evolve(status, **facts)


@pytest.mark.parametrize("facts", [{"progress": 101}, {"progress": -1}, {"message": "x" * 501}, {"error": "x" * 501}])
def test_what_is_changed_is_checked_as_it_is_in_a_new_one(facts):
    with pytest.raises(ValueError, match=next(iter(facts))):
        BARE.but(**facts)


@given(generations)
def test_a_generation_is_read_back_as_it_was_written(generation):
    assert decode_generation(encode_generation(generation)) == generation


@given(statuses)
def test_a_snapshot_is_one_line_of_json_without_unset_fields(status):
    line = encode_status(status)
    assert b"\n" not in line
    assert b"\r" not in line
    wire = json.loads(line)
    assert wire == json.loads(json.dumps(status_to_wire(status)))
    assert None not in wire.values()
    assert [] not in wire.values()
    assert ("output" in wire) == ("outputs" in wire) == bool(status.outputs)


def test_the_least_that_is_known_goes_over_the_wire_and_nothing_else():
    assert status_to_wire(BARE) == {
        "status": "started",
        "phase": "queued",
        "sessionId": "0" * 32,
        "providerId": "lighthouse",
        "epoch": 1763856000,
        "seq": 7,
        "createdAt": "2026-01-01T12:00:00.000Z",
    }


def test_everything_that_is_known_goes_over_the_wire_in_the_words_of_the_protocol():
    assert status_to_wire(FULL) == {
        "status": "succeeded",
        "progress": 100,
        "output": ["/v1/outputs/0/a.png"],
        "sessionId": "0" * 32,
        "providerId": "lighthouse",
        "ref": "order 7",
        "epoch": 1763856000,
        "seq": 7,
        "phase": "finished",
        "outcome": "succeeded",
        "message": "Done.",
        "steps": {"current": 3, "total": 4, "unit": "step", "label": "denoise"},
        "queue": {"position": 0, "size": 2},
        "eta": {"p50": 1.5, "p90": 2.5, "basis": "provider", "samples": 3},
        "attempt": {"n": 1, "of": 1, "provider": "lighthouse", "model": "beam", "reason": "first"},
        "preview": {"url": "/v1/outputs/0/p.webp", "width": 4, "height": 5},
        "outputs": [
            {
                "url": "/v1/outputs/0/a.png",
                "type": "image/png",
                "bytes": 3,
                "sha256": "ab",
                "width": 4,
                "height": 5,
                "seed": 6,
                "placeholder": "data:,",
            }
        ],
        "cost": {"amount": 0.25, "currency": "USD", "estimated": True},
        "charged": "yes",
        "cancel": "too_late",
        "degraded": ["preview"],
        "createdAt": "2026-01-01T12:00:00.000Z",
        "startedAt": "2026-01-01T12:00:00.000Z",
        "endedAt": "2026-01-01T12:00:01.234Z",
        "deadlineAt": "2026-01-01T12:05:00.000Z",
    }


def test_a_retryable_of_false_is_said_since_it_is_not_unset():
    assert status_to_wire(attrs.evolve(BARE, retryable=False, progress=0)).items() >= {"retryable": False, "progress": 0}.items()


@given(moments)
def test_moments_are_rfc_3339_in_utc_with_milliseconds(at):
    text = instant(at)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert timedelta(0) <= at - datetime.fromisoformat(text) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("ours", "wire"), [("ref", "ref"), ("created_at", "createdAt"), ("negative_prompt", "negativePrompt"), ("p50", "p50")]
)
def test_names_are_camel_case_on_the_wire(ours, wire):
    assert camel(ours) == wire
