"""Packed streams in clients nobody here wrote: each event when it is sent, and a proper end."""

import gzip
import json
import shutil
import subprocess

import pytest

NODE = """
const [url] = process.argv.slice(1);
const answer = await fetch(url);
console.log(answer.headers.get("content-encoding"));
let text = "";
for await (const some of answer.body.pipeThrough(new TextDecoderStream())) {
  text += some;
  const events = text.split("\\n\\n");
  text = events.pop();
  for (const event of events) {
    const data = event.split("\\n").find((line) => line.startsWith("data: "));
    if (data) console.log(data.slice(6));
  }
}
"""


@pytest.fixture
def watched(service):
    """A generation that takes a while, and the URL of its events."""
    generation = service.create(params={"steps": 20}, options={"seconds": 3})["sessionId"]
    return generation, f"{service.url}/v1/generations/{generation}/events"


def check(service, generation, lines):
    """Each line is a snapshot, and came about when it was the newest."""
    behind = []
    for line in lines:
        snapshot = json.loads(line)
        if snapshot["status"] == "processing":
            behind.append(service.snapshot(generation)["seq"] - snapshot["seq"])
    assert snapshot["status"] == "succeeded"
    newest = [steps for steps in behind if steps <= 1]  # a step is a preview and a progress, one right after the other
    assert len(newest) > len(behind) / 2, f"events were held back: so many newer ones at each arrival: {behind}"


def test_curl_shows_each_event_when_it_is_sent(service, watched):
    generation, url = watched
    command = [shutil.which("curl") or "curl", "--compressed", "-sSN", "--fail", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as curl:
        check(service, generation, (line[6:] for line in curl.stdout if line.startswith("data: ")))
    assert curl.returncode == 0


def test_node_shows_each_event_when_it_is_sent(service, watched):
    generation, url = watched
    command = [shutil.which("node") or "node", "--input-type=module", "-e", NODE, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout.readline().strip() == "gzip"
        check(service, generation, node.stdout)
    assert node.returncode == 0


def test_gzip_itself_accepts_a_finished_stream(watched, tmp_path):
    _, url = watched
    kept = tmp_path / "stream.gz"
    subprocess.run(["curl", "-sS", "--fail", "-H", "Accept-Encoding: gzip", "-o", kept, url], check=True)
    subprocess.run(["gzip", "-t", kept], check=True)
    assert b'"status":"succeeded"' in gzip.decompress(kept.read_bytes())
