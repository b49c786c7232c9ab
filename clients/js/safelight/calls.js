/** Ask for a generation, steer it, look back. */

import { generationUrl, rootOf } from "./address.js";
import { request, requestJson } from "./errors.js";

/**
 * @typedef {import("./types.js").CallOptions} CallOptions
 * @typedef {import("./types.js").Created} Created
 * @typedef {import("./types.js").Draft} Draft
 * @typedef {import("./types.js").Page} Page
 * @typedef {import("./types.js").Snapshot} Snapshot
 */

/**
 * Ask for a generation.
 *
 * @param {Draft} draft
 * @param {CallOptions & {idempotencyKey?: string}} [options] With a key, the same call twice is one generation.
 * @returns {Promise<Created>}
 * @throws {import("./errors.js").SafelightError}
 */
export async function generate(draft, { baseUrl, headers, signal, idempotencyKey } = {}) {
  return await requestJson(`${rootOf(baseUrl)}/v1/generations`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(idempotencyKey && { "Idempotency-Key": idempotencyKey }), ...headers },
    body: JSON.stringify(draft),
    signal,
  });
}

/**
 * Ask for a cancel; what comes of it shows while watching.
 *
 * @param {string} idOrUrl
 * @param {CallOptions} [options]
 * @returns {Promise<Snapshot>}
 */
export async function cancel(idOrUrl, options) {
  return await steer(idOrUrl, "cancel", options);
}

/**
 * Hold a generation still, if its provider can.
 *
 * @param {string} idOrUrl
 * @param {CallOptions} [options]
 * @returns {Promise<Snapshot>}
 */
export async function pause(idOrUrl, options) {
  return await steer(idOrUrl, "pause", options);
}

/**
 * Let a held generation go on.
 *
 * @param {string} idOrUrl
 * @param {CallOptions} [options]
 * @returns {Promise<Snapshot>}
 */
export async function resume(idOrUrl, options) {
  return await steer(idOrUrl, "resume", options);
}

/**
 * Forget a finished generation and its outputs.
 *
 * @param {string} idOrUrl
 * @param {CallOptions} [options]
 * @returns {Promise<void>}
 */
export async function forget(idOrUrl, { baseUrl, headers, signal } = {}) {
  await request(generationUrl(idOrUrl, baseUrl), { method: "DELETE", headers, signal });
}

/**
 * List the caller's own generations, newest first.
 *
 * @param {{status?: string | string[], ref?: string, limit?: number, cursor?: string}} [filter]
 * @param {CallOptions} [options]
 * @returns {Promise<Page>}
 */
export async function list(filter = {}, { baseUrl, headers, signal } = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, String(value));
  return await requestJson(`${rootOf(baseUrl)}/v1/generations?${query}`, { headers, signal });
}

/**
 * @param {string} idOrUrl
 * @param {"cancel" | "pause" | "resume"} verb
 * @param {CallOptions} [options]
 * @returns {Promise<Snapshot>}
 */
async function steer(idOrUrl, verb, { baseUrl, headers, signal } = {}) {
  return await requestJson(`${generationUrl(idOrUrl, baseUrl)}/${verb}`, { method: "POST", headers, signal });
}
