/** The roll: every print this page knows, the newest first, each followed until its end. */

import { Pace } from "./eta.js";
import * as memory from "./memory.js";
import { hasEnded, insist, isGone, list, newer, watch } from "./service.js";
import { shortened } from "./words.js";

const PAGE = 24;
const LONGEST_READ = 100;

/**
 * @typedef {object} Print
 * @property {string} id
 * @property {Record<string, any> | null} body What was asked for, if this browser knows.
 * @property {import("../safelight.js").Snapshot | null} snapshot
 * @property {number} heardAt When the snapshot came, by this page's clock.
 * @property {Pace} pace
 * @property {string | null} refusal Why the service does not let it be followed.
 */

/**
 * @fires list The prints are others, or stand otherwise.
 * @fires print `detail` is a print with a newer snapshot.
 * @fires select Another print is in the tray.
 * @fires connection `isLost` is another.
 * @fires gone `detail` is a print that the service does not know, or no longer.
 */
export class Roll extends EventTarget {
  /** @type {Print[]} */
  prints = [];
  /** @type {Print | null} */
  selected = null;
  isLost = false;
  /** @type {string | undefined} */
  #next;
  #watches = new Map();
  #lost = new Set();

  /** Whether there are more on the service. */
  get hasMore() {
    return this.#next !== undefined;
  }

  /** Read the newest from the service, and put one in the tray: the one the address names, if it names one. */
  async load() {
    const wanted = addressed();
    if (wanted) this.adopt(wanted);
    await this.more();
    this.select(this.prints.find(({ id }) => id === wanted) ?? this.selected ?? this.prints[0] ?? null);
  }

  /** Put the print in the tray that the address names, once somebody has changed it. */
  visit() {
    const wanted = addressed();
    if (wanted && wanted !== this.selected?.id) this.select(this.adopt(wanted));
  }

  /** Read a page of earlier ones. */
  async more() {
    const page = await insist(
      () => list({ limit: PAGE, cursor: this.#next }),
      (isLost) => this.#mark("list", isLost),
    );
    this.#next = page.next;
    for (const snapshot of page.generations) this.adopt(snapshot.sessionId, { snapshot });
    this.#tell("list");
  }

  /** Take up what was begun elsewhere since, in another tab or with curl, and drop what was forgotten there. */
  async refresh() {
    const ended = this.prints.filter(({ snapshot }) => hasEnded(snapshot));
    const page = await list({ limit: PAGE });
    const kept = new Set(page.generations.map(({ sessionId }) => sessionId));
    const oldest = page.next === undefined ? -Infinity : Date.parse(page.generations.at(-1)?.createdAt ?? "");
    for (const print of ended) if (!kept.has(print.id) && startOf(print) > oldest) this.#lose(print);
    const before = this.prints.length;
    for (const snapshot of page.generations) this.adopt(snapshot.sessionId, { snapshot });
    if (this.prints.length > before) this.#tell("list");
  }

  /**
   * Take up a generation and follow it; one that is known gets the newer snapshot.
   *
   * @param {string} id
   * @param {{snapshot?: import("../safelight.js").Snapshot, body?: Record<string, any>}} [facts]
   * @returns {Print}
   */
  adopt(id, { snapshot, body } = {}) {
    let print = this.prints.find((one) => one.id === id);
    if (!print) {
      print = { id, body: body ?? memory.recall(id), snapshot: null, heardAt: Date.now(), pace: new Pace(), refusal: null };
      this.prints.push(print);
      if (body) memory.remember(id, body);
    }
    if (snapshot) this.#hear(print, snapshot);
    this.prints.sort((a, b) => startOf(b) - startOf(a));
    if (!hasEnded(print.snapshot) && !this.#watches.has(id)) this.#follow(print);
    return print;
  }

  /**
   * Take up a generation that was begun on this page.
   *
   * @param {string} id
   * @param {Record<string, any>} body
   * @returns {Print}
   */
  begin(id, body) {
    const print = this.adopt(id, { body });
    this.#tell("list");
    return print;
  }

  /**
   * Put a print in the tray; null empties it.
   *
   * @param {Print | null} print
   */
  select(print) {
    this.selected = print;
    history.replaceState(null, "", print ? `#g=${print.id}` : location.pathname + location.search);
    this.#tell("list");
    this.#tell("select");
  }

  /**
   * Take a print off the roll.
   *
   * @param {Print} print
   */
  remove(print) {
    const at = this.prints.indexOf(print);
    if (at < 0) return;
    this.prints.splice(at, 1);
    this.#unfollow(print.id);
    memory.drop(print.id);
    if (this.selected === print) this.select(this.prints[Math.min(at, this.prints.length - 1)] ?? null);
    else this.#tell("list");
  }

  /** @param {Print} print The service has it no longer. */
  #lose(print) {
    this.remove(print);
    this.#tell("gone", print);
  }

  /** How many are still on their way. */
  get running() {
    return this.prints.filter(({ snapshot }) => !hasEnded(snapshot)).length;
  }

  /** @param {Print} print */
  #follow(print) {
    const { id } = print;
    this.#watches.set(id, null);
    const watching = watch(id, {
      onStatus: (snapshot) => {
        this.#hear(print, snapshot);
        if (hasEnded(snapshot)) this.#unfollow(id);
      },
      onConnection: ({ state }) => this.#mark(id, state === "lost"),
      onError: (error) => {
        this.#unfollow(id);
        if (isGone(error)) return this.#lose(print);
        print.refusal = error.message;
        this.#tell("print", print);
      },
    });
    this.#watches.set(id, watching);
  }

  /** @param {string} id */
  #unfollow(id) {
    this.#watches.get(id)?.close();
    this.#watches.delete(id);
    this.#mark(id, false);
  }

  /**
   * @param {Print} print
   * @param {import("../safelight.js").Snapshot} snapshot
   */
  #hear(print, snapshot) {
    if (!newer(snapshot, print.snapshot)) return;
    print.snapshot = snapshot;
    print.heardAt = Date.now();
    print.pace.hear(snapshot, performance.now() / 1000);
    print.refusal = null;
    this.#tell("print", print);
  }

  /**
   * @param {string} what
   * @param {boolean} isLost
   */
  #mark(what, isLost) {
    if (isLost) this.#lost.add(what);
    else this.#lost.delete(what);
    if (this.isLost === this.#lost.size > 0) return;
    this.isLost = this.#lost.size > 0;
    this.#tell("connection");
  }

  /**
   * @param {string} type
   * @param {unknown} [detail]
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** The id of the print that the address names. */
function addressed() {
  return /^#g=([A-Za-z0-9_-]{1,64})$/.exec(location.hash)?.[1];
}

/** @param {Print} print */
function startOf({ snapshot, heardAt }) {
  return snapshot?.createdAt ? Date.parse(snapshot.createdAt) : heardAt;
}

/**
 * What a print is called.
 *
 * @param {Print} print
 * @returns {string}
 */
export function nameOf({ id, body, snapshot }) {
  return body?.prompt || snapshot?.ref || `Print ${id.slice(0, 8)}`;
}

/**
 * What a print is called where that is read out again and again.
 *
 * @param {Print} print
 */
export function briefly(print) {
  const name = nameOf(print);
  const brief = shortened(name, LONGEST_READ);
  return brief === name ? name : `${brief}…`;
}
