import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta

import pytest

from safelight_simulator.ledger import Entry, Ledger, LedgerWriter

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=365)


def entry(event="submitted", *, job="j", at=NOW, **more):
    return Entry(event=event, at=at, job=job, **more)


@pytest.fixture
def opened(tmp_path):
    writers = []

    def open_writer(forget_before=LONG_AGO):
        writers.append(LedgerWriter(tmp_path, forget_before=forget_before))
        return writers[-1]

    yield open_writer
    for writer in writers:
        writer.close()


def test_what_is_written_can_be_read_and_asked_for(opened, tmp_path):
    writer = opened()
    written = [
        entry(job="a", key="k1", charged=True, facts={"request": {"prompt": "\ud800 é"}}),
        entry(job="b", key="k2"),
        entry("succeeded", job="b", charged=True),
    ]
    for each in written:
        writer.write(each)
    ledger = Ledger(tmp_path)
    assert ledger.entries() == written
    assert ledger.submissions("k2") == written[1:2]
    assert len(ledger.submissions()) == 2
    assert ledger.charges() == [written[0], written[2]]
    assert ledger.of_job("b") == written[1:]


def test_a_ledger_that_is_not_there_reads_as_empty(tmp_path):
    assert Ledger(tmp_path).charges() == []


def test_a_torn_last_line_never_happened_and_the_next_entry_is_whole(opened, tmp_path):
    writer = opened()
    writer.write(entry(job="whole"))
    writer.close()
    with writer.path.open("ab") as file:
        file.write(entry(job="torn").to_line()[:-20])
    assert [each.job for each in Ledger(tmp_path).entries()] == ["whole"]
    opened().write(entry(job="next"))
    assert [each.job for each in Ledger(tmp_path).entries()] == ["whole", "next"]


def test_a_line_without_its_line_feed_is_torn_even_if_it_parses(opened, tmp_path):
    opened().path.write_bytes(entry(job="torn").to_line().rstrip(b"\n"))
    assert Ledger(tmp_path).entries() == []


def test_a_killed_writer_leaves_every_entry_it_had_finished(tmp_path):
    script = """
        import sys
        from datetime import UTC, datetime
        from pathlib import Path
        from safelight_simulator.ledger import Entry, LedgerWriter
        writer = LedgerWriter(Path(sys.argv[1]), forget_before=datetime(2000, 1, 1, tzinfo=UTC))
        number = 0
        while True:
            writer.write(Entry(event="submitted", at=datetime.now(UTC), job=str(number), facts={"pad": "x" * 5000}))
            print(number, flush=True)
            number += 1
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script), str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        for _ in range(20):
            last = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split()
    finally:
        process.kill()
        process.wait()
    last = int(rest[-1]) if rest else last
    jobs = [int(each.job) for each in Ledger(tmp_path).entries()]
    assert jobs == list(range(len(jobs)))
    assert len(jobs) > last


def test_a_write_that_finds_no_room_leaves_nothing_behind(opened, tmp_path):
    writer = opened()
    writer.write(entry(job="before"))
    file = writer._file

    class Half:
        fileno, truncate = file.fileno, file.truncate

        def write(self, line):
            return file.write(line[:10])

    writer._file = Half()
    with pytest.raises(OSError, match="no room"):
        writer.write(entry(job="half"))
    writer._file = file
    writer.write(entry(job="after"))
    assert [each.job for each in Ledger(tmp_path).entries()] == ["before", "after"]


def test_an_entry_is_synced_whole_before_write_returns(opened, monkeypatch):
    writer = opened()
    synced = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(writer.path.read_bytes()))
    writer.write(entry())
    assert synced == [entry().to_line()]


def test_opening_forgets_jobs_that_have_not_moved_for_long_and_keeps_the_rest_whole(opened, tmp_path):
    writer = opened()
    writer.write(entry(job="old", at=LONG_AGO))
    writer.write(entry(job="moved", at=LONG_AGO))
    writer.write(entry("paused", job="moved"))
    writer.close()
    opened(forget_before=NOW - timedelta(days=7))
    assert [(each.job, each.event) for each in Ledger(tmp_path).entries()] == [("moved", "submitted"), ("moved", "paused")]


def test_strikes_are_counted_across_openings(opened):
    fault = entry("struck", facts={"fault": "3"})
    writer = opened()
    assert writer.strike(fault, most=2)
    writer.close()
    writer = opened()
    assert writer.strike(fault, most=2)
    assert not writer.strike(fault, most=2)
    assert writer.strike(entry("struck", facts={"fault": "4"}), most=1)
