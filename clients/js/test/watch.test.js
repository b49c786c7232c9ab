/** Cut, silent, buffered, refused: what a watch makes of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SafelightError, newer, watch } from "../safelight.js";
import { timing } from "../safelight/timing.js";
import { ID, begin, event, hurry, json, serve, snapshot, until } from "./scripted.js";

const NEVER = () => assert.fail("this must not be asked");
const END = snapshot(9, { status: "succeeded", progress: 100, output: ["/x"] });
const GONE = { code: "gone", detail: "It was forgotten.", retryable: false, requestId: "r1" };

hurry({ first: 250, silence: 300, poll: 1000, pollSlack: 2000, trial: 60_000 });

test("newer compares epoch, then seq, as whole numbers", () => {
  assert.ok(newer({ epoch: 1, seq: 10 }, { epoch: 1, seq: 9 }));
  assert.ok(newer({ epoch: 2, seq: 1 }, { epoch: 1, seq: 9 }));
  assert.ok(!newer({ epoch: 1, seq: 10 }, { epoch: 2, seq: 1 }));
  assert.ok(!newer({ epoch: 1, seq: 9 }, { epoch: 1, seq: 9 }));
  assert.ok(newer({ epoch: 1, seq: 0 }, null));
  assert.ok(newer({ epoch: "9007199254740993", seq: 1 }, { epoch: "9007199254740992", seq: 5 }));
});

test("a cut is lost and open again, never an end", async (t) => {
  const { baseUrl } = await serve(t, {
    streams: (response, _request, number) => {
      begin(response, event(snapshot(number)));
      if (number < 4) setTimeout(() => (number % 2 ? response.destroy() : response.end()), 20);
      else response.write(event(END));
    },
    polls: NEVER,
  });
  const [seqs, states] = [[], []];
  const watching = watch(ID, { baseUrl, onStatus: ({ seq }) => seqs.push(seq), onConnection: ({ state }) => states.push(state) });
  assert.deepEqual(await watching.ended, END);
  assert.deepEqual(seqs, [1, 2, 3, 4, 9]);
  assert.deepEqual(states, ["open", "lost", "open", "lost", "open", "lost", "open"]);
});

test("the newest is kept whatever comes, and an older end is no end", async (t) => {
  const stale = [snapshot(3), snapshot(2), snapshot(3), snapshot(50, { epoch: 6, status: "failed", error: "old" })];
  const { baseUrl } = await serve(t, {
    streams: (response) => begin(response, ...stale.map((one) => event(one)), event(END), event(snapshot(10))),
    polls: NEVER,
  });
  const seqs = [];
  const watching = watch(ID, { baseUrl, onStatus: ({ seq }) => seqs.push(seq) });
  await watching.ended;
  assert.deepEqual(seqs, [3, 9]);
  assert.deepEqual(watching.latest, END);
});

test("a stream of its own comes back with its last event id", async (t) => {
  const { baseUrl, streams } = await serve(t, {
    streams: (response, _request, number) => {
      begin(response, event(number === 1 ? snapshot(1) : END, "id"));
      if (number === 1) setTimeout(() => response.destroy(), 20);
    },
    polls: NEVER,
  });
  const url = `${baseUrl}/v1/generations/${ID}/events?ticket=t`;
  await watch(url, { headers: { Authorization: "Bearer x" } }).ended;
  assert.deepEqual(streams.map(({ url }) => url), Array(2).fill(`/v1/generations/${ID}/events?ticket=t`));
  assert.deepEqual(streams.map(({ headers }) => headers["last-event-id"]), [undefined, "7-1"]);
  assert.deepEqual(streams.map(({ headers }) => headers.authorization), ["Bearer x", "Bearer x"]);
});

test("a stream that is cut while nothing happens comes back as a stream", async (t) => {
  const { baseUrl, streams } = await serve(t, {
    streams: (response, _request, number) => {
      begin(response, ...(number === 1 ? [event(snapshot(1), "id")] : []));
      if (number === 1) setTimeout(() => response.destroy(), 20);
      else setTimeout(() => response.write(event(END, "id")), timing.first + 30); // later than a stream that is held back would be given up
    },
    polls: NEVER,
  });
  const states = [];
  await watch(ID, { baseUrl, transport: "fetch", onConnection: ({ state }) => states.push(state) }).ended;
  assert.equal(streams.length, 2);
  assert.deepEqual(states, ["open", "lost", "open"]);
});

test("a silent connection is opened anew, and heartbeats are no silence", async (t) => {
  let heartbeat;
  t.after(() => clearInterval(heartbeat));
  const { baseUrl, streams } = await serve(t, {
    streams: (response, _request, number) => {
      begin(response, event(snapshot(number)));
      if (number === 1) {
        let beats = 0;
        heartbeat = setInterval(() => (++beats < 8 ? response.write(": hb\n\n") : clearInterval(heartbeat)), 100);
      } else response.write(event(END));
    },
    polls: NEVER,
  });
  const began = Date.now();
  const states = [];
  await watch(ID, { baseUrl, onConnection: ({ state }) => states.push(state) }).ended;
  assert.equal(streams.length, 2);
  assert.ok(Date.now() - began > 900, "the heartbeats did not count");
  assert.deepEqual(states, ["open"]);
});

for (const [name, hold] of [
  ["holds everything", () => {}],
  ["lets the headers through", (response) => response.writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders()],
  ["lets the first bytes through", (response) => begin(response)],
]) {
  test(`a network that ${name} is polled through`, async (t) => {
    const { baseUrl, seen } = await serve(t, {
      streams: hold,
      polls: (response, request) => {
        const after = new URL(request.url, "http://x").searchParams.get("after");
        json(response, after === null ? snapshot(1) : after === "7-1" ? snapshot(2) : END);
      },
    });
    const [seqs, states] = [[], []];
    await watch(ID, { baseUrl, onStatus: ({ seq }) => seqs.push(seq), onConnection: ({ state }) => states.push(state) }).ended;
    assert.deepEqual(seqs, [1, 2, 9]);
    assert.deepEqual(states, ["polling"]);
    await until(() => seen.open === 0, "all connections are closed");
  });
}

test("a network that lets only the first snapshot of each stream through is found out", async (t) => {
  let seq = 0;
  const { baseUrl } = await serve(t, {
    streams: (response) => begin(response, event(snapshot((seq += 3)))),
    polls: (response) => json(response, snapshot(99, { status: "succeeded" })),
  });
  const states = [];
  await watch(ID, { baseUrl, onConnection: ({ state }) => states.push(state) }).ended;
  assert.deepEqual(states, ["open", "polling"]);
  assert.equal(seq, 9, "one silence may be a dead connection, two are a rule");
});

test("a stream that is silent because nothing happens stays a stream", async (t) => {
  const { baseUrl, streams } = await serve(t, {
    streams: (response, _request, number) => begin(response, event(number < 5 ? snapshot(1) : END)),
    polls: NEVER,
  });
  const states = [];
  await watch(ID, { baseUrl, onConnection: ({ state }) => states.push(state) }).ended;
  assert.equal(streams.length, 5);
  assert.deepEqual(states, ["open"]);
});

test("polling goes back to a stream that works", async (t) => {
  hurryNow(t, { trial: 50 });
  const { baseUrl, polls } = await serve(t, {
    streams: (response, _request, number) => {
      if (number === 1) return;
      begin(response, event(snapshot(2)));
      setTimeout(() => response.write(event(END)), 50);
    },
    polls: (response, request) => {
      if (!request.url.includes("after=")) json(response, snapshot(1)); // else it waits
    },
  });
  const states = [];
  await watch(ID, { baseUrl, onConnection: ({ state }) => states.push(state) }).ended;
  assert.deepEqual(states, ["polling", "open"]);
  assert.equal(polls.length, 2);
});

test("a stream that is refused is asked after, and the refusal is the watch's", async (t) => {
  const { baseUrl } = await serve(t, {
    streams: (response) => json(response, GONE, 410),
    polls: (response) => json(response, GONE, 410),
  });
  const errors = [];
  const watching = watch(ID, { baseUrl, onStatus: NEVER, onError: (error) => errors.push(error) });
  await assert.rejects(watching.ended, (error) => error instanceof SafelightError && error.code === "gone" && error.status === 410);
  assert.deepEqual(errors.map(({ message, requestId }) => [message, requestId]), [["It was forgotten.", "r1"]]);
});

test("an unknown generation is an error on a shared stream, and others go on", async (t) => {
  const other = "f".repeat(32);
  const unknown = { status: "failed", sessionId: other, error: "No such generation.", code: "not_found", epoch: 0, seq: 0 };
  const { baseUrl, streams } = await serve(t, {
    streams: (response) => begin(response, event(unknown), event(END)),
    polls: NEVER,
  });
  const [bad, good] = [watch(other, { baseUrl }), watch(ID, { baseUrl })];
  await assert.rejects(bad.ended, { code: "not_found", message: "No such generation." });
  assert.equal((await good.ended).status, "succeeded");
  await assert.rejects(watch(other, { baseUrl }).ended, { code: "not_found" });
  assert.equal(streams.length, 2);
});

test("an answer that is not Safelight's is no refusal", async (t) => {
  const { baseUrl } = await serve(t, {
    streams: (response, _request, number) => {
      if (number === 1) response.writeHead(404, { "Content-Type": "text/html" }).end("<h1>Not here");
      else if (number === 2) response.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Please log in");
      else begin(response, event(END));
    },
    polls: NEVER,
  });
  const reasons = [];
  await watch(ID, { baseUrl, onConnection: ({ reason }) => reasons.push(reason) }).ended;
  assert.deepEqual(reasons, ["The answer (404) is not one of Safelight's.", undefined]);
});

test("a busy service says when to come back, and is left alone until then", async (t) => {
  const times = [];
  const { baseUrl } = await serve(t, {
    streams: (response, _request, number) => {
      times.push(Date.now());
      if (number > 1) return begin(response, event(END));
      response.writeHead(200, { "Content-Type": "text/event-stream" }).end("retry: 600\n: busy\n\n");
    },
    polls: NEVER,
  });
  await watch(ID, { baseUrl }).ended;
  assert.ok(times[1] - times[0] > 400);
});

test("closing ends the connection and the promise, and says nothing more", async (t) => {
  const { baseUrl, seen } = await serve(t, { streams: (response) => begin(response, event(snapshot(1))), polls: NEVER });
  const watching = watch(ID, { baseUrl });
  await until(() => watching.latest);
  watching.close();
  await assert.rejects(watching.ended, { name: "AbortError" });
  await until(() => seen.open === 0, "the connection is closed");
});

test("a signal closes with its own reason", async (t) => {
  const { baseUrl } = await serve(t, { streams: (response) => begin(response), polls: NEVER });
  await assert.rejects(watch(ID, { baseUrl, signal: AbortSignal.abort(new Error("enough")) }).ended, /enough/);
});

test("to stop and start within one turn opens one stream", async (t) => {
  const { baseUrl, streams } = await serve(t, { streams: (response) => begin(response, event(END)), polls: NEVER });
  watch(ID, { baseUrl }).close();
  await watch(ID, { baseUrl }).ended;
  assert.equal(streams.length, 1);
});

test("a second watch of the same begins with what is known and opens nothing", async (t) => {
  let release;
  const { baseUrl, streams } = await serve(t, {
    streams: (response) => {
      begin(response, event(snapshot(1)));
      release = () => response.write(event(END));
    },
    polls: NEVER,
  });
  const first = watch(ID, { baseUrl });
  await until(() => first.latest);
  const second = watch(ID, { baseUrl });
  await until(() => second.latest);
  release();
  assert.deepEqual(await Promise.all([first.ended, second.ended]), [END, END]);
  assert.equal(streams.length, 1);
});

test("one that has ended can be watched again while others run", async (t) => {
  const running = "e".repeat(32);
  const { baseUrl, seen } = await serve(t, {
    streams: (response) => begin(response, event(snapshot(1, { sessionId: running })), event(END)),
    polls: NEVER,
  });
  const other = watch(running, { baseUrl });
  await watch(ID, { baseUrl }).ended;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await watch(ID, { baseUrl }).ended).seq, 9);
  assert.ok(seen.open <= 1);
  other.close();
});

test("120 generations take two streams, and at most three connections when polled", async (t) => {
  const ids = Array.from({ length: 120 }, (_, n) => n.toString(16).padStart(32, "0"));
  for (const isHeld of [false, true]) {
    const { baseUrl, streams, seen } = await serve(t, {
      streams: (response, request) => {
        if (isHeld) return;
        const asked = new URL(request.url, "http://x").searchParams.getAll("id");
        begin(response, ...asked.map((id) => event({ ...END, sessionId: id })));
      },
      polls: (response, request) => json(response, { ...END, sessionId: request.url.split(/[/?]/)[3] }),
    });
    const ends = await Promise.all(ids.map((id) => watch(id, { baseUrl }).ended));
    assert.deepEqual(ends.map(({ sessionId }) => sessionId), ids);
    const sizes = streams.map(({ url }) => new URL(url, "http://x").searchParams.getAll("id").length);
    assert.deepEqual(sizes, [100, 20]);
    if (isHeld) assert.ok(seen.most <= 5, `${seen.most} connections at once`); // two streams are given up as polls begin
  }
});

test("iterating gives snapshots up to the last, the newest to who is slow", async (t) => {
  const { baseUrl } = await serve(t, {
    streams: (response) => {
      begin(response, event(snapshot(1)));
      setTimeout(() => response.write([2, 3, 4].map((seq) => event(snapshot(seq))).join("") + event(END)), 30);
    },
    polls: NEVER,
  });
  const seqs = [];
  for await (const { seq } of watch(ID, { baseUrl })) seqs.push(seq);
  assert.deepEqual([seqs[0], seqs.at(-1)], [1, 9]);
});

test("to break out of an iteration closes the watch", async (t) => {
  const { baseUrl, seen } = await serve(t, { streams: (response) => begin(response, event(snapshot(1))), polls: NEVER });
  for await (const { seq } of watch(ID, { baseUrl })) if (seq === 1) break;
  await until(() => seen.open === 0, "the connection is closed");
});

test("lines of the log come to who asks for them", async (t) => {
  const { baseUrl, streams } = await serve(t, {
    streams: (response) => {
      const said = { sessionId: ID, at: "2026-01-01T00:00:00.000Z", line: "step 1" };
      begin(response, event(snapshot(1)), `event: log\ndata: ${JSON.stringify(said)}\n\n`, event(END));
    },
    polls: NEVER,
  });
  const lines = [];
  await watch(ID, { baseUrl, onLog: ({ line }) => lines.push(line) }).ended;
  assert.deepEqual(lines, ["step 1"]);
  assert.equal(streams[0].url, `/v1/generations/${ID}/events?events=log`);
});

test("what is no id, no stream and no place is refused at once", () => {
  assert.throws(() => watch("https://x.example/elsewhere"), TypeError);
  assert.throws(() => watch(ID), /baseUrl/);
  assert.throws(() => watch(ID, { baseUrl: "http://x.example", transport: "eventsource", headers: { A: "b" } }), /headers/);
});

/** Make time short for one test. */
function hurryNow(t, times) {
  const usual = Object.fromEntries(Object.keys(times).map((name) => [name, timing[name]]));
  Object.assign(timing, times);
  t.after(() => Object.assign(timing, usual));
}

test("a transport that does not exist, here or anywhere, is refused at once", () => {
  assert.throws(() => watch(ID, { baseUrl: "http://127.0.0.1:1", transport: /** @type {any} */ ("bogus") }), TypeError);
  if (typeof EventSource !== "function") {
    assert.throws(() => watch(ID, { baseUrl: "http://127.0.0.1:1", transport: "eventsource" }), TypeError);
  }
});
