/** The raw events of the print in the tray, as they came and as the journal has them. */

import { askAsCurl, watchAsCurl } from "./curl.js";
import { make, say, the } from "./dom.js";
import { hasEnded, history, insist, newer, root, watch } from "./service.js";
import { lookOf } from "./words.js";

const MOST = 1_000;
const NEAR = 24;

/** Owns the tape. */
export class Notes {
  #roll;
  /** @type {import("./roll.js").Print | null} */
  #print = null;
  /** @type {{snapshot: import("../safelight.js").Snapshot, node: HTMLElement}[]} */
  #rows = [];
  #heard = new Set();
  /** @type {import("../safelight.js").Watch | null} */
  #listening = null;

  /** @param {import("./roll.js").Roll} roll */
  constructor(roll) {
    this.#roll = roll;
    roll.addEventListener("select", () => this.#change());
    roll.addEventListener("print", ({ detail }) => detail === this.#print && this.#hear(detail.snapshot));
    the("hear").addEventListener("change", () => this.#listen());
    the("copy-ask").addEventListener("click", () => this.#print?.body && void copy(the("copy-ask"), askAsCurl(root, this.#print.body)));
    the("copy-watch").addEventListener("click", () => this.#print && void copy(the("copy-watch"), watchAsCurl(root, this.#print.id)));
  }

  #change() {
    if (this.#print === this.#roll.selected) return;
    this.#print = this.#roll.selected;
    this.#rows = [];
    this.#heard.clear();
    the("tape").replaceChildren();
    the("copied").hidden = true;
    the("copy-ask").disabled = !this.#print?.body;
    the("copy-watch").disabled = !this.#print;
    this.#count();
    this.#listen();
    if (!this.#print) return;
    if (this.#print.snapshot) this.#hear(this.#print.snapshot);
    if (!hasEnded(this.#print.snapshot)) void this.#fill(this.#print);
  }

  /** @param {import("../safelight.js").Snapshot | null} snapshot */
  #hear(snapshot) {
    if (!snapshot || !this.#print) return;
    this.#add([snapshot]);
    if (hasEnded(snapshot)) void this.#fill(this.#print); // the shared stream leaves out what was overtaken; the journal does not
  }

  /**
   * Fill the gaps from the journal, which begins with the oldest: of a long one only the end is read.
   *
   * @param {import("./roll.js").Print} print
   */
  async #fill(print) {
    const { epoch = 0, seq = 0 } = print.snapshot ?? {};
    let after = seq > MOST ? keyOf({ epoch, seq: seq - MOST }) : undefined;
    try {
      do {
        const page = await insist(() => this.#page(print, after), () => undefined);
        if (this.#print !== print) return;
        this.#add(page.events);
        after = page.next;
      } while (after);
    } catch {
      // the tape then shows what came by itself, which is what the page shows anyway
    }
  }

  /**
   * A page of the journal; nobody insists on one of a print that is in the tray no longer.
   *
   * @param {import("./roll.js").Print} print
   * @param {string} [after]
   */
  async #page(print, after) {
    if (this.#print !== print) return { events: [] };
    return await history(print.id, after);
  }

  /** The provider's log has a stream of its own, so it is only listened to on demand. */
  #listen() {
    this.#listening?.close();
    this.#listening = null;
    if (!the("hear").checked || !this.#print || hasEnded(this.#print.snapshot)) return;
    const print = this.#print;
    this.#listening = watch(print.id, { onLog: ({ at, line }) => this.#print === print && keepingItsEnd((tape) => tape.append(logRow(at, line))) });
  }

  /** @param {import("../safelight.js").Snapshot[]} snapshots */
  #add(snapshots) {
    keepingItsEnd((tape) => {
      for (const snapshot of snapshots) this.#put(tape, snapshot);
    });
    this.#count();
  }

  /**
   * Put an event where it belongs among the others, once.
   *
   * @param {HTMLElement} tape
   * @param {import("../safelight.js").Snapshot} snapshot
   */
  #put(tape, snapshot) {
    const key = keyOf(snapshot);
    if (this.#heard.has(key)) return;
    let at = this.#rows.length;
    while (at > 0 && newer(this.#rows[at - 1].snapshot, snapshot)) at -= 1;
    if (at === 0 && this.#rows.length >= MOST) return;
    this.#heard.add(key);
    const row = { snapshot, node: rowOf(snapshot) };
    tape.insertBefore(row.node, this.#rows[at]?.node ?? null);
    this.#rows.splice(at, 0, row);
    if (this.#rows.length > MOST) this.#dropOldest();
  }

  #dropOldest() {
    const oldest = this.#rows.shift();
    if (!oldest) return;
    this.#heard.delete(keyOf(oldest.snapshot));
    oldest.node.remove();
  }

  #count() {
    const { length } = this.#rows;
    say(the("count"), length === 0 ? "" : `${length}${length >= MOST ? "+" : ""}`);
  }
}

/**
 * Change the tape; who reads its end still does afterwards. It is laid out once, however much comes.
 *
 * @param {(tape: HTMLElement) => void} change
 */
function keepingItsEnd(change) {
  const tape = the("tape");
  const isAtEnd = tape.scrollHeight - tape.scrollTop - tape.clientHeight < NEAR;
  change(tape);
  if (isAtEnd) tape.scrollTop = tape.scrollHeight;
}

/** @param {{epoch: number, seq: number}} snapshot */
const keyOf = ({ epoch, seq }) => `${epoch}-${seq}`;

/** @param {import("../safelight.js").Snapshot} snapshot */
function rowOf(snapshot) {
  const { seq, status, progress, phase } = snapshot;
  const look = lookOf(snapshot);
  const message = look === "failed" ? snapshot.error : snapshot.message;
  const facts = [progress === undefined ? null : `${progress} %`, phase === status || phase === "running" ? null : phase, message && make("bdi", {}, message)];
  const summary = make(
    "summary",
    {},
    make("span", { class: "seq" }, String(seq)),
    make("span", { class: `status ${look}` }, status),
    make("span", { class: "facts" }, ...facts.filter(Boolean).flatMap((fact, at) => (at ? [" · ", fact] : [fact]))),
  );
  const details = make("details", {}, summary);
  details.addEventListener(
    "toggle",
    () => details.append(make("pre", {}, `id: ${keyOf(snapshot)}\ndata: ${JSON.stringify(snapshot, null, 2)}`)),
    { once: true },
  );
  return make("li", {}, details);
}

/**
 * @param {string} at
 * @param {string} line
 */
function logRow(at, line) {
  return make("li", { class: "log" }, make("span", { class: "seq" }, at.slice(11, 19)), make("bdi", { class: "said" }, line));
}

/**
 * Copy a command; where the browser does not allow it, show it to be copied by hand.
 *
 * @param {HTMLElement} button
 * @param {string} command
 */
async function copy(button, command) {
  the("copied").value = command;
  the("copied").hidden = false;
  try {
    await navigator.clipboard.writeText(command);
    say(the("announcer"), "Copied.");
    const words = (button.dataset.words ??= button.textContent ?? "");
    say(button, "Copied");
    setTimeout(() => say(button, words), 1_500);
  } catch {
    the("copied").focus();
    the("copied").select();
    say(the("announcer"), "The command is selected; copy it.");
  }
}
