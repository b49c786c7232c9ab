/** The order of snapshots, and whether one is the last. */
/** @typedef {import("./types.js").Snapshot} Snapshot */
/**
 * Whether `a` is newer than `b`. Nothing at all is older than everything.
 *
 * @param {{epoch: number, seq: number}} a
 * @param {{epoch: number, seq: number} | null | undefined} b
 * @returns {boolean}
 */
export function newer(a: {
    epoch: number;
    seq: number;
}, b: {
    epoch: number;
    seq: number;
} | null | undefined): boolean;
/**
 * Whether nothing can follow.
 *
 * @param {{status: string} | null | undefined} snapshot
 * @returns {boolean}
 */
export function hasEnded(snapshot: {
    status: string;
} | null | undefined): boolean;
/**
 * Read the text of an event; null for anything that is no JSON.
 *
 * @param {string} text
 * @returns {any}
 */
export function readJson(text: string): any;
/**
 * Read the text of an event; null for anything that is no snapshot.
 *
 * @param {string} text
 * @returns {Snapshot | null}
 */
export function readSnapshot(text: string): Snapshot | null;
/**
 * @param {any} value
 * @returns {value is Snapshot}
 */
export function isSnapshot(value: any): value is Snapshot;
export type Snapshot = import("./types.js").Snapshot;
