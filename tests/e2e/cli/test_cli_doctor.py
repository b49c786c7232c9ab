"""`doctor`: of this machine, and through real proxies that are set up well and badly."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
import threading

import pytest

NGINX = """
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen 127.0.0.1:%(port)d;
        location / {
            proxy_pass %(url)s;
            proxy_set_header Host $host;
            %(more)s
        }
    }
}
"""


@pytest.fixture
def nginx(service, tmp_path, free_port, eventually):
    """Start an nginx before the service, with these lines in its location; give its URL."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program, "These tests run a real nginx; install it: apt-get install nginx-light"
    folder = tmp_path / "nginx"
    folder.mkdir()
    started = []

    def listens():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", free_port)) == 0

    def start(more=""):
        (folder / "nginx.conf").write_text(NGINX % {"port": free_port, "url": service.url, "more": more})
        started.append(subprocess.Popen([program, "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"]))
        eventually(lambda: listens() or started[-1].poll() is not None, bool)
        assert started[-1].poll() is None, (folder / "error.log").read_text()
        return f"http://127.0.0.1:{free_port}"

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


class Cutter:
    """A proxy that cuts a connection on which nothing came back for a while, or soon after so much of something came back."""

    def __init__(self, port, *, idle=None, after=None, times=1):
        self._port, self._idle, self._after, self._times = port, idle, after, times
        self._server = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def close(self):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self):
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._pass, args=(near, far), daemon=True).start()
            back = threading.Thread(target=self._pass, args=(far, near), kwargs={"is_back": True}, daemon=True)
            back.start()

    def _pass(self, source, target, *, is_back=False):
        if is_back:
            source.settimeout(self._idle)
        try:
            seen = 0
            while chunk := source.recv(65536):
                target.sendall(chunk)
                seen += chunk.count(self._after) if is_back and self._after else 0
                if seen >= self._times:
                    source.settimeout(0.3)
        except OSError:
            pass
        self._cut(source, target)

    def _cut(self, *ends):
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cutter(service):
    made = []

    def make(**settings):
        made.append(Cutter(service.port, **settings))
        return made[-1].url

    yield make
    for one in made:
        one.close()


@pytest.fixture
def doctor(safelight):
    """Examine a URL; return the exit code and the findings by subject."""

    def examine(url, *arguments):
        result = safelight("doctor", url, "--json", *arguments)
        assert result.stderr == ""
        return result.returncode, {one["subject"]: one for one in map(json.loads, result.stdout.splitlines())}

    return examine


def verdicts(findings):
    return {subject: one["verdict"] for subject, one in findings.items() if one["verdict"] != "ok"}


def test_service_with_nothing_before_it_is_well(doctor, service):
    code, findings = doctor(service.url, "--idle", "2")
    assert (code, verdicts(findings)) == (0, {})
    assert findings["proxies"]["sentence"] == "none shows itself"
    assert "8 events came as they were made" in findings["buffering"]["sentence"]
    assert service.call("GET", "/v1/generations")[1]["generations"] == [], "the run it made is still there"


def test_nginx_as_it_comes_lets_streams_through(doctor, nginx):
    code, findings = doctor(nginx(), "--idle", "2")
    assert (code, verdicts(findings)) == (0, {})
    assert findings["proxies"]["sentence"] == "nginx"
    assert "taken by a proxy that heeds it" in findings["headers"]["sentence"]


def test_nginx_that_holds_events_back_is_found_and_told_the_line(doctor, nginx):
    code, findings = doctor(nginx("proxy_ignore_headers X-Accel-Buffering;"), "--idle", "4")
    assert code == 1
    assert verdicts(findings) == {"buffering": "fault", "idle": "fault"}
    for subject in ("buffering", "idle"):
        assert "held back" in findings[subject]["sentence"]
        assert findings[subject]["remedy"][:2] == ["nginx:", "  proxy_buffering off;"]


def test_the_line_mends_it(doctor, nginx):
    code, findings = doctor(nginx("proxy_ignore_headers X-Accel-Buffering; proxy_buffering off;"), "--idle", "4")
    assert (code, verdicts(findings)) == (0, {})


def test_nginx_that_compresses_is_found(doctor, nginx):
    more = "gzip on; gzip_types text/event-stream; gzip_proxied any; gzip_min_length 0; proxy_http_version 1.1;"
    more += ' proxy_set_header Accept-Encoding "";'  # else the stream comes packed by the service
    code, findings = doctor(nginx(more), "--idle", "2")
    assert code == 1
    assert "gzip" in findings["compression"]["sentence"]
    assert findings["compression"]["remedy"][1].startswith("  gzip off;")


def test_nginx_that_cuts_silent_streams_is_found_with_the_time(doctor, nginx):
    code, findings = doctor(nginx("proxy_read_timeout 2s;"), "--idle", "8")
    assert code == 1
    assert verdicts(findings) == {"idle": "fault"}
    assert re.fullmatch(r"a stream is cut after [12]\.\d s of silence", findings["idle"]["sentence"])
    assert "  proxy_read_timeout 1h;" in findings["idle"]["remedy"]
    assert "  heartbeat_seconds = 1" in findings["idle"]["remedy"]


def test_nginx_that_takes_cache_control_away_is_found(doctor, nginx):
    code, findings = doctor(nginx("proxy_hide_header Cache-Control; expires 1h;"), "--idle", "2")
    assert code == 1
    assert "no-transform" in findings["headers"]["sentence"]


def test_proxy_that_hides_and_cuts_gets_the_lines_of_all_usual_ones(doctor, cutter):
    code, findings = doctor(cutter(idle=2.0), "--idle", "8")
    assert code == 1
    assert verdicts(findings) == {"idle": "fault"}
    names = [line for line in findings["idle"]["remedy"] if line.endswith(":") and not line.startswith(" ")]
    assert names == ["nginx:", "Caddy:", "Traefik:", "AWS ALB:", "or, in the service's own config.toml:"]


def test_limit_on_the_whole_request_is_told_from_an_idle_one(doctor, launch):
    service = launch(streams__heartbeat_seconds=2).is_up()
    cutter = Cutter(service.port, after=b": hb", times=2)
    try:
        code, findings = doctor(cutter.url, "--idle", "20")
    finally:
        cutter.close()
    assert code == 1
    assert "although it was not silent" in findings["idle"]["sentence"]
    assert "  --entryPoints.websecure.transport.respondingTimeouts.writeTimeout=0" in findings["idle"]["remedy"]


def test_run_that_is_cut_is_found(doctor, cutter):
    code, findings = doctor(cutter(after=b"event: log", times=2), "--idle", "1")
    assert (code, findings["buffering"]["verdict"]) == (1, "fault")
    assert "was cut after 2 of its timed events" in findings["buffering"]["sentence"]


def test_heartbeats_are_seen(doctor, launch):
    service = launch(streams__heartbeat_seconds=1).is_up()
    _, findings = doctor(service.url, "--idle", "4")
    assert findings["idle"]["sentence"] == "a silent stream was held for 4 s, with a heartbeat every 1 s"


def test_without_a_simulator_only_the_silent_stream_is_measured(doctor, launch, tmp_path):
    (tmp_path / "config.toml").write_text("[providers.sketch]\n")
    service = launch().is_up()
    code, findings = doctor(service.url, "--idle", "2")
    assert (code, verdicts(findings)) == (0, {"events": "note"})
    assert service.call("GET", "/v1/generations")[1]["generations"] == []


def test_findings_are_lines_for_people(safelight, service):
    result = safelight("doctor", service.url, "--idle", "1")
    assert result.returncode == 0
    assert [line.split()[:2] for line in result.stdout.splitlines()][:2] == [["ok", "service"], ["ok", "proxies"]]


@pytest.mark.parametrize("path", ["", "/deep"])
def test_nobody_there_is_exit_code_3(safelight, free_port, path):
    result = safelight("doctor", f"http://127.0.0.1:{free_port}{path}")
    assert result.returncode == 3
    assert "connection refused" in result.stderr


def test_what_is_no_safelight_is_exit_code_3(safelight, service):
    result = safelight("doctor", f"http://127.0.0.1:{service.admin_port}")
    assert result.returncode == 3
    assert "not as a Safelight does" in result.stderr


def test_what_is_no_url_is_exit_code_2(safelight):
    assert safelight("doctor", "ftp://x").returncode == 2


def machine(safelight, *arguments):
    result = safelight("doctor", "--json", *arguments)
    return result.returncode, {one["subject"]: one for one in map(json.loads, result.stdout.splitlines())}


def test_machine_that_is_well_is_told_so(safelight, service):
    code, findings = machine(safelight)
    assert code == 0
    assert set(findings) == {"config", "service", "store", "journal", "plugins", "clock", "open files"}
    assert findings["service"]["sentence"] == f"process {service.pid} at {service.url} is ready"
    assert findings["journal"]["sentence"].endswith(", sound")


def test_machine_is_examined_without_a_service_and_nothing_is_made(safelight, tmp_path):
    code, findings = machine(safelight)
    assert (code, findings["service"]["verdict"]) == (0, "note")
    assert list(tmp_path.iterdir()) == []


def test_journal_that_a_killed_service_left_is_read(safelight, service):
    service.create(providerId="simulator", options={"seconds": 60})
    service.kill()
    code, findings = machine(safelight)
    assert (code, findings["journal"]["verdict"]) == (0, "ok")


def test_damaged_journal_is_found(safelight, service, tmp_path):
    assert service.left() == 0
    [journal] = (tmp_path / "data").glob("*.sqlite3")
    journal.write_bytes(b"no journal at all" * 1000)
    code, findings = machine(safelight)
    assert (code, findings["journal"]["verdict"]) == (1, "fault")


@pytest.mark.parametrize(
    ("limit", "settings", "verdict", "words"),
    [
        (4096, [], "ok", "enough for 3896 streams at once"),
        (1000, [], "note", "needs 20200"),
        (4096, ["--set", "streams.max_streams=5000"], "note", "needs 5200"),
        (4096, ["--set", "streams.max_streams=3000"], "ok", "3200 needed"),
    ],
)
def test_few_open_files_are_worth_a_note_where_they_matter(tmp_path, limit, settings, verdict, words):
    command = ["sh", "-c", f'ulimit -n {limit} && exec "$@"', "sh", sys.executable, "-m", "safelight", "doctor", "--json"]
    done = subprocess.run([*command, *settings], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    [found] = [one for one in map(json.loads, done.stdout.splitlines()) if one["subject"] == "open files"]
    assert found["verdict"] == verdict
    assert words in found["sentence"]


def test_store_without_room_is_found(safelight):
    code, findings = machine(safelight, "--set", "data.min_free_bytes=9000000000000000")
    assert (code, findings["store"]["verdict"]) == (1, "fault")


@pytest.mark.parametrize("inside", ["", "/more/of/it"])
def test_store_that_is_a_file_is_found(safelight, tmp_path, inside):
    (tmp_path / "file").write_text("")
    code, findings = machine(safelight, "--data", f"file{inside}")
    assert (code, findings["store"]["verdict"]) == (1, "fault")
    assert (
        findings["store"]["sentence"] == f"'file{inside}' cannot be a folder, for 'file' is a file: name another in data.folder"
    )


def test_plugin_with_a_fault_is_found_by_name(safelight, site):
    site.ship("crooked", "raise RuntimeError('bent')")
    result = safelight("doctor", "--json", **site.env)
    found = [one for one in map(json.loads, result.stdout.splitlines()) if one["subject"] == "plugins"]
    assert (result.returncode, [one["verdict"] for one in found]) == (1, ["fault", "ok"])
    assert "crooked" in found[0]["sentence"]


def test_faulty_configuration_is_exit_code_78_and_each_fault_is_named(safelight, tmp_path):
    (tmp_path / "config.toml").write_text("[server]\nprot = 1\nhots = 2\n")
    result = safelight("doctor")
    assert result.returncode == 78
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [["fault", "config"]] * 2
