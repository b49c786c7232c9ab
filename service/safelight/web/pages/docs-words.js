/** Words of the description as nodes. */

import { make } from "./dom.js";

/**
 * Return text with its `code` set as such, which is all the CommonMark there is in the description.
 *
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function prose(text) {
  return text.split("`").map((part, at) => (at % 2 ? make("code", {}, part) : part));
}

/**
 * Return JSON as people read it.
 *
 * @param {unknown} value
 */
export const pretty = (value) => JSON.stringify(value, null, 2);

/**
 * Return text as JSON for people where it is JSON, else as it is.
 *
 * @param {string} text
 */
export function prettyText(text) {
  try {
    return pretty(JSON.parse(text));
  } catch {
    return text;
  }
}
