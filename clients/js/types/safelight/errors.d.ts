/**
 * Send a request; return the answer if it is a good one.
 *
 * @param {string} url
 * @param {RequestInit} init
 * @returns {Promise<Response>}
 * @throws {SafelightError} The service refused, or did not answer.
 */
export function request(url: string, init: RequestInit): Promise<Response>;
/**
 * Send a request whose answer is JSON.
 *
 * @param {string} url
 * @param {RequestInit} init
 * @returns {Promise<any>}
 */
export function requestJson(url: string, init: RequestInit): Promise<any>;
/** A call was refused, did not arrive, or was answered by something that is not Safelight. */
export class SafelightError extends Error {
    /**
     * @param {Problem} problem
     * @param {{status?: number, retryAfter?: number, cause?: unknown}} [facts]
     */
    constructor(problem: Problem, { status, retryAfter, cause }?: {
        status?: number;
        retryAfter?: number;
        cause?: unknown;
    });
    /** The error for machines: one of the service's codes, `unreachable` or `foreign_answer`. */
    code: string;
    /** The HTTP status; 0 if there was no answer. */
    status: number;
    /** Whether the same call may work later. */
    retryable: boolean;
    /** What an operator finds in the log. */
    requestId: string | undefined;
    /** In how many milliseconds the service wants to be asked again, if it said so. */
    retryAfter: number | undefined;
    /** The whole document. */
    problem: import("./types.js").Problem;
    /** Whether asking again cannot help: the service itself refused, and not for being busy. */
    get isFinal(): boolean;
}
export type Problem = import("./types.js").Problem;
