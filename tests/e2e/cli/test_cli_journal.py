"""`journal`: what happened and whether it was charged, beside a service that runs, and after one that was killed."""

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

PROMPT = "a lighthouse nobody may know of"
CONFIG = """
    [server]
    drain_seconds = 0
    [deadlines]
    cancel_seconds = 2
    stall_seconds = 1.5
    [retries]
    attempts = 2
    [providers.paid]
    plugin = "simulator-remote"
    [providers.inside]
    plugin = "simulator"
    [routes.pictures]
    providers = ["paid", "inside"]
"""
PAINT = [{"do": "started"}, {"do": "output"}, {"do": "succeed", "charged": "yes", "cost": 0.04}]
STALL = [{"do": "started"}, {"do": "progress", "fraction": 0.5}, {"do": "stall"}]
LONG = [{"do": "started"}, {"do": "progress", "fraction": 0.5}, *[{"do": "wait", "seconds": 0.5}, {"do": "note"}] * 100]
QUOTES = [{"do": "started"}, {"do": "fail", "text": f"Cannot paint '{PROMPT}' with Bearer abcdefghijkl12345."}]
LATE = [{"do": "started"}, {"do": "fail", "text": "Broken."}, {"do": "output"}, {"do": "succeed", "charged": "yes"}]


@pytest.fixture
def paid(launch, tmp_path):
    """A service with a provider whose jobs live upstream, as a route and by itself."""
    (tmp_path / "config.toml").write_text(textwrap.dedent(CONFIG))
    return launch().is_up()


@pytest.fixture
def ended(eventually):
    """Start a generation and wait for its end; return its id."""

    def run(service, **body):
        made = service.create(prompt=PROMPT, **body)["sessionId"]
        eventually(lambda: service.snapshot(made)["status"], {"succeeded", "failed"}.__contains__)
        return made

    return run


def happened(safelight, made, *arguments):
    """Return the whole story as a machine reads it."""
    result = safelight("journal", made, "--json", *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout)


def kinds(story):
    return [one["kind"] for one in story["happened"]]


def test_a_success_is_told_from_intent_to_kept_picture_beside_the_service_that_runs(safelight, paid, ended, tmp_path):
    made = ended(paid, providerId="paid", options={"script": PAINT})
    result = safelight("journal", made[:8])
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == f"{made}  succeeded, charged: yes"
    order = (
        "asked of 'paid'",
        "to be handed in at 'paid' (remote)",
        "taken by 'paid' as job sim-",
        "output 1 kept:",
        "succeeded",
    )
    places = [next(n for n, line in enumerate(lines) if words in line and re.match(r"\d\d:", line)) for words in order]
    assert places == sorted(places)
    [file] = [line.strip() for line in lines if "/outputs/" in line]
    assert (tmp_path / file).read_bytes().startswith(b"\x89PNG")
    assert [line for line in lines if len(line) > 80] == [f"{'':14}{file}"], "only what is to be copied may be long"
    assert "Attempt 1 was charged: 'paid' said so." in result.stdout
    assert "It cost 0.04 USD, the provider says." in result.stdout
    assert paid.snapshot(made)["status"] == "succeeded", "and the service goes on"


@pytest.mark.parametrize(
    ("body", "outcome", "charged", "words"),
    [
        ({"options": {"scenario": "failure", "seconds": 0}}, "failed", "unknown", "has not said whether it charged"),
        ({"options": {"scenario": "outcome-unknown", "seconds": 0}}, "unknown", "unknown", "no answer is known"),
        ({"options": {"submit": "rejected"}}, "rejected", "no", "was refused by 'paid'"),
        ({"options": {"submit": "not_sent"}}, "failed", "no", "Attempt 2 was never sent to 'paid'."),
        ({"providerId": "inside", "options": {"script": STALL}}, "expired", "no", "within the stall deadline of 1.5 s"),
        ({"options": {"script": STALL}, "deadline": 0.5}, "expired", "unknown", "within the total deadline of 0.5 s"),
        ({"options": {"scenario": "empty", "seconds": 0}}, "failed", "unknown", "without an output"),
        ({"providerId": "inside", "options": {"scenario": "crash", "seconds": 0}}, "failed", "no", "ran inside the service"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_every_kind_of_ending_says_what_is_known_of_the_money(safelight, paid, ended, body, outcome, charged, words):
    made = ended(paid, **{"providerId": "paid", **body})
    story = happened(safelight, made)
    assert (story["status"]["outcome"], story["verdict"]["charged"]) == (outcome, charged)
    assert story["status"]["charged"] == charged
    assert words in " ".join(safelight("journal", made).stdout.split())
    assert story["verdict"]["advice"]


def test_a_fallback_is_told_attempt_by_attempt_with_what_came_next(safelight, paid, ended):
    script = [{"do": "started"}, {"do": "fail", "text": "Out of memory.", "charged": "yes"}]
    made = ended(paid, providerId="pictures", options={"script": script})
    story = happened(safelight, made)
    first, second = story["attempts"]
    assert (first["provider"], first["result"], first["charged"], first["ground"]) == ("paid", "failed", "yes", "said")
    assert (second["provider"], second["durability"], second["ground"]) == ("inside", "process", "inside")
    assert first["intentAt"] <= first["acceptedAt"] <= first["endedAt"] <= second["intentAt"]
    assert "Out of memory. ('inside' is next, at once)" in " ".join(safelight("journal", made).stdout.split())


def test_a_cancel_is_told_from_the_wish_to_the_answer(safelight, paid, eventually):
    made = paid.create(providerId="paid", options={"script": STALL})["sessionId"]
    eventually(lambda: paid.snapshot(made).get("progress"), lambda progress: progress == 50)
    assert safelight("cancel", made).returncode == 0
    story = happened(safelight, made)
    assert story["status"]["outcome"] == "canceled"
    wish, *answered = [one["text"] for one in story["happened"] if one["kind"] in {"cancel", "outcome", "ended"}]
    assert wish == "a cancel was asked for"
    assert answered == ["canceled", "the cancel is confirmed: nothing runs any more", "canceled, charged: unknown"]


def test_what_came_after_the_end_is_told_and_changes_the_verdict_but_no_snapshot(safelight, paid, ended, eventually):
    made = ended(paid, providerId="inside", options={"script": LATE})
    story = eventually(
        lambda: happened(safelight, made),
        lambda story: any(it["kind"] == "Succeeded" for it in story["late"]) and any(it["isLate"] for it in story["outputs"]),
    )
    assert kinds(story)[-1] == "late"
    assert (story["status"]["outcome"], story["status"]["charged"]) == ("failed", "no")
    assert story["verdict"]["charged"] == "yes"
    assert "After its end, attempt 1 was heard to have succeeded, charged: yes." in story["verdict"]["money"]
    assert [Path(output["file"]).is_file() for output in story["outputs"] if output["isLate"]] == [True]


def test_after_kill_nine_it_is_told_with_nobody_there_and_again_after_the_restart(safelight, launch, paid, eventually, tmp_path):
    made = paid.create(providerId="paid", options={"script": LONG})["sessionId"]
    eventually(lambda: paid.snapshot(made).get("progress"), lambda progress: progress == 50)
    paid.kill()
    log = (tmp_path / "data" / "journal.sqlite3-wal").read_bytes()
    story = happened(safelight, made[:10])
    job = story["attempts"][0]["job"]["id"]
    assert story["verdict"]["ended"] == "It has not ended: it is running."
    assert story["verdict"]["advice"] == [
        f"No service runs on this data folder. Start one, and it watches the job {job} of 'paid' on."
    ]
    assert (tmp_path / "data" / "journal.sqlite3-wal").read_bytes() == log, "nothing was written"
    successor = launch().is_up()
    [taken] = [one for one in happened(safelight, made)["happened"] if one["kind"] == "taken_over"]
    assert f":{successor.pid}" in taken["text"]
    assert "It is being worked on" in happened(safelight, made)["verdict"]["advice"][0]


def test_what_a_killed_service_left_is_interrupted_and_says_so(safelight, launch, paid, eventually):
    made = paid.create(providerId="inside", options={"script": STALL})["sessionId"]
    eventually(lambda: paid.snapshot(made).get("progress"), lambda progress: progress == 50)
    paid.kill()
    launch().is_up()
    story = happened(safelight, made)
    assert kinds(story)[-3:] == ["taken_over", "outcome", "ended"]
    assert story["verdict"]["ended"].startswith("It ended as interrupted after ")
    assert story["verdict"]["advice"] == ["Asking again costs nothing twice."]


def test_a_service_that_left_in_order_is_told_of_without_a_trace_in_its_folder(safelight, paid, ended, tmp_path):
    made = ended(paid, providerId="paid", options={"script": PAINT})
    assert paid.left() == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")}
    assert safelight("journal", made).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")} == before


def test_the_prompt_and_secrets_are_in_no_word_of_it_unless_the_prompt_is_asked_for(safelight, paid, ended):
    made = ended(paid, providerId="paid", options={"script": QUOTES})
    for arguments in ([], ["--json"], ["--all"], ["--all", "--json"]):
        said = " ".join(safelight("journal", made, *arguments).stdout.split())
        assert PROMPT not in said
        assert "abcdefghijkl12345" not in said
    shown = safelight("journal", made, "--prompt").stdout
    assert f"prompt        {PROMPT}\n" in shown
    story = happened(safelight, made, "--prompt")
    assert story["generation"]["prompt"] == PROMPT
    assert story["status"]["error"] == f"Cannot paint '{PROMPT}' with Bearer [redacted]"


def test_every_snapshot_is_there_for_who_wants_all(safelight, paid, ended):
    made = ended(paid, providerId="inside", options={"scenario": "success", "seconds": 1}, params={"steps": 6})
    few, all_of_it = happened(safelight, made), happened(safelight, made, "--all")
    assert "progress" not in kinds(few)
    percents = [int(one["text"].split()[0]) for one in all_of_it["happened"] if one["kind"] == "progress" and "%" in one["text"]]
    assert percents == sorted(percents)
    assert percents[-1] > 50


def test_an_output_that_is_gone_is_missed(safelight, paid, ended, tmp_path):
    made = ended(paid, providerId="paid", options={"script": PAINT})
    shutil.rmtree(tmp_path / "data" / "outputs" / made)
    shown = safelight("journal", made).stdout
    assert "is not where it was kept" in shown
    assert "1 of its outputs cannot be found in the data folder." in " ".join(shown.split())


def test_a_forgotten_one_is_said_to_be_so(safelight, paid, ended):
    made = ended(paid, providerId="paid", options={"script": PAINT})
    paid.call("DELETE", f"/v1/generations/{made}")
    result = safelight("journal", made[:6])
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"safelight: The generation {made} was forgotten on ")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("0" * 32, "No generation of this journal begins with"),
        ("ffff", "No generation of this journal begins with 'ffff'. 'safelight list' shows what there is."),
        ("fff", "is not the id of a generation, nor four or more digits of its beginning"),
        ("a" * 33, "is not the id of a generation"),
        ("../..", "is not the id of a generation"),
    ],
)
def test_id_of_nothing_is_exit_code_1(safelight, service, typed, words):
    result = safelight("journal", typed)
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr


def test_a_beginning_that_several_share_is_not_guessed_at(safelight, service, tmp_path):
    made = [service.create(providerId="simulator", options={"seconds": 0})["sessionId"] for _ in range(2)]
    assert service.left() == 0
    alike = made[0][:4] + made[1][4:]
    with closing(sqlite3.connect(tmp_path / "data" / "journal.sqlite3")) as connection, connection:
        connection.execute("UPDATE generations SET id = ? WHERE id = ?", (alike, made[1]))
    result = safelight("journal", made[0][:4])
    assert result.returncode == 1
    assert "More than one generation begins with" in result.stderr
    assert made[0][:12] in result.stderr
    assert safelight("journal", made[0]).returncode == 0


def test_where_there_is_no_journal_that_is_said_and_none_is_made(safelight, tmp_path):
    result = safelight("journal", "abcd")
    assert result.returncode == 3
    assert result.stderr == "safelight: There is no journal in the data folder 'data'. --data DIR names another folder.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("version", "words"), [(99, "a newer one wrote it"), (1, "its next start on that folder brings it there")]
)
def test_a_journal_of_another_version_is_exit_code_3(safelight, service, tmp_path, version, words):
    assert service.left() == 0
    with closing(sqlite3.connect(tmp_path / "data" / "journal.sqlite3")) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    result = safelight("journal", "abcd")
    assert result.returncode == 3
    assert words in result.stderr


def test_a_journal_in_memory_is_nobodys_to_read(safelight):
    result = safelight("journal", "abcd", "--set", "journal.engine=memory")
    assert result.returncode == 3
    assert "in the memory of the service" in result.stderr


def test_faults_of_the_configuration_are_exit_code_78(safelight):
    result = safelight("journal", "abcd", "--set", "server.prot=1")
    assert result.returncode == 78
    assert "prot" in result.stderr


def test_on_a_terminal_it_has_colours_and_keeps_to_its_columns_and_no_color_is_heeded(start, service, ended):
    made = ended(service, providerId="simulator", options={"seconds": 0, "scenario": "failure"})
    colored = start("journal", made, terminal=(24, 60, 0, 0), TERM="xterm-256color")
    assert colored.ended() == 0
    assert "\x1b[31m" in colored.out
    plain = start("journal", made, terminal=(24, 60, 0, 0), TERM="xterm-256color", NO_COLOR="1")
    assert plain.ended() == 0
    assert "\x1b" not in plain.out
    assert max(len(line) for line in plain.out.splitlines()) <= 60
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored.out) == plain.out


def test_the_shell_completes_ids_though_no_service_runs(service, ended, tmp_path):
    made = ended(service, providerId="simulator", options={"seconds": 0})
    service.send(signal.SIGTERM)
    assert service.ended() == 0
    program = (
        f'PATH="{Path(sys.executable).parent}:$PATH"; source <(safelight completion bash); '
        f"COMP_WORDS=(safelight journal {made[:3]}); COMP_CWORD=2; "
        '_safelight_completion safelight; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == [made]
