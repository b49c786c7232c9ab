/** The event stream format of the HTML standard, fed in pieces cut anywhere. */

/**
 * @typedef {{type: string, data: string, lastEventId: string}} StreamEvent
 * @typedef {object} ParserHooks
 * @property {(event: StreamEvent) => void} [onEvent]
 * @property {(milliseconds: number) => void} [onRetry]
 */

const BOM = "\uFEFF";
const LINE_END = /\r\n|\n|\r/g;
const DIGITS = /^[0-9]+$/;

/**
 * Read one connection's bytes. What they say comes through the hooks while `push` runs.
 */
export class EventStreamParser {
  #hooks;
  #decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // the mark is ours to strip, from text as from bytes
  #rest = "";
  #isFirst = true;
  #wasReturn = false;
  #data = "";
  #type = "";
  #id;

  /**
   * @param {ParserHooks} hooks
   * @param {string} [lastEventId] Where the connection before this one stood.
   */
  constructor(hooks, lastEventId = "") {
    this.#hooks = hooks;
    this.#id = lastEventId;
    /** The id to send when connecting again. */
    this.lastEventId = lastEventId;
  }

  /**
   * Take the next piece of the stream.
   *
   * @param {Uint8Array | string} piece
   */
  push(piece) {
    this.#read(typeof piece === "string" ? piece : this.#decoder.decode(piece, { stream: true }));
  }

  /** The connection is over: an event without its blank line never happened. */
  end() {
    this.#rest = this.#data = this.#type = "";
  }

  /** @param {string} text */
  #read(text) {
    if (text === "") return;
    if (this.#isFirst) {
      this.#isFirst = false;
      if (text.startsWith(BOM)) text = text.slice(1);
    }
    let from = this.#wasReturn && text.startsWith("\n") ? 1 : 0; // the second half of a CRLF that was cut in two
    this.#wasReturn = text === "" ? this.#wasReturn : text.endsWith("\r");
    LINE_END.lastIndex = from;
    const lines = [];
    for (const match of text.matchAll(LINE_END)) {
      lines.push(text.slice(from, match.index));
      from = match.index + match[0].length;
    }
    const rest = text.slice(from);
    if (lines.length === 0) {
      this.#rest += rest;
      return;
    }
    lines[0] = this.#rest + lines[0];
    this.#rest = rest;
    for (const line of lines) this.#readLine(line);
  }

  /** @param {string} line */
  #readLine(line) {
    if (line === "") {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return; // a comment
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") this.#data += `${value}\n`;
    else if (field === "event") this.#type = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && DIGITS.test(value)) this.#hooks.onRetry?.(Number(value));
  }

  #dispatch() {
    const [data, type] = [this.#data, this.#type || "message"];
    this.#data = this.#type = "";
    this.lastEventId = this.#id; // it counts even if there is no data to go with it
    if (data !== "") this.#hooks.onEvent?.({ type, data: data.slice(0, -1), lastEventId: this.#id });
  }
}
