/**
 * `<safelight-progress generation="ID">`: a progress bar that watches.
 *
 * @module safelight/element
 */

import { hasEnded, watch } from "./safelight.js";

/**
 * @typedef {import("./safelight.js").Snapshot} Snapshot
 * @typedef {import("./safelight.js").SafelightError} SafelightError
 * @typedef {import("./safelight.js").Watch} Watch
 */

const STYLE = `
  :host { display: block; font: inherit; }
  :host([hidden]) { display: none; }
  [part=line] { display: flex; justify-content: space-between; gap: 1em; }
  [part=message] { overflow-wrap: anywhere; }
  [part=percent] { font-variant-numeric: tabular-nums; }
  progress { inline-size: 100%; accent-color: currentColor; }
`;

/** @type {CSSStyleSheet | undefined} */
let shared;

/** A sheet and no element: a strict content security policy forbids inline styles, those of shadow roots included. */
function sheet() {
  if (!shared) {
    shared = new CSSStyleSheet();
    shared.replaceSync(STYLE);
  }
  return shared;
}

/** The words for people, where the service sends none of its own. */
const WORDS = {
  queued: "Waiting in the queue",
  submitting: "Handing in",
  waiting: "Waiting",
  running: "Developing",
  saving: "Saving",
  paused: "Paused",
};
const ENDS = { succeeded: "Done", canceled: "Canceled" };

/** Nothing to extend where pages are only prepared, on a server; importing this there does no harm. @type {typeof HTMLElement} */
const Base = globalThis.HTMLElement ?? class {};

/**
 * Attributes: `generation` (an id, or the URL of a stream), `base-url`, `label` (what the bar is of, for screen readers).
 * Parts: `line`, `message`, `percent`, `bar`. `data-status` and `data-connection` on the host are for styles.
 *
 * @fires safelight-status `detail` is each newer snapshot.
 * @fires safelight-ended `detail` is the last snapshot.
 * @fires safelight-error `detail` is a `SafelightError`: there is nothing to watch.
 */
export class SafelightProgress extends Base {
  static observedAttributes = ["generation", "base-url", "label"];

  #bar = document.createElement("progress");
  #message = document.createElement("span");
  #percent = document.createElement("span");
  /** @type {Watch | null} */
  #watch = null;
  /** @type {Snapshot | null} */
  #snapshot = null;
  #isDue = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet()];
    const line = document.createElement("div");
    line.part.add("line");
    this.#bar.part.add("bar");
    this.#bar.max = 100;
    this.#message.part.add("message");
    this.#message.dir = "auto"; // it may be in any script
    this.#message.setAttribute("role", "status"); // words are read out when they change; numbers, which the bar has, are not
    this.#percent.part.add("percent");
    this.#percent.setAttribute("aria-hidden", "true");
    line.append(this.#message, this.#percent);
    root.append(line, this.#bar);
  }

  /** The newest snapshot. */
  get status() {
    return this.#snapshot;
  }

  connectedCallback() {
    this.#change();
  }

  disconnectedCallback() {
    this.#change();
  }

  /**
   * @param {string} _name
   * @param {string | null} before
   * @param {string | null} now
   */
  attributeChangedCallback(_name, before, now) {
    if (before !== now) this.#change();
  }

  /** Watch what the attributes say, once all of them are set. */
  #change() {
    this.#bar.setAttribute("aria-label", this.getAttribute("label") ?? "Image generation");
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#begin();
    });
  }

  #begin() {
    const generation = this.isConnected ? this.getAttribute("generation") : null;
    const baseUrl = this.getAttribute("base-url") ?? undefined;
    const key = JSON.stringify([generation, baseUrl]);
    if (key === this.#key) return;
    this.#key = key;
    this.#watch?.close();
    this.#watch = null;
    if (!generation) return;
    this.#snapshot = null;
    delete this.dataset.connection;
    this.#show("", undefined, "");
    this.#watch = watch(generation, {
      baseUrl,
      onStatus: (snapshot) => this.#onStatus(snapshot),
      onConnection: ({ state }) => {
        this.dataset.connection = state;
      },
      onError: (error) => this.#onError(error),
    });
  }
  #key = JSON.stringify([null, undefined]);

  /** @param {Snapshot} snapshot */
  #onStatus(snapshot) {
    this.#snapshot = snapshot;
    const ended = hasEnded(snapshot);
    const phase = /** @type {Record<string, string>} */ (WORDS)[snapshot.phase ?? ""];
    const end = /** @type {Record<string, string>} */ (ENDS)[snapshot.outcome ?? ""];
    const words = ended ? (end ?? snapshot.error) : (snapshot.message ?? phase);
    this.#show(snapshot.status, ended ? (snapshot.progress ?? 0) : snapshot.progress, words ?? "");
    this.#say("safelight-status", snapshot);
    if (ended) this.#say("safelight-ended", snapshot);
  }

  /** @param {SafelightError} error */
  #onError(error) {
    this.#show("failed", 0, error.message);
    this.#say("safelight-error", error);
  }

  /**
   * @param {string} status
   * @param {number | undefined} progress
   * @param {string} words
   */
  #show(status, progress, words) {
    if (status) this.dataset.status = status;
    else delete this.dataset.status;
    if (progress === undefined) this.#bar.removeAttribute("value");
    else this.#bar.value = progress;
    this.#percent.textContent = progress === undefined ? "" : `${progress} %`;
    if (this.#message.textContent !== words) this.#message.textContent = words;
  }

  /**
   * @param {string} name
   * @param {unknown} detail
   */
  #say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

if (globalThis.customElements && !customElements.get("safelight-progress")) customElements.define("safelight-progress", SafelightProgress);
