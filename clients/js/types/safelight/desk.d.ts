/**
 * Return the desk where a generation is watched: a shared one if nothing sets this watch apart.
 *
 * @param {import("./address.js").Place} place
 * @param {WatchOptions} options
 * @returns {Desk}
 */
export function deskFor({ root, query }: import("./address.js").Place, { transport, headers, onLog }: WatchOptions): Desk;
/** Passes news to followers, and tells the source what is wanted, once per turn of the event loop. */
export class Desk {
    /** @param {(hooks: import("./feed.js").NewsHooks) => Source} makeSource */
    constructor(makeSource: (hooks: import("./feed.js").NewsHooks) => Source);
    /**
     * Follow a generation, beginning with what is known of it.
     *
     * @param {string} id
     * @param {Follower} follower
     * @returns {() => void} Stops following.
     */
    follow(id: string, follower: Follower): () => void;
    #private;
}
export type Connection = import("./types.js").Connection;
export type LogLine = import("./types.js").LogLine;
export type Snapshot = import("./types.js").Snapshot;
export type WatchOptions = import("./types.js").WatchOptions;
export type Follower = {
    onSnapshot: (snapshot: Snapshot) => void;
    onRefused: (error: SafelightError) => void;
    onConnection: (connection: Connection) => void;
    onLog: (line: LogLine) => void;
};
export type Source = {
    want(ids: Iterable<string>): void;
    wake(): void;
    close(): void;
};
import { SafelightError } from "./errors.js";
