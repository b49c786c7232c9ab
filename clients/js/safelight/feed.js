/** News of a set of generations, by as few streams as it takes, or by polls where streams do not get through. */

import { Line } from "./line.js";
import { Poll } from "./poll.js";
import { newer, readJson, readSnapshot } from "./snapshots.js";
import { timing } from "./timing.js";

/**
 * @typedef {import("./types.js").Connection} Connection
 * @typedef {import("./types.js").LogLine} LogLine
 * @typedef {import("./types.js").Problem} Problem
 * @typedef {import("./types.js").Snapshot} Snapshot
 *
 * @typedef {object} NewsHooks
 * @property {(snapshot: Snapshot) => void} onSnapshot
 * @property {(id: string, problem: Problem, status: number) => void} onRefused
 * @property {(connection: Connection) => void} onConnection
 * @property {(line: LogLine) => void} onLog
 *
 * @typedef {object} How
 * @property {"eventsource" | "fetch" | "poll"} kind
 * @property {Record<string, string>} [headers]
 */

/** Follows what is wanted of it, in this page and for its own hooks. */
export class Feed {
  #address;
  #how;
  #hooks;
  /** @type {Set<string>} */
  #wanted = new Set();
  /** @type {Map<string, Snapshot>} */
  #newest = new Map();
  /** @type {Map<Line, {ids: Set<string>, state: "new" | "open" | "lost"}>} */
  #lines = new Map();
  /** @type {Poll | null} */
  #poll = null;
  #isStreaming;
  #whyPolling = "Asked to.";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #trial;
  #trialDelay = timing.trial;
  /** @type {Connection | null} */
  #connection = null;

  /**
   * @param {import("./address.js").Address} address
   * @param {How} how
   * @param {NewsHooks} hooks
   */
  constructor(address, how, hooks) {
    this.#address = address;
    this.#how = how;
    this.#hooks = hooks;
    this.#isStreaming = how.kind !== "poll";
  }

  /** How news come in now; null before anything did. */
  get connection() {
    return this.#connection;
  }

  /**
   * The newest snapshot of one that is wanted.
   *
   * @param {string} id
   */
  newest(id) {
    return this.#newest.get(id);
  }

  /**
   * Follow these and no others from now on.
   *
   * @param {Iterable<string>} ids
   */
  want(ids) {
    this.#wanted = new Set(ids);
    for (const id of this.#newest.keys()) if (!this.#wanted.has(id)) this.#newest.delete(id);
    for (const { ids } of this.#lines.values()) for (const id of ids) if (!this.#wanted.has(id)) ids.delete(id);
    if (this.#wanted.size === 0) {
      this.close();
      return;
    }
    if (this.#isStreaming) this.#arrange();
    else this.#startPolling();
    this.#poll?.want(this.#wanted);
  }

  /** The page came to the front, or the network came back: believe nothing old. */
  wake() {
    for (const line of this.#lines.keys()) line.wake();
    this.#poll?.wake();
    this.#trialDelay = timing.trial;
    if (this.#poll && this.#wanted.size > 0 && this.#how.kind !== "poll") this.#tryStreams();
  }

  /** Follow nothing; `want` begins afresh. */
  close() {
    this.#closeLines();
    this.#poll?.close();
    this.#poll = null;
    clearTimeout(this.#trial);
    this.#isStreaming = this.#how.kind !== "poll";
    this.#wanted.clear();
    this.#newest.clear();
    this.#connection = null;
  }

  #closeLines() {
    for (const line of this.#lines.keys()) line.close();
    this.#lines.clear();
  }

  /** See to it that each wanted id is on a stream: fill up those there are, then open more. A stream's ids are in its URL. */
  #arrange() {
    const onStream = new Set([...this.#lines.values()].flatMap(({ ids }) => [...ids]));
    const fresh = [...this.#wanted].filter((id) => !onStream.has(id));
    for (const [line, { ids }] of [...this.#lines]) {
      const more = fresh.splice(0, this.#address.perStream - ids.size);
      if (more.length === 0 && ids.size > 0) continue;
      line.close();
      this.#lines.delete(line);
      if (more.length > 0) this.#openLine([...ids, ...more]);
    }
    while (fresh.length > 0) this.#openLine(fresh.splice(0, this.#address.perStream));
  }

  /** @param {string[]} ids */
  #openLine(ids) {
    /** @type {{ids: Set<string>, state: "new" | "open" | "lost"}} */
    const facts = { ids: new Set(ids), state: "new" };
    const kind = this.#how.kind === "eventsource" ? "eventsource" : "fetch";
    const onThrough = () => {
      facts.state = "open";
      this.#stopPolling();
      if ([...this.#lines.values()].every(({ state }) => state === "open")) this.#tell({ state: "open" });
    };
    const line = new Line(this.#address.stream(ids), { kind, headers: this.#how.headers }, {
      onMessage: (text) => {
        const snapshot = readSnapshot(text);
        if (!snapshot) {
          this.#fallBack("The stream says something that is no snapshot.");
          return false;
        }
        onThrough();
        return this.#take(snapshot);
      },
      onLog: (text) => {
        const said = readJson(text);
        if (typeof said?.line === "string") this.#hooks.onLog(said);
      },
      onResumed: onThrough,
      onLost: (reason) => {
        facts.state = "lost";
        if (!this.#poll) this.#tell({ state: "lost", reason });
      },
      onUseless: (reason) => this.#fallBack(reason),
    });
    this.#lines.set(line, facts);
  }

  /**
   * @param {Snapshot} snapshot
   * @returns {boolean} Whether it was news.
   */
  #take(snapshot) {
    const id = snapshot.sessionId;
    if (!this.#wanted.has(id)) return false;
    if (snapshot.seq === 0) {
      const { code = "not_found", error } = snapshot; // no journal begins at 0: the service knows no such generation
      this.#refuse(id, { code, detail: error }, code === "gone" ? 410 : 404);
      return true;
    }
    if (!newer(snapshot, this.#newest.get(id))) return false;
    this.#newest.set(id, snapshot);
    this.#hooks.onSnapshot(snapshot);
    return true;
  }

  /**
   * @param {string} id
   * @param {Problem} problem
   * @param {number} status
   */
  #refuse(id, problem, status) {
    this.#wanted.delete(id); // whoever wants it again has it asked for again
    for (const { ids } of this.#lines.values()) ids.delete(id);
    this.#hooks.onRefused(id, problem, status);
  }

  /** @param {string} reason */
  #fallBack(reason) {
    this.#closeLines();
    this.#isStreaming = false;
    this.#whyPolling = reason;
    this.#startPolling();
    this.#tell({ state: "polling", reason });
    clearTimeout(this.#trial);
    this.#trial = setTimeout(() => this.#tryStreams(), this.#trialDelay);
    this.#trialDelay = Math.min(this.#trialDelay * 2, timing.longestTrial);
  }

  /** Polls go on until a stream has shown that it works. */
  #tryStreams() {
    clearTimeout(this.#trial);
    this.#isStreaming = true;
    this.#arrange();
  }

  #startPolling() {
    if (this.#poll) return;
    this.#poll = new Poll(this.#address, this.#how.headers, {
      newest: (id) => this.#newest.get(id),
      onSnapshot: (snapshot) => this.#take(snapshot),
      onRefused: (id, error) => this.#refuse(id, error.problem, error.status),
      onAnswer: () => this.#tell({ state: "polling", reason: this.#whyPolling }),
      onLost: (reason) => this.#tell({ state: "lost", reason }),
    });
    this.#poll.want(this.#wanted);
  }

  #stopPolling() {
    if (!this.#poll || this.#how.kind === "poll") return;
    this.#poll.close();
    this.#poll = null;
  }

  /** @param {Connection} connection */
  #tell(connection) {
    if (connection.state === this.#connection?.state) return;
    this.#connection = connection;
    this.#hooks.onConnection(connection);
  }
}
