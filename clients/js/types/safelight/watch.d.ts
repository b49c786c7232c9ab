/**
 * Watch a generation until it ends.
 *
 * @param {string} idOrUrl The generation's id, or the URL of its stream as `generate` returned it.
 * @param {WatchOptions} [options]
 * @returns {Watch}
 */
export function watch(idOrUrl: string, options?: WatchOptions): Watch;
/**
 * @typedef {import("./types.js").Connection} Connection
 * @typedef {import("./types.js").Snapshot} Snapshot
 * @typedef {import("./types.js").WatchOptions} WatchOptions
 * @typedef {import("./errors.js").SafelightError} SafelightError
 */
/**
 * One generation that is being watched. It is over when its last snapshot came, when the service says that there is no such
 * generation, or when it is closed; a lost connection is none of these.
 *
 * @implements {AsyncIterable<Snapshot>}
 */
export class Watch implements AsyncIterable<Snapshot> {
    /**
     * @param {string} idOrUrl
     * @param {WatchOptions} options
     */
    constructor(idOrUrl: string, options: WatchOptions);
    /** The generation. */
    id: string;
    /**
     * The last snapshot, once it came.
     *
     * @type {Promise<Snapshot>}
     */
    ended: Promise<Snapshot>;
    /** The newest snapshot so far. */
    get latest(): import("./types.js").Snapshot | null;
    /** Stop watching; the generation goes on. */
    close(): void;
    /**
     * Snapshots as they come; whoever is slow gets the newest. It ends after the last one, and throws what `ended` throws.
     *
     * @returns {AsyncGenerator<Snapshot, void, void>}
     */
    [Symbol.asyncIterator](): AsyncGenerator<Snapshot, void, void>;
    #private;
}
export type Connection = import("./types.js").Connection;
export type Snapshot = import("./types.js").Snapshot;
export type WatchOptions = import("./types.js").WatchOptions;
export type SafelightError = import("./errors.js").SafelightError;
