/** The service this page came from, wherever it was opened: below a proxy's path, too. */

import * as client from "../safelight.js";
import { patience } from "./patience.js";

export { hasEnded, newer } from "../safelight.js";

/** The service's root, without a slash at its end. */
export const root = new URL("..", import.meta.url).href.replace(/\/$/, "");

const here = { baseUrl: root };
const OUTPUTS = "/v1/outputs/";
const RASTER = /^image\/(png|jpeg|webp|gif|avif)$/;
const LONGEST_WAIT = 15_000;

export const generate = (body) => client.generate(body, here);
export const watch = (id, hooks) => client.watch(id, { ...here, ...hooks });
export const cancel = (id) => client.cancel(id, here);
export const pause = (id) => client.pause(id, here);
export const resume = (id) => client.resume(id, here);
export const forget = (id) => client.forget(id, here);
export const list = (filter) => client.list(filter, here);

/**
 * Whether the service says that it does not have this, or no longer.
 *
 * @param {{code?: string}} error
 */
export const isGone = ({ code }) => code === "gone" || code === "not_found";

/** Return all providers, with what each can do and takes. */
export async function providers() {
  return (await readJson(`${root}/v1/providers`)).providers;
}

/**
 * Return a page of a generation's journal, oldest first.
 *
 * @param {string} id
 * @param {string} [after] An event's id.
 */
export async function history(id, after) {
  const query = new URLSearchParams({ limit: "250", ...(after && { after }) });
  return await readJson(`${root}/v1/generations/${id}/events?${query}`);
}

/**
 * Return where a file of the service is for this page. The service may write whole URLs of the name it is known by elsewhere
 * (`server.public_url`); the page fetches from where it came itself, and its policy allows nothing else.
 *
 * @param {string} url
 */
export function local(url) {
  const at = url.indexOf(OUTPUTS);
  return at < 0 ? url : root + url.slice(at);
}

/**
 * Return where a smaller look at an output is, if one can be had.
 *
 * @param {{url: string, type?: string}} output
 * @param {number} width
 */
export function thumbnail({ url, type }, width) {
  return RASTER.test(type ?? "") ? `${local(url)}?w=${width}` : null;
}

/**
 * Ask until there is an answer; waits grow, and end when there is new hope.
 *
 * @template T
 * @param {() => Promise<T>} ask
 * @param {(isLost: boolean) => void} onLost
 * @returns {Promise<T>}
 */
export async function insist(ask, onLost) {
  for (let wait = 1_000; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
    try {
      const answer = await ask();
      onLost(false);
      return answer;
    } catch (error) {
      if (!error.retryable) throw error;
      onLost(true);
      await patience(wait);
    }
  }
}

/** @param {string} url */
async function readJson(url) {
  let response;
  try {
    response = await fetch(url, { cache: "no-store", headers: { Accept: "application/json" } });
    if (response.ok) return await response.json();
  } catch (error) {
    throw new client.SafelightError({ code: "unreachable", detail: "The service did not answer.", retryable: true }, { cause: error });
  }
  const problem = await response.json().catch(() => ({ code: "foreign_answer", retryable: response.status >= 500 }));
  throw new client.SafelightError(problem, { status: response.status });
}
