/** A server that does to the client what networks do. */

import { once } from "node:events";
import { createServer } from "node:http";
import { after, before } from "node:test";
import { timing } from "../safelight/timing.js";

export const ID = "0123456789abcdef0123456789abcdef";

export const snapshot = (seq, more) => ({ sessionId: ID, providerId: "p", status: "processing", epoch: 7, seq, ...more });
export const event = (value, id) => `${id ? `id: ${value.epoch}-${value.seq}\n` : ""}data: ${JSON.stringify(value)}\n\n`;

/** Make time short for the tests of this file. */
export function hurry(times) {
  const usual = { ...timing };
  before(() => Object.assign(timing, { retry: 20, longestRetry: 40, ...times }));
  after(() => Object.assign(timing, usual));
}

/**
 * Serve on a free port. `streams` answers requests for streams, `polls` others, each with `(response, request, number)`.
 */
export async function serve(t, { streams, polls }) {
  const seen = { streams: [], polls: [], open: 0, most: 0 };
  const server = createServer((request, response) => {
    const isStream = /\/events(\?|$)/.test(request.url);
    const requests = isStream ? seen.streams : seen.polls;
    requests.push(request);
    seen.open += 1;
    seen.most = Math.max(seen.most, seen.open);
    response.on("close", () => (seen.open -= 1));
    (isStream ? streams : polls)(response, request, requests.length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { ...seen, seen, baseUrl: `http://127.0.0.1:${server.address().port}` };
}

/** Begin a stream as the service does. */
export function begin(response, ...events) {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  response.write(`: ok\nretry: 20\n\n${events.join("")}`);
}

export function json(response, value, status = 200) {
  response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json" });
  response.end(JSON.stringify(value));
}

/** Wait until something is so. */
export async function until(condition, what = String(condition)) {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
