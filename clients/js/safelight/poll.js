/** Long polls: a few at a time, in turn, since a browser has few connections to give. */

import { requestJson, SafelightError } from "./errors.js";
import { hasEnded } from "./snapshots.js";
import { timing } from "./timing.js";

/** @typedef {import("./types.js").Snapshot} Snapshot */

const AT_ONCE = 3;

/**
 * @typedef {object} PollHooks
 * @property {(id: string) => Snapshot | undefined} newest What is known already.
 * @property {(snapshot: Snapshot) => boolean} onSnapshot Says whether it was news.
 * @property {(id: string, error: SafelightError) => void} onRefused
 * @property {() => void} onAnswer
 * @property {(reason: string) => void} onLost
 */

/** Asks after each of a set of generations again and again, until each has ended. */
export class Poll {
  #address;
  #headers;
  #hooks;
  /** @type {Set<string>} */
  #wanted = new Set();
  /** @type {string[]} */
  #turn = [];
  /** @type {Map<string, AbortController>} */
  #asking = new Map();
  /** @type {Set<() => void>} */
  #sleepers = new Set();
  #workers = 0;
  #failures = 0;

  /**
   * @param {import("./address.js").Address} address
   * @param {Record<string, string> | undefined} headers
   * @param {PollHooks} hooks
   */
  constructor(address, headers, hooks) {
    this.#address = address;
    this.#headers = headers;
    this.#hooks = hooks;
  }

  /**
   * Ask after these and no others from now on.
   *
   * @param {Iterable<string>} ids
   */
  want(ids) {
    this.#wanted = new Set(ids);
    this.#turn = [...this.#wanted].filter((id) => !this.#asking.has(id));
    for (const [id, asking] of this.#asking) if (!this.#wanted.has(id)) asking.abort();
    while (this.#workers < Math.min(AT_ONCE, this.#wanted.size)) void this.#work();
  }

  /** Ask now instead of waiting after a failure. */
  wake() {
    for (const wake of this.#sleepers) wake();
  }

  /** Be done with it. */
  close() {
    this.want([]);
    this.wake();
  }

  async #work() {
    this.#workers += 1;
    for (let id; (id = this.#turn.shift()) !== undefined; ) {
      const asking = new AbortController();
      this.#asking.set(id, asking);
      await this.#ask(id, asking);
      this.#asking.delete(id);
      if (this.#wanted.has(id) && !hasEnded(this.#hooks.newest(id))) this.#turn.push(id);
    }
    this.#workers -= 1;
  }

  /**
   * @param {string} id
   * @param {AbortController} asking
   */
  async #ask(id, asking) {
    const share = Math.min(1, AT_ONCE / this.#wanted.size);
    const seconds = Math.max(1, Math.floor((timing.poll / 1000) * share));
    const url = this.#address.poll(id, this.#hooks.newest(id), seconds);
    const isLate = setTimeout(() => asking.abort(), seconds * 1000 + timing.pollSlack);
    const askedAt = Date.now();
    try {
      const snapshot = await requestJson(url, { headers: { Accept: "application/json", ...this.#headers }, signal: asking.signal });
      if (!this.#wanted.has(id)) return;
      this.#failures = 0;
      this.#hooks.onAnswer();
      const isTooQuick = !this.#hooks.onSnapshot(snapshot) && Date.now() - askedAt < 500;
      if (isTooQuick) await this.#sleep(timing.retry); // something on the way does not let the service wait
    } catch (error) {
      if (!this.#wanted.has(id)) return;
      if (error instanceof SafelightError && error.isFinal) {
        this.#wanted.delete(id);
        this.#hooks.onRefused(id, error);
      } else {
        await this.#failed(error);
      }
    } finally {
      clearTimeout(isLate);
    }
  }

  /** @param {unknown} error */
  async #failed(error) {
    this.#failures += 1;
    this.#hooks.onLost(error instanceof SafelightError ? error.message : "The service did not answer in time.");
    const asked = (error instanceof SafelightError && error.retryAfter) || 0;
    const wait = Math.min(timing.retry * 2 ** Math.min(this.#failures - 1, 10), timing.longestRetry);
    await this.#sleep(Math.max(asked, wait * (0.75 + Math.random() / 2)));
  }

  /** @param {number} milliseconds */
  async #sleep(milliseconds) {
    await new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve(undefined);
      };
      const timer = setTimeout(wake, milliseconds);
      this.#sleepers.add(wake);
    });
  }
}
