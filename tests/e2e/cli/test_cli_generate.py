"""`generate` as people and scripts use it: with a service and without one, to every end it can come to."""

import json
import os

import pytest
from PIL import Image

QUICK = ("--provider", "simulator", "--option", "seconds=0", "--param", "width=32", "--param", "height=24")


@pytest.fixture(params=["embedded", "served"])
def place(request):
    """Run the test twice: with no service there, and with one on the data folder."""
    if request.param == "served":
        request.getfixturevalue("service")
    return request.param


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_picture_is_saved_under_the_name_of_its_prompt(safelight, tmp_path, place):
    result = safelight("generate", "A lighthouse, at dusk!", *QUICK)
    assert (result.returncode, result.stderr) == (0, "")
    assert "saved a-lighthouse-at-dusk-1.png  32 x 24 PNG" in result.stdout
    with Image.open(tmp_path / "a-lighthouse-at-dusk-1.png") as picture:
        assert picture.size == (32, 24)
    where = "the data folder data" if place == "embedded" else "http://127.0.0.1:"
    assert where in result.stdout.splitlines()[0]


def test_no_file_is_ever_overwritten(safelight, tmp_path):
    for name in ("a-lighthouse-1.png", "a-lighthouse-3.png"):
        (tmp_path / name).write_text("mine")
    assert safelight("generate", "a lighthouse", *QUICK, "--count", "2").returncode == 0
    assert {path.name: path.read_bytes()[:4] for path in tmp_path.glob("*.png")} == {
        "a-lighthouse-1.png": b"mine",
        "a-lighthouse-2.png": b"\x89PNG",
        "a-lighthouse-3.png": b"mine",
        "a-lighthouse-4.png": b"\x89PNG",
    }


def test_out_is_made_and_no_save_saves_nothing(safelight, tmp_path):
    assert safelight("generate", "a lighthouse", *QUICK, "--out", "deep/pictures").returncode == 0
    assert [path.name for path in (tmp_path / "deep" / "pictures").iterdir()] == ["a-lighthouse-1.png"]
    result = safelight("generate", "a lighthouse", *QUICK, "--no-save")
    assert "output /v1/outputs/" in result.stdout
    assert list(tmp_path.glob("*.png")) == []


def test_json_is_one_snapshot_a_line_and_the_last_names_the_files(safelight, tmp_path, place):
    result = safelight("generate", "a lighthouse", *QUICK, "--json", "--ref", "mine")
    assert (result.returncode, result.stderr) == (0, "")
    snapshots = lines(result)
    assert all({"status", "sessionId", "providerId", "epoch", "seq"} <= one.keys() for one in snapshots)
    assert {one["ref"] for one in snapshots} == {"mine"}
    assert [one["seq"] for one in snapshots] == sorted({one["seq"] for one in snapshots})
    assert [one["status"] for one in snapshots if "files" in one] == ["succeeded"]
    assert snapshots[-1]["files"] == ["a-lighthouse-1.png"]
    assert (tmp_path / "a-lighthouse-1.png").stat().st_size == snapshots[-1]["outputs"][0]["bytes"]


def test_plain_lines_hold_no_escape(safelight, place):
    result = safelight("generate", "a lighthouse", *QUICK, TERM="xterm-256color", COLORTERM="truecolor")
    assert "\x1b" not in result.stdout + result.stderr


@pytest.mark.parametrize("scenario", ["failure", "nsfw", "empty", "crash"])
def test_failure_is_exit_code_1_and_says_why(safelight, scenario, service):
    result = safelight("generate", "a lighthouse", *QUICK, "--option", f"scenario={scenario}")
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith(("failed after", "rejected after"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--provider", "nobody"], "unknown provider 'nobody' @ providerId. 'safelight providers' lists them."),
        (["--param", "wdth=3"], "(did you mean 'width'?) @ params.wdth"),
        (["--param", "width=wide"], "params.width"),
        (["--param", "width"], "KEY=VALUE"),
        (["--count", "9"], "1<=x<=8"),
        (["--server", "ftp://x"], "is no URL of a service"),
        (["--nonsense"], "No such option"),
    ],
)
def test_wrong_input_is_exit_code_2_and_names_what_is_wrong(safelight, place, arguments, words):
    result = safelight("generate", "a lighthouse", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("prompt", ["", "  "])
def test_empty_prompt_is_exit_code_2(safelight, prompt):
    assert safelight("generate", prompt).returncode == 2


def test_folder_that_cannot_be_written_is_said_before_anything_is_asked_for(safelight, tmp_path, service):
    (tmp_path / "file").write_text("")
    result = safelight("generate", "a lighthouse", *QUICK, "--out", "file/deep")
    assert result.returncode == 2
    assert "--out" in result.stderr
    assert service.call("GET", "/v1/generations")[1]["generations"] == []


def test_nobody_there_is_exit_code_3_and_one_sentence(safelight, free_port):
    result = safelight("generate", "a lighthouse", "--server", f"http://127.0.0.1:{free_port}")
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr == (
        f"safelight: http://127.0.0.1:{free_port} cannot be reached: connection refused. Is the service running there?\n"
    )


def test_something_else_there_is_exit_code_3(safelight, service):
    result = safelight("generate", "a lighthouse", "--server", f"http://127.0.0.1:{service.admin_port}")
    assert result.returncode in {1, 3}
    assert len(result.stderr.splitlines()) == 1


def test_faults_in_the_configuration_are_exit_code_78(safelight, tmp_path):
    (tmp_path / "config.toml").write_text("[server]\nprot = 8080\n")
    result = safelight("generate", "a lighthouse")
    assert (result.returncode, result.stdout) == (78, "")
    assert "did you mean 'port'?" in result.stderr


def test_data_folder_names_the_service_that_runs_on_it(safelight, launch, tmp_path):
    launch(data=tmp_path / "elsewhere").is_up()
    result = safelight("generate", "a lighthouse", *QUICK, "--data", "elsewhere")
    assert result.returncode == 0
    assert " at http://127.0.0.1:" in result.stdout


def test_word_of_a_service_that_was_killed_is_not_believed(safelight, service, tmp_path):
    service.kill()
    here = json.loads((tmp_path / "data" / "server.json").read_text())
    (tmp_path / "data" / "server.json").write_text(json.dumps({**here, "pid": os.getpid()}))  # the number was given out again
    result = safelight("generate", "a lighthouse", *QUICK)
    assert result.returncode == 0
    assert "the data folder data" in result.stdout


def test_command_waits_for_another_that_paints_and_goes_on(start):
    painter = start("generate", "a lighthouse", "--provider", "simulator", "--option", "seconds=20")
    painter.says("processing")
    waiting = start("list", "--json")
    assert "is in use by process" in waiting.says("Waiting for it, 30 s at most", where="err")
    painter.send()
    assert (painter.ended(), waiting.ended()) == (4, 0)
    assert [json.loads(line)["outcome"] for line in waiting.out.splitlines()] == ["canceled"]


def test_providers_are_told_while_another_command_paints(start, safelight):
    painter = start("generate", "a lighthouse", "--provider", "simulator", "--option", "seconds=20")
    painter.says("processing")
    result = safelight("providers", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    assert {one["providerId"] for one in lines(result)} == {"sketch", "simulator"}


def test_command_that_waits_leaves_with_ctrl_c(start):
    painter = start("generate", "a lighthouse", "--provider", "simulator", "--option", "seconds=20")
    painter.says("processing")
    waiting = start("list")
    waiting.says("Waiting for it", where="err")
    waiting.send()
    assert waiting.ended(5) == 130


def test_public_url_of_a_service_is_not_where_its_outputs_are_fetched(safelight, launch):
    launch(server__public_url="https://pictures.invalid").is_up()
    assert safelight("generate", "a lighthouse", *QUICK).returncode == 0


def test_prompt_is_read_from_standard_input(start, tmp_path):
    command = start("generate", "-", *QUICK)
    assert command.ended() == 2
    assert "empty" in command.err


def test_ctrl_c_cancels_and_is_exit_code_4(start, place):
    command = start("generate", "a lighthouse", "--provider", "simulator", "--option", "seconds=60")
    command.says("started")
    command.send()
    assert command.ended() == 4
    assert "Canceling" in command.err
    assert command.out.splitlines()[-1].startswith("canceled after")


def test_second_ctrl_c_leaves_at_once(start, service):
    command = start("generate", "a lighthouse", "--provider", "simulator", "--option", "seconds=60", "--option", "scenario=deaf")
    command.says("processing")
    command.send()
    command.says("Canceling", where="err")
    command.send()
    assert command.ended(5) == 4
    assert [one["status"] for one in service.call("GET", "/v1/generations")[1]["generations"]] == ["processing"]


def test_interrupted_run_without_a_service_leaves_the_folder_in_order(start, safelight):
    command = start("generate", "a lighthouse", "--provider", "simulator", "--option", "seconds=60", "--option", "scenario=deaf")
    command.says("processing")
    command.send()
    command.says("Canceling", where="err")
    command.send()
    assert command.ended(15) == 4
    [one] = lines(safelight("list", "--json"))
    assert one["status"] == "failed"
