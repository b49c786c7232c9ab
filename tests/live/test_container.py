"""The image: built as deploy/Dockerfile says, run read-only and without root, stopped as an orchestrator would."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
BUILDAH = {**os.environ, "STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
TRUST = [Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pip.conf")]
"""What the build borrows of the machine: which certificates and package index it trusts."""
USER = 10001


def run(*command, **more):
    done = subprocess.run(command, env=BUILDAH, capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A Debian with Python, made of packages: registries of images are not needed to try the recipe."""
    folder = tmp_path_factory.mktemp("base")
    run(
        "debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", "bookworm", folder / "root", *MIRROR
    )
    container = run("buildah", "from", "scratch")
    run("buildah", "copy", "-q", container, folder / "root", "/")
    run("buildah", "config", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container)
    run("buildah", "commit", "-q", "--rm", container, "safelight-test-base")
    shutil.rmtree(folder / "root")
    yield "localhost/safelight-test-base"
    run("buildah", "rmi", "--force", "localhost/safelight-test-base")


MIRROR = ["http://deb.debian.org/debian"]


@pytest.fixture(scope="module")
def image(base):
    borrowed = [word for file in TRUST if file.exists() for word in ("-v", f"{file}:{file}:ro")]
    where = ["--network", "host", "--build-arg", f"BASE={base}", "-f", "deploy/Dockerfile"]
    run("buildah", "bud", "-q", "--format", "docker", *where, *borrowed, "-t", "safelight-test", ".", cwd=ROOT)
    yield "localhost/safelight-test"
    run("buildah", "rmi", "--force", "localhost/safelight-test")


@pytest.fixture(scope="module")
def recipe(image):
    return json.loads(subprocess.run(["buildah", "inspect", image], env=BUILDAH, capture_output=True, check=True).stdout)[
        "Docker"
    ]


@pytest.fixture
def root(image):
    """The image's file system, as a container sees it."""
    container = run("buildah", "from", image)
    yield Path(run("buildah", "mount", container))
    run("buildah", "umount", container)
    run("buildah", "rm", container)


class Container:
    """The image's command in the image's file system, which is read-only but for /data and /tmp, as the image's user."""

    def __init__(self, root, data, recipe, *command):
        config = recipe["config"]
        variables = dict(word.split("=", 1) for word in config["Env"])
        data.mkdir(exist_ok=True)
        os.chown(data, USER, USER)
        inside = shlex.join([*config["Entrypoint"], *(command or config["Cmd"])])
        script = "\n".join(
            [
                f"mount --bind {root} {root}",
                f"mount --bind {data} {root}/data",
                f"mount -t tmpfs tmpfs {root}/tmp",
                f"mount -o remount,bind,ro {root}",
                f"exec chroot --userspec={USER}:{USER} {root} sh -c 'cd /data && exec {inside}'",
            ]
        )
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-ec", script],
            env={**variables, "SAFELIGHT_SERVER__ALLOW_ANONYMOUS": "true", "SAFELIGHT_SERVER__PORT": "0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ended(self):
        said, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said


@pytest.fixture
def start(root, tmp_path, recipe):
    started = []

    def launch(*command):
        started.append(Container(root, tmp_path / "data", recipe, *command))
        return started[-1]

    yield launch
    for container in started:
        container.process.kill()
        container.process.wait()


def port_of(data):
    deadline = time.monotonic() + PATIENCE
    while not (data / "server.json").exists():
        assert time.monotonic() < deadline, "it does not listen"
        time.sleep(0.1)
    return int(json.loads((data / "server.json").read_text())["url"].rpartition(":")[2])


def call(port, method, path, body=None):
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request(method, path, body and json.dumps(body))
    return connection.getresponse()


def test_it_runs_without_root_on_a_read_only_root_and_leaves_in_order(start, tmp_path):
    service = start()
    port = port_of(tmp_path / "data")
    reply = json.load(call(port, "POST", "/v1/generations", {"prompt": "a lighthouse", "options": {"seconds": 0}}))
    stream = call(port, "GET", f"/v1/generations/{reply['sessionId']}/events").read().decode()
    last = json.loads(stream.rsplit("data: ", 1)[1])
    assert last["status"] == "succeeded", last
    assert call(port, "GET", last["output"][0]).read().startswith(b"\x89PNG")
    code, said = start("healthcheck").ended()
    assert (code, said.strip()) == (0, "ready")

    running = json.load(call(port, "POST", "/v1/generations", {"prompt": "a sea", "options": {"seconds": 2}}))
    service.process.send_signal(signal.SIGTERM)
    code, said = service.ended()
    assert code == 0, said
    assert f'"generation": "{running["sessionId"]}"' in said
    assert '"outcome": "succeeded"' in said.splitlines()[-2], "what ran was let finish"
    assert (tmp_path / "data" / "journal.sqlite3").stat().st_uid == USER
    assert start("healthcheck").ended()[0] == 1


def test_the_recipe_says_what_an_orchestrator_wants_to_know(recipe):
    config = recipe["config"]
    assert (config["User"], config["Cmd"], config["StopSignal"]) == ("safelight", ["serve"], "SIGTERM")
    assert config["Healthcheck"]["Test"] == ["CMD", "safelight", "healthcheck"]
    assert list(config["Volumes"]) == ["/data"]


def test_it_is_closed_unless_opened(root, tmp_path, recipe):
    container = Container(
        root,
        tmp_path / "closed",
        {"config": {**recipe["config"], "Entrypoint": ["env", "-u", "SAFELIGHT_SERVER__ALLOW_ANONYMOUS", "safelight"]}},
    )
    code, said = container.ended()
    assert code == 78
    assert "allow_anonymous" in said
