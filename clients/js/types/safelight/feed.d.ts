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
    /**
     * @param {import("./address.js").Address} address
     * @param {How} how
     * @param {NewsHooks} hooks
     */
    constructor(address: import("./address.js").Address, how: How, hooks: NewsHooks);
    /** How news come in now; null before anything did. */
    get connection(): import("./types.js").Connection | null;
    /**
     * The newest snapshot of one that is wanted.
     *
     * @param {string} id
     */
    newest(id: string): import("./types.js").Snapshot | undefined;
    /**
     * Follow these and no others from now on.
     *
     * @param {Iterable<string>} ids
     */
    want(ids: Iterable<string>): void;
    /** The page came to the front, or the network came back: believe nothing old. */
    wake(): void;
    /** Follow nothing; `want` begins afresh. */
    close(): void;
    #private;
}
export type Connection = import("./types.js").Connection;
export type LogLine = import("./types.js").LogLine;
export type Problem = import("./types.js").Problem;
export type Snapshot = import("./types.js").Snapshot;
export type NewsHooks = {
    onSnapshot: (snapshot: Snapshot) => void;
    onRefused: (id: string, problem: Problem, status: number) => void;
    onConnection: (connection: Connection) => void;
    onLog: (line: LogLine) => void;
};
export type How = {
    kind: "eventsource" | "fetch" | "poll";
    headers?: Record<string, string> | undefined;
};
