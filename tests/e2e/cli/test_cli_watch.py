"""`watch`, `cancel`, `list` and `providers` against a running service, which may go away meanwhile."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

SLOW = {"providerId": "simulator", "options": {"seconds": 60}}
QUICK = {"providerId": "simulator", "options": {"seconds": 0}}
SNAPSHOT = Draft202012Validator(
    {
        "type": "object",
        "required": ["status", "sessionId", "providerId", "phase", "createdAt", "epoch", "seq"],
        "properties": {
            "status": {"enum": ["started", "processing", "succeeded", "failed"]},
            "sessionId": {"pattern": "^[0-9a-f]{32}$"},
            "progress": {"type": "integer", "minimum": 0, "maximum": 100},
            "epoch": {"type": "integer"},
            "seq": {"type": "integer", "minimum": 1},
            "files": {"type": "array", "items": {"type": "string"}},
        },
    }
)


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def ended(service, eventually, **body):
    made = service.create(**body)["sessionId"]
    eventually(lambda: service.snapshot(made)["status"], {"succeeded", "failed"}.__contains__)
    return made


def test_watch_shows_it_to_the_end_and_saves_what_comes_of_it(safelight, service, tmp_path):
    made = service.create(**QUICK)["sessionId"]
    result = safelight("watch", made, "--out", "pictures")
    assert (result.returncode, result.stderr) == (0, "")
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == [f"safelight-{made[:8]}-1.png"]


def test_watch_json_is_the_snapshots_of_the_stream(safelight, service):
    made = service.create(**QUICK)["sessionId"]
    result = safelight("watch", made[:8], "--json")
    shown = lines(result.stdout)
    for snapshot in shown:
        SNAPSHOT.validate(snapshot)
    assert shown[-1] == service.snapshot(made)


@pytest.mark.parametrize(("scenario", "code"), [("success", 0), ("failure", 1)])
def test_exit_code_is_that_of_the_end(safelight, service, scenario, code):
    made = service.create(providerId="simulator", options={"seconds": 0, "scenario": scenario})["sessionId"]
    assert safelight("watch", made).returncode == code


def test_ctrl_c_only_stops_the_watching(start, service):
    made = service.create(**SLOW)["sessionId"]
    command = start("watch", made)
    command.says("started")
    command.send()
    assert command.ended(5) == 130
    assert service.snapshot(made)["status"] in {"started", "processing"}
    assert "cancel" not in service.snapshot(made)


def test_service_that_restarts_is_a_pause_and_no_end(start, launch, free_port):
    """What ran is over then, and that is what the one who watched is told: by the service that came back."""
    service = launch(port=free_port).is_up()
    made = service.create(**SLOW)["sessionId"]
    command = start("watch", made, "--server", f"http://127.0.0.1:{free_port}")
    command.says("started")
    service.kill()
    command.says("; coming back …", where="err")
    again = launch(port=free_port).is_up()
    assert command.ended() == 1
    assert command.out.splitlines()[-1].startswith("interrupted after")
    assert again.snapshot(made)["outcome"] == "interrupted"


def test_cancel_waits_for_what_comes_of_it(safelight, service):
    made = service.create(**SLOW)["sessionId"]
    result = safelight("cancel", made[:12])
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1].startswith("canceled after")
    assert safelight("watch", made).returncode == 4


def test_cancel_without_waiting_says_that_it_was_asked_for(safelight, service):
    made = service.create(providerId="simulator", options={"seconds": 60, "scenario": "deaf"})["sessionId"]
    result = safelight("cancel", made, "--no-wait", "--json")
    assert result.returncode == 0
    assert [one["cancel"] for one in lines(result.stdout)] == ["requested"]


def test_cancel_that_comes_too_late_is_exit_code_1_and_says_so(safelight, service, eventually):
    made = ended(service, eventually, **QUICK)
    result = safelight("cancel", made)
    assert (result.returncode, result.stdout) == (1, "")
    assert "ended already" in result.stderr


@pytest.mark.parametrize("command", ["watch", "cancel"])
@pytest.mark.parametrize(
    ("typed", "words"),
    [("0" * 32, "No such generation"), ("abcdef", "None of the newest"), ("ab", "four"), ("xyz-xyz", "not the id")],
)
def test_id_of_nothing_is_exit_code_1_and_says_what_to_do(safelight, service, command, typed, words):
    result = safelight(command, typed)
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr
    assert "'safelight list' shows what there is." in result.stderr


def test_list_is_newest_first_and_narrowed_down_by_what_is_asked(safelight, service, eventually):
    first = ended(service, eventually, **QUICK, ref="mine")
    second = ended(service, eventually, providerId="simulator", options={"seconds": 0, "scenario": "failure"})
    third = service.create(**SLOW)["sessionId"]

    def ids(*arguments):
        return [one["sessionId"] for one in lines(safelight("list", "--json", *arguments).stdout)]

    assert ids() == [third, second, first]
    assert ids("--limit", "2") == [third, second]
    assert ids("--ref", "mine") == [first]
    assert ids("--status", "failed", "--status", "succeeded") == [second, first]
    head, *rows = safelight("list").stdout.splitlines()
    assert head.split() == ["ID", "CREATED", "PROVIDER", "STATE", "REF"]
    assert [row.split()[0] for row in rows] == [third, second, first]
    assert rows[1].split()[4] == "failed"


def test_list_goes_over_many_pages(safelight, service):
    made = [service.create(**QUICK)["sessionId"] for _ in range(105)]
    shown = lines(safelight("list", "--json", "--limit", "103").stdout)
    assert [one["sessionId"] for one in shown] == made[::-1][:103]


def test_empty_list_is_said(safelight, service):
    assert safelight("list").stdout == f"No generations at {service.url}.\n"


def test_without_a_service_the_journal_of_the_folder_is_read(safelight, launch, eventually):
    service = launch().is_up()
    made = ended(service, eventually, **QUICK)
    assert service.left() == 0
    assert made in safelight("list").stdout
    assert safelight("watch", made[:8]).returncode == 0


@pytest.mark.parametrize("arguments", [["list"], ["watch", "abcdef"], ["cancel", "abcdef"]])
def test_looking_makes_no_data_folder(safelight, tmp_path, arguments):
    result = safelight(*arguments)
    assert result.returncode == 3
    assert "--server URL" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_providers_without_a_service_are_those_configured_and_nothing_is_made(safelight, tmp_path):
    assert {one["providerId"] for one in lines(safelight("providers", "--json").stdout)} == {"sketch", "simulator"}
    assert list(tmp_path.iterdir()) == []


def test_reader_who_has_seen_enough_is_no_error(start, safelight, service):
    for _ in range(3):
        service.create(**QUICK)
    program = f"{sys.executable} -m safelight list --server {service.url} | head -1"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout.split()[0], done.stderr) == ("ID", "")


def test_providers_are_a_table_or_json(safelight, service):
    rows = [line.split() for line in safelight("providers").stdout.splitlines()]
    assert rows[0] == ["PROVIDER", "PLUGIN", "PARAMS", "OPTIONS"]
    assert ["sketch", "*", "safelight-sketch"] in [row[:3] for row in rows]
    described = {one["providerId"]: one for one in lines(safelight("providers", "--json").stdout)}
    assert described == {one["providerId"]: one for one in service.call("GET", "/v1/providers")[1]["providers"]}


def test_plugins_are_lines_of_json_for_machines(safelight):
    assert {"sketch", "simulator"} <= {one["provider"] for one in lines(safelight("plugins", "--json").stdout)}


@pytest.mark.parametrize(
    ("shell", "mark"), [("bash", "complete -o"), ("zsh", "#compdef safelight"), ("fish", "complete --no-files")]
)
def test_completion_prints_the_script_of_the_shell(safelight, shell, mark):
    result = safelight("completion", shell)
    assert result.returncode == 0
    assert mark in result.stdout
    assert "_SAFELIGHT_COMPLETE" in result.stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("safelight ge", {"generate"}), ("safelight generate --provider s", {"sketch", "simulator"}), ("safelight watch ", None)],
)
def test_bash_completes_commands_providers_and_generations(service, tmp_path, typed, offered):
    made = service.create(**QUICK)["sessionId"]
    words, quoted = typed.split(" "), "''" if typed.endswith(" ") else ""
    program = (
        f'PATH="{Path(sys.executable).parent}:$PATH"; source <(safelight completion bash); '
        f"COMP_WORDS=({typed}{quoted}); COMP_CWORD={len(words) - 1}; "
        '_safelight_completion safelight; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert set(done.stdout.splitlines()) == (offered or {made})
