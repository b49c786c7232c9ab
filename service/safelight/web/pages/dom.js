/** Making and finding elements. Text goes in as text: nothing here, or anywhere on the page, reads a string as HTML. */

/**
 * Return the element with this id; the page's own HTML has it.
 *
 * @param {string} id
 * @returns {any}
 */
export const the = (id) => document.getElementById(id);

/**
 * Make an element.
 *
 * @param {string} name
 * @param {Record<string, unknown>} [facts] Attributes; `class`, `aria-*`, `data-*` and so on. null and false are left out.
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function make(name, facts = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(facts)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/**
 * Set an element's text, if it is another: what does not change is not read out again.
 *
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Set an element's text to words of ours and then of somebody else, whose script may run the other way.
 *
 * @param {Element} element
 * @param {string} words
 * @param {string | null | undefined} theirs
 */
export function sayWith(element, words, theirs) {
  const text = theirs ? `${words} — ${theirs}` : words;
  if (element.textContent !== text) element.replaceChildren(...(theirs ? [`${words} — `, make("bdi", {}, theirs)] : [words]));
}

/**
 * Show a sentence where there is one, else hide its place.
 *
 * @param {HTMLElement} element
 * @param {string | null | undefined} text
 */
export function sayOrHide(element, text) {
  say(element, text ?? "");
  element.hidden = !text;
}

/**
 * Change what is shown at a place; whoever was at something there that is gone then is still at the place.
 *
 * @param {HTMLElement} place
 * @param {() => void} change
 */
export function keepingFocus(place, change) {
  const at = document.activeElement;
  change();
  if (at?.closest("[hidden]") && place.contains(at)) place.focus({ preventScroll: true });
}
