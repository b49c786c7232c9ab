"""The recipe for a backup, run beside a service at work: what it copies can be served, and holds all that it announces."""

import subprocess

PAGE = "docs/how-to/back-it-up.md"


def test_a_copy_made_while_it_runs_is_served_with_every_output_it_announces(document, launch, eventually, tmp_path):
    service = launch(data=tmp_path / "at").is_up()
    ended = service.create(providerId="simulator", options={"seconds": 0})["sessionId"]
    finished = eventually(lambda: service.snapshot(ended), lambda snapshot: snapshot["status"] == "succeeded")
    stalled = service.create(providerId="simulator", options={"script": [{"do": "started"}, {"do": "stall"}]})["sessionId"]
    eventually(lambda: service.snapshot(stalled), lambda snapshot: snapshot["status"] == "processing")
    recipe = document(PAGE).block("sh").replace("/var/lib/safelight", str(tmp_path / "at"))
    subprocess.run(["sh", "-euc", recipe.replace("/backup/safelight", str(tmp_path / "to"))], check=True, timeout=60)
    assert service.snapshot(stalled)["status"] == "processing", "nobody was held up"
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == ["journal.sqlite3", "outputs", "providers", "secret"]
    assert service.left() == 0

    restored = launch(data=tmp_path / "to").is_up()
    assert restored.snapshot(ended) == finished
    with restored.stream(finished["output"][0]) as picture:
        assert len(picture.answer.read()) == finished["outputs"][0]["bytes"]
    assert restored.snapshot(stalled)["outcome"] == "interrupted"
