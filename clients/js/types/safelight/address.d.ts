/**
 * Return the service's root without a slash at its end; "" is a root only where a page's own origin is meant.
 *
 * @param {string} [baseUrl]
 * @returns {string}
 */
export function rootOf(baseUrl?: string): string;
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
export function placeOf(idOrUrl: string, baseUrl?: string): Place;
/**
 * The URL of one generation.
 *
 * @param {string} idOrUrl
 * @param {string} [baseUrl]
 */
export function generationUrl(idOrUrl: string, baseUrl?: string): string;
/** How a set of generations is reached: many on a stream, or each on its own. */
export class Address {
    /**
     * @param {string} root
     * @param {{query?: string, perStream?: number, logs?: boolean}} [options] `perStream` is 1 or what the service allows.
     */
    constructor(root: string, { query, perStream, logs }?: {
        query?: string;
        perStream?: number;
        logs?: boolean;
    });
    root: string;
    perStream: number;
    logs: boolean;
    /**
     * The URL of a stream of these.
     *
     * @param {Iterable<string>} ids
     */
    stream(ids: Iterable<string>): string;
    /**
     * The URL of a long poll.
     *
     * @param {string} id
     * @param {{epoch: number, seq: number} | undefined} after
     * @param {number} seconds
     */
    poll(id: string, after: {
        epoch: number;
        seq: number;
    } | undefined, seconds: number): string;
    #private;
}
export type Place = {
    root: string;
    id: string;
    /**
     * What the stream's URL carries besides, such as a ticket; with its question mark.
     */
    query: string;
};
