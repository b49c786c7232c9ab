/**
 * @typedef {import("./feed.js").NewsHooks} NewsHooks
 *
 * @typedef {{kind: "want", tab: string, ids: string[]}} Want Also asks the leader to say where things stand.
 * @typedef {{kind: "lead"}} Lead A tab leads from now on and asks what is wanted.
 * @typedef {{kind: "here"}} Here The leader lives.
 * @typedef {{kind: "news", hook: keyof NewsHooks, facts: any[]}} News
 */
/** Whether this browser, on this page, can share. Web Locks exist in secure contexts only. */
export function canShare(): boolean;
/**
 * Has the same face as `Feed`. The lock named like the channel makes the leader: when its tab goes, the next in the queue
 * gets it. Each tab also holds a lock of its own, by which the leader learns without asking that a tab is gone.
 */
export class Tabs {
    /**
     * @param {string} name What tabs share who share a feed.
     * @param {(hooks: NewsHooks) => Feed} makeFeed
     * @param {NewsHooks} hooks
     */
    constructor(name: string, makeFeed: (hooks: NewsHooks) => Feed, hooks: NewsHooks);
    /**
     * Follow these and no others from now on.
     *
     * @param {Iterable<string>} ids
     */
    want(ids: Iterable<string>): void;
    /** The page came to the front, or the network came back. */
    wake(): void;
    /** Leave the others; `want` joins them again. */
    close(): void;
    #private;
}
export type NewsHooks = import("./feed.js").NewsHooks;
/**
 * Also asks the leader to say where things stand.
 */
export type Want = {
    kind: "want";
    tab: string;
    ids: string[];
};
/**
 * A tab leads from now on and asks what is wanted.
 */
export type Lead = {
    kind: "lead";
};
/**
 * The leader lives.
 */
export type Here = {
    kind: "here";
};
export type News = {
    kind: "news";
    hook: keyof NewsHooks;
    facts: any[];
};
import { Feed } from "./feed.js";
