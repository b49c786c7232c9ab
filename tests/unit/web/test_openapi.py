"""The snapshot's schema against every snapshot there can be."""

import json
import re
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from safelight.codec import encode_status
from safelight.fold import fold
from safelight.generation import is_id, new_id
from safelight.status import Attempt, Cancel, Charged, Cost, Eta, Outcome, Output, Phase, Preview, State, Status, Steps
from safelight.updates import (
    Attempted,
    Canceled,
    CancelMoved,
    Degraded,
    Ended,
    Failed,
    Moved,
    Noted,
    Previewed,
    Produced,
    Progressed,
    Queued,
    Succeeded,
)
from safelight.versions import Version
from safelight.web.openapi.components import Components
from safelight.web.openapi.parameters import GENERATION_ID
from safelight.web.openapi.snapshots import put_snapshot

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BORN = Status(
    generation="0" * 32,
    provider="lighthouse",
    version=Version(1, 1),
    state=State.STARTED,
    phase=Phase.SUBMITTING,
    created_at=NOON,
    deadline_at=NOON,
    ref="order 7",
)
counts, texts, charges = st.integers(0, 200), st.text(max_size=700), st.none() | st.sampled_from(Charged)
labels = st.none() | st.text(max_size=100)
output = st.builds(Output, url=labels.map(str), type=labels.map(str), bytes=counts, sha256=texts, width=st.none() | counts)
costs = st.none() | st.builds(Cost, amount=st.floats(0, 9), currency=st.just("USD"), estimated=st.booleans())
steps = st.builds(Steps, current=counts, total=st.none() | counts, unit=labels, label=labels)
etas = st.builds(Eta, p50=st.floats(0, 9), p90=st.none() | st.floats(0, 9), samples=st.none() | counts)
updates = st.one_of(
    st.builds(Queued, st.none() | counts, size=st.none() | counts),
    st.builds(Progressed, st.none() | st.floats(0, 1), message=st.none() | texts, steps=st.none() | steps, eta=st.none() | etas),
    st.builds(Previewed, st.builds(Preview, url=texts, width=counts, height=counts)),
    st.builds(Produced, output),
    st.builds(Noted, texts),
    st.builds(Moved, st.sampled_from([phase for phase in Phase if phase is not Phase.FINISHED])),
    st.builds(CancelMoved, st.sampled_from(Cancel)),
    st.builds(Degraded, texts),
    st.builds(Attempted, st.builds(Attempt, n=st.integers(1, 3), of=st.just(3), provider=texts, reason=st.none() | texts)),
    st.builds(Succeeded, charged=charges, cost=costs),
    st.builds(Failed, texts, retryable=st.booleans(), charged=charges),
    st.builds(Canceled, charged=charges),
    st.builds(Ended, outcome=st.sampled_from(list(Outcome)[1:]), error=texts, code=st.just("stalled")),
)


def closed(schema):
    """The same, but nothing that it does not name may be there."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: value if key == "if" else closed(value) for key, value in schema.items()}
    return {**inner, "additionalProperties": False} if schema.get("type") == "object" and "properties" in schema else inner


@pytest.fixture(scope="module")
def snapshot():
    components = Components()
    put_snapshot(components)
    schemas = closed(components.schemas)
    return Draft202012Validator({**schemas["Snapshot"], "components": {"schemas": schemas}})


@given(st.lists(updates, max_size=12))
def test_every_status_that_fold_makes_is_what_the_schema_says(snapshot, said):
    status = BORN
    for update in said:
        status = fold(status, update, NOON)
        snapshot.validate(json.loads(encode_status(status)))


def test_schema_names_exactly_the_words_that_are_written(snapshot):
    every = attrs.evolve(
        BORN,
        state=State.SUCCEEDED,
        outputs=(Output(url="/a", type="image/png", bytes=1, sha256="ab"),),
        outcome=Outcome.SUCCEEDED,
        progress=100,
        error="x",
        message="x",
        steps=Steps(1),
        queue={},
        eta={},
        attempt={},
        preview={},
        cost={},
        charged=Charged.NO,
        cancel=Cancel.TOO_LATE,
        code="x",
        retryable=False,
        degraded=("preview",),
        started_at=NOON,
        ended_at=NOON,
    )
    assert set(snapshot.schema["properties"]) == set(json.loads(encode_status(every)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"progress": 101},
        {"status": "done"},
        {"error": "x" * 501},
        {"seq": "1"},
        {"surprise": 1},
        {"status": "failed"},
        {"queue": {}},
    ],
)
def test_schema_refuses_what_is_never_written(snapshot, wrong):
    wire = json.loads(encode_status(BORN))
    assert snapshot.is_valid(wire)
    assert not snapshot.is_valid({**wire, **wrong})


@given(st.from_regex(r"[0-9a-f]{30,34}", fullmatch=True) | st.text() | st.builds(new_id))
def test_ids_are_what_the_schema_says(text):
    assert bool(re.search(GENERATION_ID["pattern"].replace("$", r"\Z"), text)) == is_id(text)


def test_what_is_never_written_cannot_be_described():
    with pytest.raises(TypeError, match="never written"):
        Components().of(complex)
