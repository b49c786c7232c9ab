/** Errors as the service says them: a code for machines, a sentence for people. */

/** @typedef {import("./types.js").Problem} Problem */

const WORTH_ANOTHER_TRY = new Set([408, 425, 429]);

/** A call was refused, did not arrive, or was answered by something that is not Safelight. */
export class SafelightError extends Error {
  /**
   * @param {Problem} problem
   * @param {{status?: number, retryAfter?: number, cause?: unknown}} [facts]
   */
  constructor(problem, { status = 0, retryAfter, cause } = {}) {
    super(problem.detail ?? problem.error ?? problem.code, { cause });
    this.name = "SafelightError";
    /** The error for machines: one of the service's codes, `unreachable` or `foreign_answer`. */
    this.code = problem.code;
    /** The HTTP status; 0 if there was no answer. */
    this.status = status;
    /** Whether the same call may work later. */
    this.retryable = problem.retryable ?? false;
    /** What an operator finds in the log. */
    this.requestId = problem.requestId;
    /** In how many milliseconds the service wants to be asked again, if it said so. */
    this.retryAfter = retryAfter;
    /** The whole document. */
    this.problem = problem;
  }

  /** Whether asking again cannot help: the service itself refused, and not for being busy. */
  get isFinal() {
    return this.status >= 400 && this.status < 500 && !WORTH_ANOTHER_TRY.has(this.status) && this.code !== "foreign_answer";
  }
}

/**
 * Send a request; return the answer if it is a good one.
 *
 * @param {string} url
 * @param {RequestInit} init
 * @returns {Promise<Response>}
 * @throws {SafelightError} The service refused, or did not answer.
 */
export async function request(url, init) {
  let response;
  try {
    response = await fetch(url, { cache: "no-store", ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new SafelightError({ code: "unreachable", detail: "The service did not answer.", retryable: true }, { cause: error });
  }
  if (response.ok) return response;
  throw await refusal(response);
}

/**
 * Send a request whose answer is JSON.
 *
 * @param {string} url
 * @param {RequestInit} init
 * @returns {Promise<any>}
 */
export async function requestJson(url, init) {
  const response = await request(url, init);
  try {
    return await response.json();
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw foreign(response, error);
  }
}

/**
 * @param {Response} response
 * @returns {Promise<SafelightError>}
 */
async function refusal(response) {
  const problem = await response.json().catch(() => null); // whatever it is, it is not our problem document
  if (typeof problem?.code !== "string") return foreign(response);
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  return new SafelightError(problem, { status: response.status, retryAfter: seconds >= 0 ? seconds * 1000 : undefined });
}

/**
 * @param {Response} response
 * @param {unknown} [cause]
 */
function foreign(response, cause) {
  const detail = `The answer (${response.status}) is not one of Safelight's.`;
  const retryable = response.status >= 500;
  return new SafelightError({ code: "foreign_answer", detail, retryable }, { status: response.status, cause });
}
