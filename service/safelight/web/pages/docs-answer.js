/** What came back: its status, its headers, and its body, a stream's events as they come. */

import { EventStreamParser } from "../safelight.js";
import { prettyText } from "./docs-words.js";
import { make, say, the } from "./dom.js";
import { local } from "./service.js";

const MOST = 300;
const PICTURE = /^image\/(png|jpeg|webp|gif|avif)$/;

/** Owns the place below a form. */
export class Answer {
  element = make("div", { class: "came", hidden: true });
  #line = make("p", { class: "result" });
  #look = make("img", { class: "look", alt: "What it shows so far", hidden: true });
  #picture = "";
  #wanted = "";

  /**
   * Say why nothing was sent.
   *
   * @param {string} sentence
   */
  refuse(sentence) {
    this.#begin();
    say(this.#line, sentence);
  }

  /**
   * Make the call, and show the answer as it comes.
   *
   * @param {() => Promise<Response>} ask
   * @param {(status: number, json: any) => Node[]} linksOf
   */
  async take(ask, linksOf) {
    this.#begin();
    say(this.#line, "Waiting…");
    const began = performance.now();
    try {
      const response = await ask();
      this.#line.replaceChildren(
        make("span", { class: "status", "data-kind": String(response.status)[0] }, String(response.status)),
        ` ${response.statusText} · ${Math.round(performance.now() - began)} ms`,
      );
      say(the("announcer"), `Answered with ${response.status}.`);
      this.#look.before(headersOf(response));
      await this.#read(response, linksOf);
    } catch (error) {
      this.#line.append(error.name === "AbortError" ? " · stopped" : ` ${error.message}`);
    }
  }

  /**
   * @param {Response} response
   * @param {(status: number, json: any) => Node[]} linksOf
   */
  async #read(response, linksOf) {
    const type = (response.headers.get("Content-Type") ?? "").split(";")[0];
    if (type === "text/event-stream" && response.body) await this.#stream(response.body);
    else if (PICTURE.test(type)) this.#show((this.#picture = URL.createObjectURL(await response.blob())));
    else {
      const text = await response.text();
      if (!text) return;
      const shown = prettyText(text);
      this.element.append(make("pre", { class: "body", tabindex: "0", role: "group", "aria-label": "Body" }, shown));
      if (!type.endsWith("json")) return;
      const json = JSON.parse(text);
      void this.#develop(json);
      const links = linksOf(response.status, json);
      if (links.length) this.element.append(make("div", { class: "links" }, ...links));
    }
  }

  /** @param {ReadableStream<Uint8Array>} body */
  async #stream(body) {
    const count = make("span", { class: "count" }, "no event yet");
    const tape = make("ol", { class: "events", tabindex: "0", "aria-label": "Events" });
    this.element.append(make("p", { class: "live" }, count), tape);
    tape.scrollIntoView({ block: "nearest" });
    let heard = 0;
    const parser = new EventStreamParser({
      onEvent: (event) => {
        heard += 1;
        say(count, `${heard} event${heard === 1 ? "" : "s"}`);
        tape.append(eventRow(event));
        if (tape.children.length > MOST) tape.firstElementChild?.remove();
        tape.scrollTop = tape.scrollHeight;
        if (event.type === "message") void this.#develop(JSON.parse(event.data));
      },
    });
    const reader = body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) parser.push(piece.value);
    parser.end();
    say(count, `${heard} event${heard === 1 ? "" : "s"}, and the end`);
  }

  /**
   * Show the picture that a snapshot names, once it is here; an old preview may be gone by then.
   *
   * @param {any} json
   */
  async #develop(json) {
    const output = json?.outputs?.[0];
    const url = output && PICTURE.test(output.type) ? output.url : json?.preview?.url;
    if (!url || url === this.#wanted) return;
    this.#wanted = url;
    const next = new Image();
    next.src = `${local(url)}?w=256`;
    try {
      await next.decode();
    } catch {
      return; // the next snapshot names another
    }
    if (this.#wanted === url) this.#show(next.src);
  }

  /** @param {string} source */
  #show(source) {
    this.#look.src = source;
    this.#look.hidden = false;
  }

  #begin() {
    if (this.#picture) URL.revokeObjectURL(this.#picture);
    this.#picture = this.#wanted = "";
    this.#look.hidden = true;
    this.element.hidden = false;
    this.element.replaceChildren(this.#line, this.#look);
    this.#line.replaceChildren();
  }
}

/** @param {Response} response */
function headersOf({ headers }) {
  const rows = [...headers].map(([name, value]) => make("li", {}, make("code", { class: "key" }, name), ` ${value}`));
  return make("details", { class: "heads" }, make("summary", {}, "Headers"), make("ul", { class: "headers" }, ...rows));
}

/** @param {{type: string, data: string, lastEventId: string}} event */
function eventRow({ type, data, lastEventId }) {
  const snapshot = JSON.parse(data);
  const said = [snapshot.status, snapshot.progress === undefined ? "" : `${snapshot.progress} %`, snapshot.message ?? snapshot.line ?? snapshot.error]
    .filter(Boolean)
    .join(" · ");
  const name = type === "message" ? lastEventId.split("-")[1] ?? "" : type;
  const summary = make("summary", {}, make("span", { class: "seq" }, name), make("span", { class: "facts" }, said));
  const row = make("details", {}, summary);
  row.addEventListener("toggle", () => row.append(make("pre", {}, prettyText(data))), { once: true });
  return make("li", {}, row);
}
