/** One feed for all tabs of a browser: one tab leads and keeps the streams, the others hear it. */

import { Feed } from "./feed.js";
import { timing } from "./timing.js";

/**
 * @typedef {import("./feed.js").NewsHooks} NewsHooks
 *
 * @typedef {{kind: "want", tab: string, ids: string[]}} Want Also asks the leader to say where things stand.
 * @typedef {{kind: "lead"}} Lead A tab leads from now on and asks what is wanted.
 * @typedef {{kind: "here"}} Here The leader lives.
 * @typedef {{kind: "news", hook: keyof NewsHooks, facts: any[]}} News
 */

/** Whether this browser, on this page, can share. Web Locks exist in secure contexts only. */
export function canShare() {
  return typeof BroadcastChannel === "function" && typeof globalThis.navigator?.locks?.request === "function";
}

/**
 * Has the same face as `Feed`. The lock named like the channel makes the leader: when its tab goes, the next in the queue
 * gets it. Each tab also holds a lock of its own, by which the leader learns without asking that a tab is gone.
 */
export class Tabs {
  #name;
  #makeFeed;
  #hooks;
  #tab = "";
  /** @type {string[]} */
  #ids = [];
  /** @type {BroadcastChannel | null} */
  #channel = null;
  #leaving = new AbortController();
  #standing = new AbortController();
  /** @type {Feed | null} */
  #feed = null;
  /** @type {Map<string, string[]>} */
  #others = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #gathering;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #watchdog;
  #isAnnounced = false;

  /**
   * @param {string} name What tabs share who share a feed.
   * @param {(hooks: NewsHooks) => Feed} makeFeed
   * @param {NewsHooks} hooks
   */
  constructor(name, makeFeed, hooks) {
    this.#name = name;
    this.#makeFeed = makeFeed;
    this.#hooks = hooks;
  }

  /**
   * Follow these and no others from now on.
   *
   * @param {Iterable<string>} ids
   */
  want(ids) {
    this.#ids = [...ids];
    if (this.#ids.length === 0) this.close();
    else if (!this.#channel) this.#join();
    else if (this.#feed) this.#gather();
    else this.#ask();
  }

  /** The page came to the front, or the network came back. */
  wake() {
    if (this.#feed) this.#feed.wake();
    else if (this.#channel) this.#ask();
  }

  /** Leave the others; `want` joins them again. */
  close() {
    if (!this.#channel) return;
    this.#leaving.abort();
    this.#standing.abort();
    this.#stepDown();
    clearTimeout(this.#watchdog);
    if (this.#isAnnounced) this.#post({ kind: "want", tab: this.#tab, ids: [] });
    this.#channel.close();
    this.#channel = null;
    this.#ids = [];
  }

  #join() {
    this.#tab = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#leaving = new AbortController();
    this.#isAnnounced = false;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    const { signal } = this.#leaving;
    void this.#hold(`${this.#name} ${this.#tab}`, { signal }, () => {
      this.#isAnnounced = true; // only now: the leader takes a tab whose lock is free for gone
      this.#ask();
    });
    void this.#stand();
  }

  /**
   * Hold a lock until we leave.
   *
   * @param {string} name
   * @param {LockOptions} options
   * @param {() => void} granted
   * @returns {Promise<boolean>} Whether it was taken from us.
   */
  async #hold(name, options, granted) {
    const { signal } = this.#leaving;
    let isHeld = false;
    const hold = () =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve(undefined);
        isHeld = true;
        signal.addEventListener("abort", resolve, { once: true });
        granted();
      });
    try {
      await navigator.locks.request(name, options, hold);
      return false;
    } catch {
      return isHeld && !signal.aborted; // else it was we who no longer wait for it
    }
  }

  /** Wait for the lead, or take it; stand at the end of the queue again when it is taken from us. */
  async #stand({ steal = false } = {}) {
    this.#standing.abort();
    this.#standing = new AbortController();
    const options = steal ? { steal } : { signal: this.#standing.signal };
    if (!(await this.#hold(this.#name, options, () => this.#lead()))) return;
    this.#stepDown();
    this.#ask();
    await this.#stand();
  }

  #lead() {
    if (this.#feed) return;
    clearTimeout(this.#watchdog);
    this.#feed = this.#makeFeed({
      onSnapshot: (...facts) => this.#tell("onSnapshot", facts),
      onRefused: (...facts) => this.#tell("onRefused", facts),
      onConnection: (...facts) => this.#tell("onConnection", facts),
      onLog: (...facts) => this.#tell("onLog", facts),
    });
    this.#post({ kind: "lead" });
    this.#gather();
  }

  #stepDown() {
    clearTimeout(this.#gathering);
    this.#feed?.close();
    this.#feed = null;
    this.#others.clear();
  }

  /** Follow what all tabs want, once they have had a moment to say it. */
  #gather() {
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => this.#feed?.want(new Set([this.#ids, ...this.#others.values()].flat())), timing.gathering);
  }

  /**
   * @template {keyof NewsHooks} Hook
   * @param {Hook} hook
   * @param {Parameters<NewsHooks[Hook]>} facts
   */
  #tell(hook, facts) {
    this.#post({ kind: "news", hook, facts });
    this.#pass(hook, facts);
  }

  /**
   * @param {keyof NewsHooks} hook
   * @param {any[]} facts
   */
  #pass(hook, facts) {
    const hooks = /** @type {Record<string, (...facts: any[]) => void>} */ (/** @type {unknown} */ (this.#hooks));
    hooks[hook]?.(...facts);
  }

  /** @param {Want | Lead | Here | News} message */
  #hear(message) {
    if (message.kind === "want") {
      if (this.#feed) this.#serve(message);
    } else if (!this.#feed) {
      this.#trust();
      if (message.kind === "lead") this.#ask();
      else if (message.kind === "news") this.#pass(message.hook, message.facts);
    }
  }

  /** @param {Want} want */
  #serve({ tab, ids }) {
    if (ids.length === 0) this.#others.delete(tab);
    else {
      if (!this.#others.has(tab)) this.#guard(tab);
      this.#others.set(tab, ids);
    }
    this.#gather();
    this.#post({ kind: "here" });
    if (this.#feed?.connection) this.#post({ kind: "news", hook: "onConnection", facts: [this.#feed.connection] });
    for (const id of ids) {
      const newest = this.#feed?.newest(id);
      if (newest) this.#post({ kind: "news", hook: "onSnapshot", facts: [newest] });
    }
  }

  /**
   * Stop following for a tab when it is gone, even if it could not say so.
   *
   * @param {string} tab
   */
  async #guard(tab) {
    const { signal } = this.#leaving;
    try {
      await navigator.locks.request(`${this.#name} ${tab}`, { signal }, () => {});
    } catch {
      return; // we left before it did
    }
    if (this.#others.delete(tab)) this.#gather();
  }

  /** Say what is wanted here; a leader that does not answer a page in front is asleep and loses the lead. */
  #ask() {
    if (!this.#isAnnounced || this.#feed || !this.#channel) return;
    this.#post({ kind: "want", tab: this.#tab, ids: this.#ids });
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      if (document.visibilityState === "visible") void this.#stand({ steal: true });
    }, timing.answer);
  }

  /** The leader lives; ask again if that was the last of it. */
  #trust() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#ask(), timing.silence);
  }

  /** @param {Want | Lead | Here | News} message */
  #post(message) {
    this.#channel?.postMessage(message);
  }
}
