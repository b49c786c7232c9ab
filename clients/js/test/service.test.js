/** Against a running service, whose address is in SERVICE_URL. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SafelightError, cancel, forget, generate, hasEnded, watch } from "../safelight.js";
import { until } from "./scripted.js";

const baseUrl = process.env.SERVICE_URL;
assert.ok(baseUrl, "SERVICE_URL is not set; tests/clients/test_js_node.py starts a service and sets it");

const draft = (options) => ({ prompt: "a lighthouse at dusk", providerId: "simulator", options });

for (const transport of ["auto", "fetch", "poll"]) {
  test(`a generation is seen from start to end by ${transport}`, async () => {
    const { sessionId } = await generate(draft({ seconds: 1 }), { baseUrl });
    const snapshots = [];
    const states = [];
    const watching = watch(sessionId, {
      baseUrl,
      transport,
      onStatus: (snapshot) => snapshots.push(snapshot),
      onConnection: ({ state }) => states.push(state),
    });
    const end = await watching.ended;
    assert.deepEqual([end.status, end.progress, end.output.length], ["succeeded", 100, 1]);
    assert.deepEqual(snapshots.at(-1), end);
    assert.ok(snapshots.length > 2, "it was seen developing");
    assert.equal(snapshots.filter(hasEnded).length, 1);
    assert.deepEqual(states, [transport === "poll" ? "polling" : "open"]);
    assert.equal((await fetch(new URL(end.output[0], baseUrl))).status, 200);
  });
}

test("the stream's URL will do for an id", async () => {
  const { streamUrl, sessionId } = await generate(draft({ seconds: 0 }), { baseUrl });
  const watching = watch(streamUrl, { baseUrl });
  assert.equal(watching.id, sessionId);
  assert.equal((await watching.ended).outcome, "succeeded");
});

test("every way of failing is an end with a sentence", async () => {
  const scenarios = ["failure", "nsfw", "crash", "empty", "outcome-unknown"];
  for (const scenario of scenarios) {
    const { sessionId } = await generate(draft({ scenario, seconds: 0.2 }), { baseUrl });
    const end = await watch(sessionId, { baseUrl }).ended;
    assert.equal(end.status, "failed", scenario);
    assert.ok(end.error && end.code, scenario);
  }
});

test("a cancel shows on the watch", async () => {
  const { sessionId } = await generate(draft({ seconds: 60 }), { baseUrl });
  const watching = watch(sessionId, { baseUrl });
  await until(() => watching.latest);
  assert.equal((await cancel(sessionId, { baseUrl })).sessionId, sessionId);
  assert.deepEqual((({ status, outcome }) => [status, outcome])(await watching.ended), ["failed", "canceled"]);
});

test("many generations at once come to their own ends", async () => {
  const seeds = Array.from({ length: 12 }, (_, n) => n);
  const made = await Promise.all(seeds.map(() => generate(draft({ seconds: 0.5 }), { baseUrl })));
  const ends = await Promise.all(made.map(({ sessionId }) => watch(sessionId, { baseUrl }).ended));
  assert.deepEqual(ends.map(({ sessionId }) => sessionId), made.map(({ sessionId }) => sessionId));
  assert.ok(ends.every(({ status }) => status === "succeeded"));
});

for (const transport of ["auto", "fetch", "poll"]) {
  test(`an unknown generation is an error by ${transport}`, async () => {
    const watching = watch("0".repeat(32), { baseUrl, transport });
    await assert.rejects(watching.ended, (error) => error instanceof SafelightError && error.code === "not_found" && error.status === 404);
  });

  test(`a forgotten generation is gone by ${transport}`, async () => {
    const { sessionId } = await generate(draft({ seconds: 0 }), { baseUrl });
    await watch(sessionId, { baseUrl }).ended;
    await forget(sessionId, { baseUrl });
    const watching = watch(sessionId, { baseUrl, transport });
    await assert.rejects(watching.ended, (error) => error instanceof SafelightError && error.code === "gone" && error.status === 410);
  });
}

test("a refused call says the service's sentence, code and faults", async () => {
  await assert.rejects(generate({ prompt: "", promt: "x" }, { baseUrl }), (error) => {
    assert.ok(error instanceof SafelightError);
    assert.deepEqual([error.code, error.status, error.retryable], ["invalid_input", 422, false]);
    assert.ok(error.problem.faults.length > 0 && error.requestId);
    return true;
  });
});

test("a service that is not there is unreachable, and worth another try", async () => {
  const nowhere = { baseUrl: "http://127.0.0.1:1" };
  await assert.rejects(generate(draft({}), nowhere), { code: "unreachable", retryable: true, status: 0 });
});
