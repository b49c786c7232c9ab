/** The contact sheet: all prints side by side, each developing on its own. */

import { make, say, the } from "./dom.js";
import { Emulsion, looksOf } from "./emulsion.js";
import { briefly } from "./roll.js";
import { local, thumbnail } from "./service.js";
import { lookOf, stateOf } from "./words.js";

const WIDTH = 256;

/** One frame of the sheet. */
class Frame {
  /** @param {import("./roll.js").Print} print */
  constructor(print) {
    this.print = print;
    this.picture = make("span", { class: "picture" });
    this.state = make("span", { class: "state" });
    this.bar = make("progress", { max: 100, "aria-hidden": "true" });
    this.name = make("span", { class: "unseen" });
    this.button = make(
      "button",
      { type: "button", class: "shot" },
      this.name,
      make("span", { class: "edge", "aria-hidden": "true" }, make("span", {}, `▸ ${print.id.slice(0, 4).toUpperCase()}`), this.state),
      this.picture,
      make("span", { class: "edge", "aria-hidden": "true" }, this.bar),
    );
    this.node = make("li", { class: "frame" }, this.button);
    this.isMissing = false;
    this.emulsion = new Emulsion(this.picture, (isTrouble) => {
      this.isMissing = isTrouble && this.node.dataset.look === "done";
      this.say();
    });
    this.show();
  }

  show() {
    const { snapshot } = this.print;
    const { placeholder, output, preview } = looksOf(snapshot);
    const look = lookOf(snapshot);
    const isRunning = ["waiting", "developing", "paused"].includes(look);
    const small = output && thumbnail(output, WIDTH);
    this.node.dataset.look = look;
    if (look !== "done") this.isMissing = false;
    this.emulsion.show({ placeholder, url: small ?? (preview && local(preview.url)), alt: "" });
    this.say();
    this.bar.hidden = !isRunning;
    if (snapshot?.progress === undefined) this.bar.removeAttribute("value");
    else this.bar.value = snapshot.progress;
    const progress = isRunning && snapshot?.progress !== undefined ? `, ${snapshot.progress} percent` : "";
    say(this.name, `${briefly(this.print)}: ${stateOf(snapshot)}${progress}`);
  }

  /** Say how it stands, in the little space there is. */
  say() {
    const { snapshot } = this.print;
    const look = lookOf(snapshot);
    const percent = look === "developing" && snapshot?.progress !== undefined ? `${snapshot.progress} %` : null;
    say(this.state, this.isMissing ? "not fetched" : (percent ?? shortOf(look, snapshot)));
  }
}

/** Owns the sheet. */
export class Sheet {
  #roll;
  /** @type {Map<string, Frame>} */
  #frames = new Map();

  /** @param {import("./roll.js").Roll} roll */
  constructor(roll) {
    this.#roll = roll;
    roll.addEventListener("list", () => this.#show());
    roll.addEventListener("print", ({ detail }) => {
      this.#frames.get(detail.id)?.show();
      this.#count();
    });
    the("sheet").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#walk(event));
    the("earlier").addEventListener("click", () => void roll.more());
  }

  #show() {
    const { prints, selected, hasMore } = this.#roll;
    for (const [id, frame] of this.#frames) if (!prints.some((print) => print.id === id)) this.#drop(id, frame);
    prints.forEach((print, at) => {
      const frame = this.#frames.get(print.id) ?? this.#add(print);
      if (the("sheet").children[at] !== frame.node) the("sheet").insertBefore(frame.node, the("sheet").children[at] ?? null);
      frame.button.setAttribute("aria-pressed", String(print === selected));
      frame.button.tabIndex = print === selected ? 0 : -1;
    });
    if (!selected && prints[0]) this.#frames.get(prints[0].id).button.tabIndex = 0;
    the("none").hidden = prints.length > 0;
    the("sheet").hidden = prints.length === 0;
    the("earlier").hidden = !hasMore;
    this.#count();
  }

  #count() {
    const { prints, running, hasMore } = this.#roll;
    const all = prints.length === 0 ? "" : `${prints.length}${hasMore ? "+" : ""} ${prints.length === 1 ? "print" : "prints"}`;
    say(the("frames"), running > 0 ? `${all}, ${running} developing` : all);
    document.documentElement.dataset.lit = String(running > 0);
  }

  /** @param {import("./roll.js").Print} print */
  #add(print) {
    const frame = new Frame(print);
    frame.button.addEventListener("click", () => this.#roll.select(print));
    this.#frames.set(print.id, frame);
    return frame;
  }

  /**
   * @param {string} id
   * @param {Frame} frame
   */
  #drop(id, frame) {
    this.#frames.delete(id);
    frame.emulsion.clear();
    frame.node.remove();
  }

  /**
   * One stop for Tab, arrows within: a long roll is no wall.
   *
   * @param {KeyboardEvent} event
   */
  #walk(event) {
    const buttons = [...the("sheet").querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 };
    const next = buttons[steps[event.key]];
    if (at < 0 || !next) return;
    event.preventDefault();
    for (const button of buttons) button.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}

/**
 * @param {string} look
 * @param {import("../safelight.js").Snapshot | null} snapshot
 */
function shortOf(look, snapshot) {
  if (look === "waiting") return snapshot?.queue ? `no. ${snapshot.queue.position}` : "waiting";
  return { done: "", paused: "held", canceled: "canceled", developing: "…" }[look] ?? stateOf(snapshot).toLowerCase();
}
