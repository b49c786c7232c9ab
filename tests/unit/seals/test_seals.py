import stat
import threading

import pytest

from safelight.redaction import redactor
from safelight.seals import Seals, SecretUnreadable, open_seals


def test_a_seal_opens_what_it_was_made_for_and_nothing_else():
    seals = Seals(b"k" * 32)
    seal = seals.seal("webhook", "fal", "k1")
    assert len(seal) == 32
    assert seals.is_genuine(seal, "webhook", "fal", "k1")
    for other in (("ticket", "fal", "k1"), ("webhook", "fal", "k2"), ("webhook", "falk1"), ("webhook", "fa", "lk1")):
        assert not seals.is_genuine(seal, *other)
    assert not Seals(b"o" * 32).is_genuine(seal, "webhook", "fal", "k1")
    for forged in ("", seal[:-1], seal.upper(), "é" * 32, "\ud800"):
        assert not seals.is_genuine(forged, "webhook", "fal", "k1")


def test_a_folder_keeps_its_secret(tmp_path):
    seal = open_seals(tmp_path).seal("webhook", "x")
    assert open_seals(tmp_path).is_genuine(seal, "webhook", "x")
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


def test_nobody_else_may_read_it_and_no_log_shows_it(tmp_path):
    open_seals(tmp_path)
    file = tmp_path / "secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().strip() not in redactor.text(f"it is {file.read_text()}")


def test_of_many_who_make_it_at_once_all_hold_the_same(tmp_path):
    found = []
    threads = [threading.Thread(target=lambda: found.append(open_seals(tmp_path).seal("x"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("content", [b"", b"abc", b"zz" * 32, b"ab" * 31, b"\xff" * 64])
def test_one_that_is_none_is_named_and_not_replaced(tmp_path, content):
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(SecretUnreadable, match="should hold 64 hex digits"):
        open_seals(tmp_path)
    assert file.read_bytes() == content
