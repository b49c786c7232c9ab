/** What this browser remembers beyond the page: what was asked for, since a snapshot does not say. Bounded; all of it may be lost. */

const KEY = "safelight.asked";
const MOST = 200;

/**
 * @typedef {object} Asked
 * @property {string} id
 * @property {Record<string, any>} body What was sent.
 */

/** @returns {Asked[]} Newest first. */
function all() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one?.id === "string" && typeof one.body === "object") : [];
  } catch {
    return []; // storage is forbidden, or was written by somebody else: the page works without
  }
}

/** @param {Asked[]} kept */
function write(kept) {
  try {
    localStorage.setItem(KEY, JSON.stringify(kept.slice(0, MOST)));
  } catch {
    // full or forbidden: the prompt is then shown for as long as the page stays
  }
}

/**
 * Remember what was asked for.
 *
 * @param {string} id
 * @param {Record<string, any>} body
 */
export function remember(id, body) {
  write([{ id, body }, ...all().filter((one) => one.id !== id)]);
}

/**
 * Return what was asked for, if it is remembered.
 *
 * @param {string} id
 * @returns {Record<string, any> | null}
 */
export function recall(id) {
  return all().find((one) => one.id === id)?.body ?? null;
}

/** @param {string} id */
export function drop(id) {
  write(all().filter((one) => one.id !== id));
}
