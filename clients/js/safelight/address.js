/** Where things are: a generation by its id or by the URL of its stream. */

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const STREAM = /^(.*)\/v1\/generations\/([A-Za-z0-9_-]{1,64})\/events(\?[^#]*)?$/;

/**
 * Return the service's root without a slash at its end; "" is a root only where a page's own origin is meant.
 *
 * @param {string} [baseUrl]
 * @returns {string}
 */
export function rootOf(baseUrl = "") {
  const page = globalThis.location?.href;
  if (page === undefined && !/^https?:\/\//i.test(baseUrl)) {
    throw new TypeError("Outside a page `baseUrl` has to be the whole URL of the service.");
  }
  const { origin, pathname } = new URL(baseUrl || "/", page);
  return origin + pathname.replace(/\/+$/, "");
}

/**
 * @typedef {object} Place
 * @property {string} root
 * @property {string} id
 * @property {string} query What the stream's URL carries besides, such as a ticket; with its question mark.
 */

/**
 * Tell an id from the URL of a stream, and take the URL apart.
 *
 * @param {string} idOrUrl
 * @param {string} [baseUrl]
 * @returns {Place}
 */
export function placeOf(idOrUrl, baseUrl) {
  if (ID.test(idOrUrl)) return { root: rootOf(baseUrl), id: idOrUrl, query: "" };
  const match = STREAM.exec(idOrUrl);
  if (!match) throw new TypeError("That is neither the id of a generation nor the URL of its stream.");
  const [, before, id, query = ""] = match;
  return { root: before === "" ? rootOf(baseUrl) : rootOf(before), id, query };
}

/**
 * The URL of one generation.
 *
 * @param {string} idOrUrl
 * @param {string} [baseUrl]
 */
export function generationUrl(idOrUrl, baseUrl) {
  const { root, id } = placeOf(idOrUrl, baseUrl);
  return `${root}/v1/generations/${id}`;
}

/** How a set of generations is reached: many on a stream, or each on its own. */
export class Address {
  #query;

  /**
   * @param {string} root
   * @param {{query?: string, perStream?: number, logs?: boolean}} [options] `perStream` is 1 or what the service allows.
   */
  constructor(root, { query = "", perStream = 100, logs = false } = {}) {
    this.root = root;
    this.perStream = perStream;
    this.#query = new URLSearchParams(query);
    this.logs = logs;
  }

  /**
   * The URL of a stream of these.
   *
   * @param {Iterable<string>} ids
   */
  stream(ids) {
    const query = new URLSearchParams(this.#query);
    if (this.logs) query.set("events", "log");
    if (this.perStream > 1) for (const id of ids) query.append("id", id);
    const [first] = ids;
    return withQuery(this.perStream > 1 ? `${this.root}/v1/events` : `${this.root}/v1/generations/${first}/events`, query);
  }

  /**
   * The URL of a long poll.
   *
   * @param {string} id
   * @param {{epoch: number, seq: number} | undefined} after
   * @param {number} seconds
   */
  poll(id, after, seconds) {
    const query = new URLSearchParams(this.#query);
    if (after) {
      query.set("wait", String(seconds));
      query.set("after", `${after.epoch}-${after.seq}`);
    }
    return withQuery(`${this.root}/v1/generations/${id}`, query);
  }
}

/**
 * @param {string} url
 * @param {URLSearchParams} query
 */
function withQuery(url, query) {
  const text = String(query);
  return text ? `${url}?${text}` : url;
}
