/** A picture that comes up: its placeholder first, then each preview over the one before, then the print itself. */

import { make } from "./dom.js";
import { patience } from "./patience.js";

const FADE_SLACK = 2_500;
const WAITS = [1_000, 2_000, 4_000, 8_000]; // between tries; after them only new hope brings another
const TROUBLE = 2; // so many failed tries are no hiccup any more

/** The layers of one picture in one frame. A layer is shown once it is decoded, so that nothing flashes. */
export class Emulsion {
  #frame;
  #onTrouble;
  /** What is wanted on top; loads that finish late and are no longer wanted are dropped. */
  #wanted = "";
  #developing = new AbortController();

  /**
   * @param {HTMLElement} frame
   * @param {(isTrouble: boolean) => void} onTrouble Told when what is wanted does not come, and when it does after all.
   */
  constructor(frame, onTrouble) {
    this.#frame = frame;
    this.#onTrouble = onTrouble;
  }

  /**
   * Show these, the later over the earlier.
   *
   * @param {{placeholder?: string, url?: string, alt: string}} looks
   */
  show({ placeholder, url, alt }) {
    if (placeholder && url && this.#wanted !== url && !this.#top()) this.#lay(placeholder, "", "placeholder");
    if (url && url !== this.#wanted) void this.#develop(url, alt);
    else if (!url && this.#wanted) this.clear();
    const top = this.#top();
    if (top && top.src && !top.classList.contains("placeholder")) top.alt = alt;
  }

  /** Leave the paper blank. */
  clear() {
    this.#want("");
    for (const layer of this.#layers()) layer.remove();
  }

  /**
   * @param {string} url
   * @param {string} alt
   */
  async #develop(url, alt) {
    const { signal } = this.#want(url);
    for (let tries = 1; ; tries += 1) {
      const image = make("img", { alt, src: url, draggable: "false" });
      const isThere = await image.decode().then(
        () => true,
        () => false,
      );
      if (signal.aborted) return;
      if (isThere) {
        this.#onTrouble(false);
        this.#put(image);
        return;
      }
      if (tries >= TROUBLE) this.#onTrouble(true);
      await patience(WAITS[tries - 1] ?? Infinity, signal);
      if (signal.aborted) return;
    }
  }

  /**
   * Want this on top, and no longer what was wanted before.
   *
   * @param {string} url
   */
  #want(url) {
    this.#developing.abort();
    this.#developing = new AbortController();
    if (this.#wanted !== url) this.#onTrouble(false);
    this.#wanted = url;
    return this.#developing;
  }

  /**
   * @param {string} url
   * @param {string} alt
   * @param {string} kind
   */
  #lay(url, alt, kind) {
    this.#put(make("img", { alt, src: url, class: kind, draggable: "false" }));
  }

  /** @param {HTMLImageElement} image */
  #put(image) {
    const below = this.#layers();
    for (const layer of below) layer.alt = "";
    image.classList.add("layer");
    this.#frame.append(image);
    const settle = () => below.forEach((layer) => layer.remove());
    image.addEventListener("animationend", settle, { once: true });
    setTimeout(settle, FADE_SLACK); // where motion is reduced no animation ends
  }

  /** @returns {HTMLImageElement[]} */
  #layers() {
    return [...this.#frame.querySelectorAll("img")];
  }

  #top() {
    return this.#layers().at(-1);
  }
}

/**
 * What of a snapshot there is to look at.
 *
 * @param {import("../safelight.js").Snapshot | null} snapshot
 * @param {number} [choice] Which of its pictures.
 */
export function looksOf(snapshot, choice = 0) {
  const output = snapshot?.outputs?.[choice];
  return { placeholder: output?.placeholder, output, preview: snapshot?.preview };
}

/**
 * The shape of a picture, as width by height; kept within what looks like a print.
 *
 * @param {import("./roll.js").Print | null} print
 * @param {number} [choice]
 */
export function ratioOf(print, choice = 0) {
  const { output, preview } = looksOf(print?.snapshot ?? null, choice);
  const asked = print?.body?.params;
  const guess = asked?.width || asked?.height ? { width: asked.width ?? 512, height: asked.height ?? 512 } : undefined;
  const { width, height } = (output?.width && output) || preview || guess || { width: 1, height: 1 };
  const ratio = width / height;
  return Number.isFinite(ratio) ? Math.min(Math.max(ratio, 0.4), 2.5) : 1;
}
