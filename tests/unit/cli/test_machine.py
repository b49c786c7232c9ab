"""What `doctor` says of a store that this user cannot write; root may write anything, so the refusal itself is played."""

import os
from types import SimpleNamespace

import pytest

from safelight.cli.doctor.machine import examine
from safelight.config.model import Config, Data


def store(folder):
    [found] = [one for one in examine(Config(data=Data(folder=str(folder)))) if one.subject == "store"]
    return found


@pytest.fixture
def refuse(monkeypatch):
    return lambda closed: monkeypatch.setattr(os, "access", lambda path, _: path != closed)


@pytest.mark.parametrize("closed", [".", "journal.lock", "journal.sqlite3", "secret", "providers", "outputs", "outputs/.parts"])
def test_whatever_there_is_of_another_users_is_named(tmp_path, refuse, closed):
    (tmp_path / "outputs" / ".parts").mkdir(parents=True)
    (tmp_path / "providers").mkdir()
    for name in ("journal.lock", "journal.sqlite3", "secret"):
        (tmp_path / name).touch()
    refuse(tmp_path / closed)
    found = store(tmp_path)
    assert (found.verdict, found.sentence) == ("fault", f"the user {os.geteuid()} cannot write {tmp_path / closed}")
    assert found.remedy == (f"chown -R {os.geteuid()} {tmp_path}",)


def test_what_stands_above_a_folder_that_is_still_to_be_made_is_not_given_away(tmp_path, refuse):
    refuse(tmp_path)
    found = store(tmp_path / "data")
    assert (found.verdict, found.sentence) == ("fault", f"the user {os.geteuid()} cannot write {tmp_path}")
    assert found.remedy == (f"install -d -m 0700 -o {os.geteuid()} {tmp_path / 'data'}",)


def test_a_medium_that_is_read_only_is_nobodys_property(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    found = store(tmp_path)
    assert (found.verdict, found.remedy) == ("fault", ())
    assert f"{tmp_path} is on a file system that is mounted read-only" in found.sentence
