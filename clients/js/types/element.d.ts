/**
 * Attributes: `generation` (an id, or the URL of a stream), `base-url`, `label` (what the bar is of, for screen readers).
 * Parts: `line`, `message`, `percent`, `bar`. `data-status` and `data-connection` on the host are for styles.
 *
 * @fires safelight-status `detail` is each newer snapshot.
 * @fires safelight-ended `detail` is the last snapshot.
 * @fires safelight-error `detail` is a `SafelightError`: there is nothing to watch.
 */
export class SafelightProgress extends HTMLElement {
    static observedAttributes: string[];
    /** The newest snapshot. */
    get status(): import("./safelight/types.js").Snapshot | null;
    connectedCallback(): void;
    disconnectedCallback(): void;
    /**
     * @param {string} _name
     * @param {string | null} before
     * @param {string | null} now
     */
    attributeChangedCallback(_name: string, before: string | null, now: string | null): void;
    #private;
}
export type Snapshot = import("./safelight.js").Snapshot;
export type SafelightError = import("./safelight.js").SafelightError;
export type Watch = import("./safelight.js").Watch;
