"""The service as a process against its own description, by a tool that makes the calls up."""

import os
import re
import subprocess
import sys
from pathlib import Path

CONFIG = Path(__file__).with_name("schemathesis.toml")
PHASES = ("Examples", "Coverage", "Fuzzing", "Stateful")


def test_schemathesis_finds_nothing_that_the_description_does_not_say(service, eventually, tmp_path):
    generation = service.create(options={"seconds": 0})["sessionId"]
    end = eventually(lambda: service.snapshot(generation), lambda snapshot: snapshot["status"] == "succeeded")
    tool = [Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG]
    done = subprocess.run(
        [*tool, "run", f"{service.url}/openapi.json", "--no-color"],
        cwd=tmp_path,
        env={**os.environ, "GENERATION": generation, "OUTPUT": end["output"][0].rpartition("/")[2], "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    said = "\n".join(line[:2000] for line in (done.stdout + done.stderr).splitlines())
    assert done.returncode == 0, said
    assert re.findall(r"✅ (\w+)$", said, re.MULTILINE) == list(PHASES), said
    assert int(re.search(r"(\d+) generated", said)[1]) > 500, said
    service.left()
    service.said()  # to its last line
    assert not [line for line in service._lines if re.search(r'"(request|stream)_failed"', line)], said
