/**
 * Safelight in the browser and in Node: ask for generations, and watch them develop.
 *
 * @module safelight
 */

export { cancel, forget, generate, list, pause, resume } from "./safelight/calls.js";
export { SafelightError } from "./safelight/errors.js";
export { EventStreamParser } from "./safelight/parser.js";
export { hasEnded, newer } from "./safelight/snapshots.js";
export { Watch, watch } from "./safelight/watch.js";

/**
 * @typedef {import("./safelight/types.js").CallOptions} CallOptions
 * @typedef {import("./safelight/types.js").Connection} Connection
 * @typedef {import("./safelight/types.js").Created} Created
 * @typedef {import("./safelight/types.js").Draft} Draft
 * @typedef {import("./safelight/types.js").LogLine} LogLine
 * @typedef {import("./safelight/types.js").Output} Output
 * @typedef {import("./safelight/types.js").Page} Page
 * @typedef {import("./safelight/types.js").Problem} Problem
 * @typedef {import("./safelight/types.js").Snapshot} Snapshot
 * @typedef {import("./safelight/types.js").Transport} Transport
 * @typedef {import("./safelight/types.js").WatchOptions} WatchOptions
 */
