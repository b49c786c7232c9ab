/** The print in the tray: what it looks like, what is going on, and what can be done with it. */

import { keepingFocus, make, say, sayOrHide, sayWith, the } from "./dom.js";
import { Emulsion, looksOf, ratioOf } from "./emulsion.js";
import { hurry } from "./patience.js";
import { briefly, nameOf } from "./roll.js";
import { cancel, forget, hasEnded, isGone, local, pause, resume, thumbnail } from "./service.js";
import { lookOf, moreOf, readingsOf, shortened, stateOf } from "./words.js";

const TICK = 500;

/** Owns the tray and its caption. */
export class Tray {
  #roll;
  #ask;
  #emulsion = new Emulsion(the("emulsion"), (isTrouble) => {
    this.#isMissing = isTrouble;
    keepingFocus(the("bath"), () => this.#showTrouble());
  });
  #isMissing = false;
  /** @type {import("./roll.js").Print | null} */
  #print = null;
  #choice = 0;
  #isSure = false;

  /**
   * @param {import("./roll.js").Roll} roll
   * @param {import("./ask.js").Ask} ask
   */
  constructor(roll, ask) {
    this.#roll = roll;
    this.#ask = ask;
    roll.addEventListener("select", () => keepingFocus(the("bath"), () => this.#change()));
    roll.addEventListener("print", ({ detail }) => detail === this.#print && keepingFocus(the("bath"), () => this.#show()));
    roll.addEventListener("connection", () => this.#show());
    this.#onClick("cancel", cancel);
    this.#onClick("pause", (id) => this.#hold(id));
    the("again").addEventListener("click", () => {
      this.#excuse();
      this.#ask.fill(this.#print?.body ?? {});
    });
    the("fetch-again").addEventListener("click", hurry);
    the("forget").addEventListener("click", () => this.#forget());
    setInterval(() => !hasEnded(this.#print?.snapshot) && this.#showReadings(), TICK);
  }

  #change() {
    if (this.#print !== this.#roll.selected) {
      this.#print = this.#roll.selected;
      this.#choice = 0;
      this.#isSure = false;
      this.#emulsion.clear();
      this.#excuse();
    }
    this.#show();
  }

  #show() {
    const print = this.#print;
    const snapshot = print?.snapshot ?? null;
    const look = print ? lookOf(snapshot) : "empty";
    const isOver = hasEnded(snapshot);
    the("bath").dataset.look = look;
    the("bath").dataset.lost = String(Boolean(print) && !isOver && this.#roll.isLost);
    the("paper").style.setProperty("--ratio", String(ratioOf(print, this.#choice)));
    say(the("print-title"), print ? nameOf(print) : "What shall come up?");
    sayWith(the("now"), print ? stateOf(snapshot) : "Write a prompt, or begin with one of these.", print && moreOf(snapshot));
    the("starters").hidden = Boolean(print);
    the("blank").hidden = Boolean(print);
    this.#showPicture();
    this.#showReadings();
    this.#showActions(isOver);
    sayOrHide(the("print-fault"), faultOf(snapshot) ?? print?.refusal ?? this.#refusal());
    this.#showTrouble();
  }

  /** A preview that does not come is not worth a word: the next may, and there is no harm. */
  #showTrouble() {
    the("picture-fault").hidden = !this.#isMissing || !looksOf(this.#print?.snapshot ?? null, this.#choice).output;
  }

  #showPicture() {
    const print = this.#print;
    if (!print) return this.#emulsion.clear();
    const { placeholder, output, preview } = looksOf(print.snapshot, this.#choice);
    const isPicture = output?.type?.startsWith("image/");
    const url = isPicture ? local(output.url) : preview && local(preview.url);
    const state = output ? "" : ", still developing";
    this.#emulsion.show({ placeholder, url, alt: `${briefly(print)}${state}` });
    this.#showChoices(print);
  }

  /** @param {import("./roll.js").Print} print */
  #showChoices(print) {
    const outputs = print.snapshot?.outputs ?? [];
    const place = the("choices");
    place.hidden = outputs.length < 2;
    const key = outputs.length < 2 ? "" : `${print.id} ${outputs.length}`;
    if (place.dataset.key !== key) {
      place.dataset.key = key;
      place.replaceChildren(...(key ? outputs.map((output, at) => this.#choiceOf(output, at)) : []));
    }
    [...place.children].forEach((button, at) => button.setAttribute("aria-pressed", String(at === this.#choice)));
  }

  /**
   * @param {import("../safelight.js").Output} output
   * @param {number} at
   */
  #choiceOf(output, at) {
    const url = thumbnail(output, 128);
    const face = url ? make("img", { src: url, alt: "", width: 56, height: 56 }) : String(at + 1);
    const button = make("button", { type: "button", class: "pick", "aria-label": `Picture ${at + 1}` }, face);
    button.addEventListener("click", () => {
      this.#choice = at;
      this.#show();
    });
    return button;
  }

  #showReadings() {
    const { snapshot, heardAt, pace } = this.#print ?? { snapshot: null, heardAt: 0, pace: null };
    const bar = the("bar");
    the("readings").hidden = !this.#print;
    bar.hidden = true;
    if (!this.#print) return;
    const isOver = hasEnded(snapshot);
    bar.hidden = isOver;
    if (isOver) bar.value = snapshot?.progress ?? 0;
    else if (snapshot?.progress === undefined) bar.removeAttribute("value");
    else bar.value = snapshot.progress;
    if (!snapshot) return;
    const now = Date.now();
    const readings = readingsOf(snapshot, (now - heardAt) / 1000, now, pace?.left(performance.now() / 1000) ?? null);
    const place = the("readings");
    const names = readings.map(([name]) => name).join();
    if (place.dataset.names !== names) {
      place.dataset.names = names;
      place.replaceChildren(...readings.map(([name]) => make("div", {}, make("dt", {}, name), make("dd"))));
    }
    readings.forEach(([, value], at) => say(place.children[at].lastElementChild, value));
  }

  /** @param {boolean} isOver */
  #showActions(isOver) {
    const { id = "", snapshot = null, body = null } = this.#print ?? {};
    the("actions").hidden = !this.#print;
    const isHeld = snapshot?.phase === "paused";
    const canPause = this.#ask.canPause(snapshot?.attempt?.provider ?? snapshot?.providerId);
    the("pause").hidden = the("cancel").hidden = isOver;
    say(the("pause"), isHeld ? "Go on" : "Pause");
    the("pause").setAttribute("aria-disabled", String(!canPause));
    the("cancel").setAttribute("aria-disabled", String(snapshot?.cancel === "requested"));
    const output = snapshot?.outputs?.[this.#choice];
    the("download").hidden = !output;
    if (output) the("download").href = `${local(output.url)}?download=${encodeURIComponent(fileNameOf(this.#print, this.#choice))}`;
    else the("download").removeAttribute("href");
    the("again").hidden = !body;
    the("forget").hidden = !isOver;
    say(the("forget"), this.#isSure ? "Really forget" : "Forget");
    the("forget").dataset.id = id;
  }

  /** What a button of this print could not do, kept until something else is done. */
  #refusal() {
    return this.#refused.id === this.#print?.id ? this.#refused.words : null;
  }
  #refused = { id: "", words: "" };

  /**
   * @param {string} name
   * @param {(id: string) => Promise<unknown>} act
   */
  #onClick(name, act) {
    the(name).addEventListener("click", () => void this.#do(act));
  }

  /** What a button could not do is of no interest any more: something else is done. */
  #excuse() {
    this.#refused = { id: "", words: "" };
    sayOrHide(the("print-fault"), faultOf(this.#print?.snapshot ?? null));
  }

  /** @param {(id: string) => Promise<unknown>} act */
  async #do(act) {
    const { id } = this.#print ?? {};
    if (!id) return;
    this.#excuse();
    try {
      const snapshot = await act(id);
      if (snapshot) this.#roll.adopt(id, { snapshot });
    } catch (error) {
      this.#refused = { id, words: error.message };
    }
    this.#show();
  }

  /** @param {string} id */
  async #hold(id) {
    const snapshot = this.#print?.snapshot;
    if (snapshot?.phase === "paused") return await resume(id);
    const provider = snapshot?.attempt?.provider ?? snapshot?.providerId;
    if (!this.#ask.canPause(provider)) throw new Error(`The provider ${provider} cannot hold a print still.`);
    return await pause(id);
  }

  /** The first press asks, the second does it. */
  #forget() {
    const print = this.#print;
    if (!print) return;
    if (!this.#isSure) {
      this.#isSure = true;
      this.#excuse();
      this.#show();
      return;
    }
    this.#isSure = false;
    void this.#do(async () => {
      await forget(print.id).catch((/** @type {any} */ error) => {
        if (!isGone(error)) throw error; // forgotten elsewhere is forgotten
      });
      this.#roll.remove(print);
    });
  }
}

/** @param {import("../safelight.js").Snapshot | null} snapshot */
function faultOf(snapshot) {
  if (snapshot?.status !== "failed" || snapshot.outcome === "canceled") return null;
  return snapshot.error ?? "It failed, and nobody said why.";
}

/**
 * @param {import("./roll.js").Print | null} print
 * @param {number} choice
 */
function fileNameOf(print, choice) {
  if (!print) return "";
  const count = print.snapshot?.outputs?.length ?? 1;
  return `${shortened(nameOf(print), 60)}${count > 1 ? ` ${choice + 1}` : ""}`;
}
