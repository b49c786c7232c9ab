/** A picture that comes up: its placeholder first, then each preview over the one before, then the print itself. */

import { make } from "./dom.js";

const FADE_SLACK = 2_500;

/** The layers of one picture in one frame. A layer is shown once it is decoded, so that nothing flashes. */
export class Emulsion {
  #frame;
  /** What is wanted on top; loads that finish late and are no longer wanted are dropped. */
  #wanted = "";

  /** @param {HTMLElement} frame */
  constructor(frame) {
    this.#frame = frame;
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
    this.#wanted = "";
    for (const layer of this.#layers()) layer.remove();
  }

  /**
   * @param {string} url
   * @param {string} alt
   */
  async #develop(url, alt) {
    this.#wanted = url;
    const image = make("img", { alt, src: url, draggable: "false" });
    try {
      await image.decode();
    } catch {
      if (this.#wanted === url) this.#wanted = "stale"; // an outdated preview is gone already; the next news bring a newer one
      return;
    }
    if (this.#wanted === url) this.#put(image);
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
