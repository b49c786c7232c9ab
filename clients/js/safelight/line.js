/** A stream that is kept up: opened again after a cut, and anew when it is too silent to be believed. */

import { openEventSource, openFetch } from "./sources.js";
import { timing } from "./timing.js";

/**
 * @typedef {object} LineHooks
 * @property {(data: string) => boolean} onMessage Says whether it was news.
 * @property {(data: string) => void} onLog
 * @property {() => void} onResumed The connection is back, and there may be nothing new.
 * @property {(reason: string) => void} onLost The connection is gone, for now.
 * @property {(reason: string) => void} onUseless Streams do not get through, or are refused: ask by other means.
 */

/**
 * One connection after another to the same URL. A watchdog is the only timer: a stream that does not say what we have seen begins
 * with snapshots, so one that keeps silent is held back on the way; and a silent one is opened anew, which shows at once whether it had kept news to itself.
 */
export class Line {
  #url;
  #open;
  #headers;
  #hooks;
  #memory = { id: "", retry: timing.retry };
  #close = () => {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #watchdog;
  #connectedAt = 0;
  #heardAt = 0;
  #cuts = 0;
  #isOver = false;
  #hasSpoken = false;
  #wasSilent = false;
  #keptBack = 0;

  /**
   * @param {string} url
   * @param {{kind: "eventsource" | "fetch", headers?: Record<string, string>}} how
   * @param {LineHooks} hooks
   */
  constructor(url, { kind, headers }, hooks) {
    this.#url = url;
    this.#open = kind === "fetch" ? openFetch : openEventSource;
    this.#headers = headers;
    this.#hooks = hooks;
    this.#connect();
  }

  /** Connect now if there is any doubt that the connection lives. */
  wake() {
    if (this.#cuts > 0 || Date.now() - this.#heardAt > timing.stale) this.#connect();
  }

  /** Be done with it. */
  close() {
    this.#isOver = true;
    clearTimeout(this.#watchdog);
    this.#close();
  }

  #connect() {
    this.#close();
    this.#expectFirst();
    const hooks = {
      onOpen: (/** @type {boolean} */ isResumed) => (isResumed ? this.#onResumed() : this.#expectFirst()),
      onBytes: () => this.#hasSpoken && this.#expectMore(),
      onEvent: (/** @type {string} */ type, /** @type {string} */ data) => this.#onEvent(type, data),
      onCut: (/** @type {string} */ reason, /** @type {number | null} */ retry) => this.#onCut(reason, retry),
      onRefused: (/** @type {string} */ reason) => this.#onUseless(reason),
    };
    this.#close = this.#open(this.#url, hooks, { headers: this.#headers, memory: this.#memory });
  }

  /**
   * @param {number} milliseconds
   * @param {() => void} otherwise
   */
  #expect(milliseconds, otherwise) {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(otherwise, milliseconds);
  }

  #expectFirst() {
    this.#connectedAt = this.#heardAt = Date.now();
    this.#hasSpoken = false;
    this.#expect(timing.first, () => this.#onUseless("Nothing comes through the stream."));
  }

  #expectMore() {
    this.#heardAt = Date.now();
    this.#expect(timing.silence, () => {
      this.#wasSilent = true;
      this.#connect();
    });
  }

  #onResumed() {
    this.#connectedAt = Date.now();
    this.#cuts = 0;
    this.#hasSpoken = true;
    this.#expectMore();
    this.#hooks.onResumed();
  }

  /**
   * @param {string} type
   * @param {string} data
   */
  #onEvent(type, data) {
    if (this.#isOver) return; // the event before this one, in the same piece, was the last that mattered
    this.#cuts = 0;
    this.#hasSpoken = true;
    this.#expectMore();
    if (type === "log") this.#hooks.onLog(data);
    if (type !== "message") return;
    const isNews = this.#hooks.onMessage(data);
    if (isNews && Date.now() - this.#connectedAt > timing.first) this.#keptBack = 0; // it tells things as they happen
    else if (isNews && this.#wasSilent) this.#onKeptBack();
  }

  /** The connection before this one had been silent though there was news. Once, it was dead; twice, something buffers. */
  #onKeptBack() {
    this.#wasSilent = false;
    this.#keptBack += 1;
    if (this.#keptBack > 1) this.#onUseless("Something on the way holds events back.");
  }

  /** @param {string} reason */
  #onUseless(reason) {
    this.close();
    this.#hooks.onUseless(reason);
  }

  /**
   * @param {string} reason
   * @param {number | null} retry
   */
  #onCut(reason, retry) {
    this.#cuts += 1;
    this.#hasSpoken = false;
    if (retry === null) {
      this.#expect(timing.silence, () => this.#connect()); // an EventSource that forgets to come back
    } else {
      const delay = Math.min(retry * 2 ** Math.min(this.#cuts - 1, 10), Math.max(retry, timing.longestRetry));
      this.#expect(delay * (0.75 + Math.random() / 2), () => this.#connect());
    }
    this.#hooks.onLost(reason);
  }
}
