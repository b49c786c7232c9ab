"""
The money table: what `charged` says of a generation, by what its journal holds of each attempt.

It is meant to be read. A row with `any` stands for every word of its column; each case there can be is in one row, no
more and no less, and a test sees to that.
"""

from datetime import UTC, datetime
from itertools import combinations_with_replacement, product

import pytest

from safelight.records import AttemptRecord, Durability, Step, charged
from safelight.runner import endings
from safelight.status import Charged, Outcome

ONE_ATTEMPT = """
| its work depends on | written down is | it came out as                                               | the provider says | charged |
|---------------------|-----------------|--------------------------------------------------------------|-------------------|---------|
| any                 | queued          | -                                                            | -                 | no      |
| process             | intent          | -                                                            | -                 | no      |
| process             | accepted        | -                                                            | -                 | no      |
| process             | outcome         | any                                                          | -                 | no      |
| remote connection   | intent          | -                                                            | -                 | unknown |
| remote connection   | accepted        | -                                                            | -                 | unknown |
| remote connection   | outcome         | not_sent rejected                                            | -                 | no      |
| remote connection   | outcome         | succeeded failed empty_output canceled expired               | -                 | unknown |
| remote connection   | outcome         | unknown interrupted                                          | -                 | unknown |
| remote connection   | outcome         | unsaved                                                      | -                 | yes     |
| any                 | outcome         | any                                                          | no                | no      |
| any                 | outcome         | any                                                          | yes               | yes     |
| any                 | outcome         | any                                                          | unknown           | unknown |
"""
SEVERAL_ATTEMPTS = """
| the attempts came to | charged |
|----------------------|---------|
| no                   | no      |
| unknown              | unknown |
| yes                  | yes     |
| no no                | no      |
| no unknown           | unknown |
| no yes               | yes     |
| unknown unknown      | unknown |
| unknown yes          | yes     |
| yes yes              | yes     |
"""
RESULTS = {*Outcome, endings.NOT_SENT, endings.REJECTED, endings.UNKNOWN, endings.FAILED, endings.EMPTY, endings.UNSAVED}
WORDS = (set(Durability), set(Step), {"-", *RESULTS}, {"-", *Charged})
"""Everything that can stand in each column."""
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EXAMPLES = {"no": ("remote", "not_sent", None), "unknown": ("remote", "unknown", None), "yes": ("remote", "failed", "yes")}
"""An attempt that comes to this, by the table above."""


def rows(table):
    """Return the cells of each row, a set of words each."""
    _, _, *lines = table.strip().splitlines()
    return [[set(cell.split()) for cell in line.strip("|").split("|")] for line in lines]


def cases(row):
    """Return the cases a row stands for."""
    return product(*(all_of - {"-"} if cell == {"any"} else cell for cell, all_of in zip(row, WORDS, strict=True)))


def attempt(durability, result=None, said=None, *, upto="outcome", n=1):
    """Return the records of an attempt that came so far."""
    taken = list(Step)[: list(Step).index(upto) + 1]
    facts = {"at": NOON, "provider": "lighthouse", "durability": Durability(durability), "key": "0" * 32}
    records = [AttemptRecord(n=n, step=step, **facts) for step in taken[:-1]]
    word = None if said is None else Charged(said)
    return [*records, AttemptRecord(n=n, step=taken[-1], result=result, charged=word, **facts)]


ONE = [(*case, *verdict) for *row, verdict in rows(ONE_ATTEMPT) for case in cases(row)]
SEVERAL = [
    (given, *verdict)
    for given, verdict in (
        (line.split("|")[1].split(), line.split("|")[2].split()) for line in SEVERAL_ATTEMPTS.strip().splitlines()[2:]
    )
]


@pytest.mark.parametrize(("durability", "step", "result", "said", "verdict"), sorted(ONE))
def test_one_attempt_comes_to_what_the_table_says(durability, step, result, said, verdict):
    records = attempt(durability, None if result == "-" else result, None if said == "-" else said, upto=step)
    assert charged(records) == verdict


def test_each_case_there_can_be_stands_in_one_row():
    possible = {
        (durability, step, result, said)
        for durability, step, result, said in product(*WORDS)
        if (step == Step.OUTCOME) == (result != "-") and (said == "-" or step == Step.OUTCOME)
    }
    assert sorted(case[:-1] for case in ONE) == sorted(possible)


@pytest.mark.parametrize(("came_to", "verdict"), SEVERAL)
def test_several_attempts_come_to_the_worst_of_them_whatever_their_order(came_to, verdict):
    for order in (came_to, came_to[::-1]):
        records = [record for n, one in enumerate(order, 1) for record in attempt(*EXAMPLES[one], n=n)]
        assert charged(records) == verdict


def test_each_pair_of_attempts_stands_in_the_table():
    pairs = {tuple(sorted(came_to)) for came_to, _ in SEVERAL if len(came_to) == 2}
    assert pairs == set(combinations_with_replacement(sorted(EXAMPLES), 2))


def test_nothing_tried_is_nothing_charged():
    assert charged([]) is Charged.NO


def test_an_attempt_that_was_repeated_is_judged_by_its_own_records_alone():
    records = [*attempt("connection", "not_sent"), *attempt("process", "succeeded", n=2)]
    assert charged(records) is Charged.NO
