/** Who in this page wants news of what: one desk for all watches that can share a feed. */

import { Address } from "./address.js";
import { SafelightError } from "./errors.js";
import { Feed } from "./feed.js";
import { newer } from "./snapshots.js";
import { canShare, Tabs } from "./tabs.js";

/**
 * @typedef {import("./types.js").Connection} Connection
 * @typedef {import("./types.js").LogLine} LogLine
 * @typedef {import("./types.js").Snapshot} Snapshot
 * @typedef {import("./types.js").WatchOptions} WatchOptions
 *
 * @typedef {object} Follower
 * @property {(snapshot: Snapshot) => void} onSnapshot
 * @property {(error: SafelightError) => void} onRefused
 * @property {(connection: Connection) => void} onConnection
 * @property {(line: LogLine) => void} onLog
 *
 * @typedef {{want(ids: Iterable<string>): void, wake(): void, close(): void}} Source
 */

const TRANSPORTS = ["auto", "shared", "eventsource", "fetch", "poll"];

/** Passes news to followers, and tells the source what is wanted, once per turn of the event loop. */
export class Desk {
  /** @type {Map<string, Set<Follower>>} */
  #followers = new Map();
  /** @type {Map<string, Snapshot>} */
  #newest = new Map();
  /** @type {Connection | null} */
  #connection = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;
  #source;
  /** @type {string | null} What the source was told; null if it may have given something up since. */
  #wanted = "";
  #isListening = false;

  /** @param {(hooks: import("./feed.js").NewsHooks) => Source} makeSource */
  constructor(makeSource) {
    this.#source = makeSource({
      onSnapshot: (snapshot) => this.#onSnapshot(snapshot),
      onRefused: (id, problem, status) => {
        const error = new SafelightError(problem, { status });
        this.#wanted = null; // the source has given it up
        for (const follower of this.#of(id)) follower.onRefused(error);
      },
      onConnection: (connection) => {
        if (connection.state === this.#connection?.state) return;
        this.#connection = connection;
        for (const id of this.#followers.keys()) for (const follower of this.#of(id)) follower.onConnection(connection);
      },
      onLog: (line) => {
        for (const follower of this.#of(line.sessionId)) follower.onLog(line);
      },
    });
  }

  /**
   * Follow a generation, beginning with what is known of it.
   *
   * @param {string} id
   * @param {Follower} follower
   * @returns {() => void} Stops following.
   */
  follow(id, follower) {
    const followers = this.#followers.get(id) ?? new Set();
    followers.add(follower);
    this.#followers.set(id, followers);
    this.#settle();
    queueMicrotask(() => {
      const newest = this.#newest.get(id);
      if (this.#connection && followers.has(follower)) follower.onConnection(this.#connection);
      if (newest && followers.has(follower)) follower.onSnapshot(newest);
    });
    return () => {
      if (!followers.delete(follower) || followers.size > 0) return;
      if (this.#followers.get(id) === followers) this.#followers.delete(id);
      this.#settle();
    };
  }

  /** @param {Snapshot} snapshot */
  #onSnapshot(snapshot) {
    const id = snapshot.sessionId;
    if (!this.#followers.has(id) || !newer(snapshot, this.#newest.get(id))) return;
    this.#newest.set(id, snapshot);
    for (const follower of this.#of(id)) follower.onSnapshot(snapshot);
  }

  /** @param {string} id */
  #of(id) {
    return [...(this.#followers.get(id) ?? [])];
  }

  /** Wait for the end of this turn: whoever stops only to start again, as components do, changes nothing. */
  #settle() {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      for (const id of this.#newest.keys()) if (!this.#followers.has(id)) this.#newest.delete(id);
      this.#order();
    }, 0);
  }

  #order() {
    const ids = [...this.#followers.keys()];
    if (ids.join() === this.#wanted) return;
    this.#wanted = ids.join();
    if (ids.length === 0) this.#connection = null;
    this.#listen(ids.length > 0);
    this.#source.want(ids);
  }

  /** @param {boolean} isNeeded */
  #listen(isNeeded) {
    if (isNeeded === this.#isListening || typeof globalThis.document === "undefined") return;
    this.#isListening = isNeeded;
    const change = isNeeded ? "addEventListener" : "removeEventListener";
    document[change]("visibilitychange", this.#onVisible);
    window[change]("online", this.#onOnline);
    window[change]("pagehide", this.#onHide);
    window[change]("pageshow", this.#onShow);
  }

  #onVisible = () => {
    if (document.visibilityState === "visible") this.#source.wake();
  };

  #onOnline = () => this.#source.wake();

  /** A page that is kept for the way back may hold no connection and no lock. */
  #onHide = () => {
    this.#wanted = null;
    this.#source.close();
  };

  #onShow = () => this.#order();
}

/** @type {Map<string, Desk>} */
const desks = new Map();

/**
 * Return the desk where a generation is watched: a shared one if nothing sets this watch apart.
 *
 * @param {import("./address.js").Place} place
 * @param {WatchOptions} options
 * @returns {Desk}
 */
export function deskFor({ root, query }, { transport = "auto", headers, onLog }) {
  if (!TRANSPORTS.includes(transport)) throw new TypeError(`There is no transport "${transport}": ${TRANSPORTS.join(", ")}.`);
  const native = !headers && typeof EventSource === "function";
  const isOwn = query !== "" || onLog !== undefined || !["auto", "shared"].includes(transport);
  if (isOwn) {
    const kind = transport === "auto" || transport === "shared" ? (native ? "eventsource" : "fetch") : transport;
    if (kind === "eventsource" && headers) throw new TypeError("EventSource sends no headers; use the transport `fetch`.");
    if (kind === "eventsource" && !native) throw new TypeError("There is no EventSource here; use the transport `fetch`.");
    const address = new Address(root, { query, perStream: 1, logs: onLog !== undefined });
    return new Desk((hooks) => new Feed(address, { kind, headers }, hooks));
  }
  const name = JSON.stringify(["safelight", 1, root, headers ?? null]); // 1: what tabs say to each other, which must never mix
  let desk = desks.get(name);
  if (!desk) {
    const kind = native ? "eventsource" : "fetch";
    const makeFeed = (/** @type {import("./feed.js").NewsHooks} */ hooks) => new Feed(new Address(root), { kind, headers }, hooks);
    desk = new Desk(native && canShare() ? (hooks) => new Tabs(name, makeFeed, hooks) : makeFeed);
    desks.set(name, desk);
  }
  return desk;
}
