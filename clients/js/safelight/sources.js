/** One connection to an event stream: the browser's own EventSource, or a fetch that can carry headers. */

import { request, SafelightError } from "./errors.js";
import { EventStreamParser } from "./parser.js";

/**
 * @typedef {object} SourceHooks
 * @property {() => void} onBytes Something came, a heartbeat at least. EventSource does not show heartbeats.
 * @property {(isResumed: boolean) => void} onOpen
 *   The service answered with a stream, which begins with a snapshot; a resumed one only with what is new, if anything is.
 * @property {(type: string, data: string) => void} onEvent
 * @property {(reason: string, retry: number | null) => void} onCut
 *   The connection is gone; connect again in `retry` milliseconds, or leave it to the source if that is null.
 * @property {(reason: string) => void} onRefused No stream is to be had here; asking by other means says why.
 *
 * @typedef {object} SourceOptions
 * @property {Record<string, string>} [headers]
 * @property {{id: string, retry: number}} memory What outlasts a connection: its last event id, the wait it was told.
 *
 * @typedef {(url: string, hooks: SourceHooks, options: SourceOptions) => () => void} Source Returns what closes it.
 */

/** @type {Source} */
export function openEventSource(url, hooks) {
  const source = new EventSource(url);
  let hasId = false; // what the browser says by itself when it comes back
  source.onopen = () => hooks.onOpen(hasId);
  source.onmessage = ({ data, lastEventId }) => {
    hasId = lastEventId !== "";
    hooks.onEvent("message", data);
  };
  source.addEventListener("log", ({ data }) => hooks.onEvent("log", data));
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) hooks.onRefused("The stream was refused.");
    else hooks.onCut("The connection was lost.", null); // it comes back by itself, when the service told it to
  };
  return () => source.close();
}

/** @type {Source} */
export function openFetch(url, hooks, { headers, memory }) {
  const closing = new AbortController();
  read(url, hooks, { headers, memory }, closing.signal).catch((error) => {
    if (closing.signal.aborted) return;
    if (!(error instanceof SafelightError)) hooks.onCut("The connection was lost.", memory.retry);
    else if (error.isFinal) hooks.onRefused(error.message);
    else hooks.onCut(error.message, error.retryAfter ?? memory.retry);
  });
  return () => closing.abort();
}

/**
 * @param {string} url
 * @param {SourceHooks} hooks
 * @param {SourceOptions} options
 * @param {AbortSignal} signal
 */
async function read(url, hooks, { headers, memory }, signal) {
  /** @type {Record<string, string>} */
  const place = memory.id ? { "Last-Event-ID": memory.id } : {};
  const response = await request(url, { headers: { Accept: "text/event-stream", ...place, ...headers }, signal });
  if (response.status === 204 || !response.body) return hooks.onRefused("There is nothing more to tell.");
  if (!/^text\/event-stream\b/i.test(response.headers.get("Content-Type") ?? "")) {
    await response.body.cancel();
    return hooks.onCut("The answer is no event stream.", memory.retry);
  }
  hooks.onOpen(memory.id !== "");
  const onRetry = (/** @type {number} */ milliseconds) => (memory.retry = milliseconds);
  const parser = new EventStreamParser({ onEvent: ({ type, data }) => hooks.onEvent(type, data), onRetry }, memory.id);
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || signal.aborted) break;
    hooks.onBytes();
    parser.push(value);
    memory.id = parser.lastEventId;
  }
  if (!signal.aborted) hooks.onCut("The stream was cut.", memory.retry); // only a snapshot ends a generation
}
