/**
 * @typedef {object} LineHooks
 * @property {(data: string) => boolean} onMessage Says whether it was news.
 * @property {(data: string) => void} onLog
 * @property {() => void} onResumed The connection is back, and there may be nothing new.
 * @property {(reason: string) => void} onLost The connection is gone, for now.
 * @property {(reason: string) => void} onUseless Streams do not get through, or are refused: ask by other means.
 */
/**
 * One connection after another to the same URL. A watchdog is the only timer: a stream that does not say what we have seen begins
 * with snapshots, so one that keeps silent is held back on the way; and a silent one is opened anew, which shows at once whether it had kept news to itself.
 */
export class Line {
    /**
     * @param {string} url
     * @param {{kind: "eventsource" | "fetch", headers?: Record<string, string>}} how
     * @param {LineHooks} hooks
     */
    constructor(url: string, { kind, headers }: {
        kind: "eventsource" | "fetch";
        headers?: Record<string, string>;
    }, hooks: LineHooks);
    /** Connect now if there is any doubt that the connection lives. */
    wake(): void;
    /** Be done with it. */
    close(): void;
    #private;
}
export type LineHooks = {
    /**
     * Says whether it was news.
     */
    onMessage: (data: string) => boolean;
    onLog: (data: string) => void;
    /**
     * The connection is back, and there may be nothing new.
     */
    onResumed: () => void;
    /**
     * The connection is gone, for now.
     */
    onLost: (reason: string) => void;
    /**
     * Streams do not get through, or are refused: ask by other means.
     */
    onUseless: (reason: string) => void;
};
