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
export function generate(draft: Draft, { baseUrl, headers, signal, idempotencyKey }?: CallOptions & {
    idempotencyKey?: string;
}): Promise<Created>;
/**
 * Ask for a cancel; what comes of it shows while watching.
 *
 * @param {string} idOrUrl
 * @param {CallOptions} [options]
 * @returns {Promise<Snapshot>}
 */
export function cancel(idOrUrl: string, options?: CallOptions): Promise<Snapshot>;
/**
 * Hold a generation still, if its provider can.
 *
 * @param {string} idOrUrl
 * @param {CallOptions} [options]
 * @returns {Promise<Snapshot>}
 */
export function pause(idOrUrl: string, options?: CallOptions): Promise<Snapshot>;
/**
 * Let a held generation go on.
 *
 * @param {string} idOrUrl
 * @param {CallOptions} [options]
 * @returns {Promise<Snapshot>}
 */
export function resume(idOrUrl: string, options?: CallOptions): Promise<Snapshot>;
/**
 * Forget a finished generation and its outputs.
 *
 * @param {string} idOrUrl
 * @param {CallOptions} [options]
 * @returns {Promise<void>}
 */
export function forget(idOrUrl: string, { baseUrl, headers, signal }?: CallOptions): Promise<void>;
/**
 * List the caller's own generations, newest first.
 *
 * @param {{status?: string | string[], ref?: string, limit?: number, cursor?: string}} [filter]
 * @param {CallOptions} [options]
 * @returns {Promise<Page>}
 */
export function list(filter?: {
    status?: string | string[];
    ref?: string;
    limit?: number;
    cursor?: string;
}, { baseUrl, headers, signal }?: CallOptions): Promise<Page>;
export type CallOptions = import("./types.js").CallOptions;
export type Created = import("./types.js").Created;
export type Draft = import("./types.js").Draft;
export type Page = import("./types.js").Page;
export type Snapshot = import("./types.js").Snapshot;
