"""Holding a generation still, over HTTP."""


async def developing(service):
    generation = await service.create(providerId="simulator", options={"seconds": 30})
    await service.until(generation, lambda snapshot: snapshot.get("progress", 0) > 0)
    return generation


async def test_a_generation_is_held_still_and_goes_on(service):
    generation = await developing(service)
    paused = await service.call("POST", f"/v1/generations/{generation}/pause")
    assert (paused.status, paused.json["phase"], paused.json["status"]) == (202, "paused", "processing")
    again = await service.call("POST", f"/v1/generations/{generation}/pause")
    assert (again.status, again.json["phase"]) == (202, "paused")
    resumed = await service.call("POST", f"/v1/generations/{generation}/resume")
    assert (resumed.status, resumed.json["phase"]) == (202, "running")
    await service.call("POST", f"/v1/generations/{generation}/cancel")


async def test_a_paused_generation_can_be_canceled(service):
    generation = await developing(service)
    await service.call("POST", f"/v1/generations/{generation}/pause")
    await service.call("POST", f"/v1/generations/{generation}/cancel")
    assert (await service.ended(generation))["outcome"] == "canceled"


async def test_a_provider_that_cannot_pause_is_a_conflict(service, puppet, check_problem):
    generation = await service.create()
    run = await puppet.run()
    await service.until(generation, lambda snapshot: snapshot["phase"] == "waiting")
    refused = await service.call("POST", f"/v1/generations/{generation}/pause")
    assert "cannot pause" in check_problem(refused, 409, "not_pausable")["detail"]
    run.succeed()
    await service.ended(generation)
    check_problem(await service.call("POST", f"/v1/generations/{generation}/resume"), 409, "not_pausable")


async def test_what_nobody_knows_cannot_be_paused(service, check_problem):
    check_problem(await service.call("POST", f"/v1/generations/{'0' * 32}/pause"), 404, "not_found")
