/** Watch one generation to its end. */

import { placeOf } from "./address.js";
import { deskFor } from "./desk.js";
import { hasEnded, newer } from "./snapshots.js";

/**
 * @typedef {import("./types.js").Connection} Connection
 * @typedef {import("./types.js").Snapshot} Snapshot
 * @typedef {import("./types.js").WatchOptions} WatchOptions
 * @typedef {import("./errors.js").SafelightError} SafelightError
 */

/**
 * One generation that is being watched. It is over when its last snapshot came, when the service says that there is no such
 * generation, or when it is closed; a lost connection is none of these.
 *
 * @implements {AsyncIterable<Snapshot>}
 */
export class Watch {
  #options;
  #unfollow;
  /** @type {Snapshot | null} */
  #latest = null;
  /** @type {"watching" | "ended" | "refused" | "closed"} */
  #state = "watching";
  /** @type {Set<() => void>} */
  #waiting = new Set();
  /** @type {(snapshot: Snapshot) => void} */
  #end = () => {};
  /** @type {(reason: unknown) => void} */
  #fail = () => {};

  /**
   * @param {string} idOrUrl
   * @param {WatchOptions} options
   */
  constructor(idOrUrl, options) {
    const place = placeOf(idOrUrl, options.baseUrl);
    this.#options = options;
    /** The generation. */
    this.id = place.id;
    /**
     * The last snapshot, once it came.
     *
     * @type {Promise<Snapshot>}
     */
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.ended.catch(() => {}); // who did not ask need not handle it; who did gets the error all the same
    this.#unfollow = deskFor(place, options).follow(place.id, {
      onSnapshot: (snapshot) => this.#onSnapshot(snapshot),
      onRefused: (error) => this.#onRefused(error),
      onConnection: (connection) => this.#call(options.onConnection, connection),
      onLog: (line) => this.#call(options.onLog, line),
    });
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (options.signal?.aborted) this.close();
  }

  /** The newest snapshot so far. */
  get latest() {
    return this.#latest;
  }

  /** Stop watching; the generation goes on. */
  close() {
    if (this.#state !== "watching") return;
    const reason = this.#options.signal?.aborted
      ? this.#options.signal.reason
      : new DOMException("The watch was closed before the generation ended.", "AbortError");
    this.#finish("closed", () => this.#fail(reason));
  }

  /**
   * Snapshots as they come; whoever is slow gets the newest. It ends after the last one, and throws what `ended` throws.
   *
   * @returns {AsyncGenerator<Snapshot, void, void>}
   */
  async *[Symbol.asyncIterator]() {
    /** @type {Snapshot | null} */
    let seen = null;
    try {
      for (;;) {
        if (this.#latest && newer(this.#latest, seen)) yield (seen = this.#latest);
        else if (this.#state === "watching") await new Promise((resolve) => this.#waiting.add(() => resolve(undefined)));
        else return void (await this.ended);
      }
    } finally {
      this.close();
    }
  }

  #onAbort = () => this.close();

  /** @param {Snapshot} snapshot */
  #onSnapshot(snapshot) {
    if (this.#state !== "watching" || !newer(snapshot, this.#latest)) return;
    this.#latest = snapshot;
    const isLast = hasEnded(snapshot);
    if (!isLast) this.#notify();
    this.#call(this.#options.onStatus, snapshot);
    if (isLast) this.#finish("ended", () => this.#end(snapshot));
  }

  /** @param {SafelightError} error */
  #onRefused(error) {
    if (this.#state !== "watching") return;
    this.#finish("refused", () => this.#fail(error));
    this.#call(this.#options.onError, error);
  }

  /**
   * @param {"ended" | "refused" | "closed"} state
   * @param {() => void} settle
   */
  #finish(state, settle) {
    if (this.#state !== "watching") return; // a callback closed it already
    this.#state = state;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#unfollow();
    settle();
    this.#notify();
  }

  #notify() {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /**
   * Call what the caller gave; what it throws is the caller's, and stops no other watch.
   *
   * @template T
   * @param {((value: T) => void) | undefined} callback
   * @param {T} value
   */
  #call(callback, value) {
    if (this.#state === "closed") return;
    try {
      callback?.(value);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/**
 * Watch a generation until it ends.
 *
 * @param {string} idOrUrl The generation's id, or the URL of its stream as `generate` returned it.
 * @param {WatchOptions} [options]
 * @returns {Watch}
 */
export function watch(idOrUrl, options = {}) {
  return new Watch(idOrUrl, options);
}
