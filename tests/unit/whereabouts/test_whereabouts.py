import os
import shutil
import stat
import subprocess

import attrs
import pytest

from safelight.whereabouts import NAME, Whereabouts, announced, find, url_of

HERE = Whereabouts(url="http://127.0.0.1:8080", admin_url="http://127.0.0.1:8081", pid=os.getpid())


def test_a_running_service_is_found_by_its_folder_and_no_longer_when_it_has_left(tmp_path):
    assert find(tmp_path) is None
    with announced(tmp_path, HERE):
        assert find(tmp_path) == HERE
        assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_no_service_and_is_replaced(tmp_path):
    process = subprocess.Popen(["true"])
    process.wait()
    with announced(tmp_path, attrs.evolve(HERE, pid=process.pid)):
        assert find(tmp_path) is None
        with announced(tmp_path, HERE):
            assert find(tmp_path) == HERE


def test_a_copy_of_the_folder_of_a_running_service_is_not_its_folder_and_a_link_to_it_is(tmp_path):
    folder, copy, link = (tmp_path / name for name in ("data", "copy", "link"))
    folder.mkdir()
    link.symlink_to(folder)
    with announced(folder, HERE):
        shutil.copytree(folder, copy)
        assert (find(folder), find(link), find(copy)) == (HERE, HERE, None)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 1}', "\0"])
def test_a_file_that_makes_no_sense_is_no_service(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    assert find(tmp_path) is None


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_an_address_is_said_as_the_machine_itself_reaches_it(host, url):
    assert url_of(host, 80) == url
