/**
 * @typedef {object} PollHooks
 * @property {(id: string) => Snapshot | undefined} newest What is known already.
 * @property {(snapshot: Snapshot) => boolean} onSnapshot Says whether it was news.
 * @property {(id: string, error: SafelightError) => void} onRefused
 * @property {() => void} onAnswer
 * @property {(reason: string) => void} onLost
 */
/** Asks after each of a set of generations again and again, until each has ended. */
export class Poll {
    /**
     * @param {import("./address.js").Address} address
     * @param {Record<string, string> | undefined} headers
     * @param {PollHooks} hooks
     */
    constructor(address: import("./address.js").Address, headers: Record<string, string> | undefined, hooks: PollHooks);
    /**
     * Ask after these and no others from now on.
     *
     * @param {Iterable<string>} ids
     */
    want(ids: Iterable<string>): void;
    /** Ask now instead of waiting after a failure. */
    wake(): void;
    /** Be done with it. */
    close(): void;
    #private;
}
export type Snapshot = import("./types.js").Snapshot;
export type PollHooks = {
    /**
     * What is known already.
     */
    newest: (id: string) => Snapshot | undefined;
    /**
     * Says whether it was news.
     */
    onSnapshot: (snapshot: Snapshot) => boolean;
    onRefused: (id: string, error: SafelightError) => void;
    onAnswer: () => void;
    onLost: (reason: string) => void;
};
import { SafelightError } from "./errors.js";
