"""How long it may take yet, over HTTP: learned while the service runs, and not forgotten when it starts again."""

from safelight.config.model import Instance

FAST = {"seconds": 0.05}


async def develop(service, times):
    for _ in range(times):
        generation = await service.create(providerId="simulator", options=FAST)
        assert (await service.ended(generation))["status"] == "succeeded"


async def test_the_fourth_run_says_how_long_it_may_take_and_the_first_three_do_not(serve):
    service = await serve()
    for _ in range(3):
        generation = await service.create(providerId="simulator", options=FAST)
        snapshots = [event.data for event in await (await service.watch(generation, "?from=start")).rest()]
        assert all(snapshot.get("eta", {}).get("basis") in {None, "provider"} for snapshot in snapshots)
    generation = await service.create(providerId="simulator", options=FAST)
    events = await (await service.watch(generation, "?from=start")).rest()
    first = events[0].data["eta"]
    assert (first["basis"], first["samples"]) == ("history", 3)
    assert 0 <= first["p50"] <= first["p90"]
    assert "eta" not in events[-1].data


async def test_what_was_learned_is_known_after_a_restart(serve, tmp_path):
    service = await serve(engine="sqlite")
    await develop(service, 3)
    await service.core.__aexit__(None, None, None)
    again = await serve(engine="sqlite")
    generation = await again.create(providerId="simulator", options=FAST)
    events = await (await again.watch(generation, "?from=start")).rest()
    assert events[0].data["eta"]["samples"] == 3


async def test_whoever_waits_for_a_slot_is_told_of_the_wait_too(serve):
    one = {"simulator": Instance(plugin="simulator", max_concurrency=1)}
    service = await serve(providers=one)
    await develop(service, 3)
    await service.create(providerId="simulator", options={"seconds": 20})
    second = await service.snapshot(await service.create(providerId="simulator", options=FAST))
    assert (second["phase"], second["eta"]["basis"], second["eta"]["samples"]) == ("queued", "queue", 3)
