/** The order of snapshots, and whether one is the last. */

/** @typedef {import("./types.js").Snapshot} Snapshot */

/**
 * Whether `a` is newer than `b`. Nothing at all is older than everything.
 *
 * @param {{epoch: number, seq: number}} a
 * @param {{epoch: number, seq: number} | null | undefined} b
 * @returns {boolean}
 */
export function newer(a, b) {
  if (!b) return true;
  const [epoch, other] = [BigInt(a.epoch), BigInt(b.epoch)];
  return epoch === other ? BigInt(a.seq) > BigInt(b.seq) : epoch > other;
}

/**
 * Whether nothing can follow.
 *
 * @param {{status: string} | null | undefined} snapshot
 * @returns {boolean}
 */
export function hasEnded(snapshot) {
  return snapshot?.status === "succeeded" || snapshot?.status === "failed";
}

/**
 * Read the text of an event; null for anything that is no JSON.
 *
 * @param {string} text
 * @returns {any}
 */
export function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Read the text of an event; null for anything that is no snapshot.
 *
 * @param {string} text
 * @returns {Snapshot | null}
 */
export function readSnapshot(text) {
  const value = readJson(text);
  return isSnapshot(value) ? value : null;
}

/**
 * @param {any} value
 * @returns {value is Snapshot}
 */
export function isSnapshot(value) {
  const words = [value?.sessionId, value?.status].every((word) => typeof word === "string");
  return words && Number.isInteger(value.epoch) && Number.isInteger(value.seq);
}
