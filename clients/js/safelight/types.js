/**
 * What is said on the wire and what callers give, for editors and type checkers; there is no code here.
 *
 * @typedef {object} Output One kept result.
 * @property {string} url Where the bytes are, for as long as the generation is kept.
 * @property {string} type Media type, sniffed from the bytes.
 * @property {number} bytes
 * @property {string} sha256
 * @property {number} [width]
 * @property {number} [height]
 * @property {number} [seed]
 * @property {string} [placeholder] A tiny blurred picture as a data URI.
 *
 * @typedef {object} Snapshot Everything known about a generation at one moment; what is unknown is left out.
 * @property {string} sessionId The generation.
 * @property {string} providerId What was asked for.
 * @property {number} epoch Rises whenever the generation is taken up anew.
 * @property {number} seq Rises with each snapshot.
 * @property {"started" | "processing" | "succeeded" | "failed"} status Never goes back.
 * @property {string} [phase] Finer than `status`: queued, submitting, waiting, running, saving, paused, finished, or a newer word.
 * @property {number} [progress] 0 to 100, never falls; 100 only with succeeded.
 * @property {string[]} [output] URLs; at least one once succeeded.
 * @property {Output[]} [outputs] The same, with what is known about each.
 * @property {string} [error] One sentence, always with failed.
 * @property {string} [code] The error for machines.
 * @property {boolean} [retryable]
 * @property {string} [outcome] How it ended: succeeded, failed, canceled, expired, rejected, unknown or interrupted.
 * @property {string} [message] What is going on, for people.
 * @property {{current: number, total?: number, unit?: string, label?: string}} [steps]
 * @property {{position: number, size?: number}} [queue]
 * @property {{p50: number, p90?: number, basis: string, samples?: number}} [eta] Seconds.
 * @property {{n: number, of: number, provider: string, model?: string, reason?: string}} [attempt]
 * @property {{url: string, width: number, height: number}} [preview] The newest look at the unfinished picture.
 * @property {{amount: number, currency: string, estimated?: boolean}} [cost]
 * @property {"no" | "yes" | "unknown"} [charged]
 * @property {"requested" | "confirmed" | "too_late" | "unsupported"} [cancel]
 * @property {string[]} [degraded] Which extras failed.
 * @property {string} [ref]
 * @property {string} [createdAt] This and the other times: RFC 3339, UTC.
 * @property {string} [startedAt]
 * @property {string} [endedAt]
 * @property {string} [deadlineAt]
 *
 * @typedef {object} Draft What `generate` asks for.
 * @property {string} prompt
 * @property {string} [providerId]
 * @property {string} [model]
 * @property {Record<string, unknown>} [params] Common to providers: width, height, steps, seed, count, …
 * @property {Record<string, unknown>} [options] The provider's own.
 * @property {string} [ref] A word of your own, to find it again in the list.
 * @property {string[]} [fallback] Providers that take over, in order, after a definite failure.
 * @property {number} [deadline] In how many seconds it has to be over.
 * @property {string} [onDisconnect] `continue` (unless said), `cancel` or `cancel_after:<seconds>`: what becomes of it when nobody watches.
 * @property {{url: string, events?: ("processing" | "output" | "ended")[]}} [webhook] Who is told how it stands.
 *
 * @typedef {object} Created
 * @property {true} success
 * @property {string} sessionId
 * @property {string} providerId
 * @property {"started"} status
 * @property {string} streamUrl
 * @property {{self: string, events: string, cancel: string}} urls
 *
 * @typedef {object} Page
 * @property {Snapshot[]} generations Newest first.
 * @property {string} [next] The `cursor` of the next page; absent at the end.
 *
 * @typedef {object} Problem An RFC 9457 problem document.
 * @property {string} code
 * @property {string} [detail]
 * @property {string} [error]
 * @property {boolean} [retryable]
 * @property {string} [requestId]
 * @property {{path: string, message: string}[]} [faults]
 *
 * @typedef {{at: string, line: string, sessionId: string}} LogLine
 *
 * @typedef {object} Connection How news come in. None of these says anything about the generation.
 * @property {"open" | "lost" | "polling"} state
 * @property {string} [reason] Why it is not open.
 *
 * @typedef {object} CallOptions
 * @property {string} [baseUrl] Where the service is; the page's own origin unless said.
 * @property {Record<string, string>} [headers] For every request, such as `Authorization`.
 * @property {AbortSignal} [signal]
 *
 * @typedef {"auto" | "shared" | "eventsource" | "fetch" | "poll"} Transport
 *
 * @typedef {object} Listening
 * @property {(snapshot: Snapshot) => void} [onStatus] Called with each newer snapshot, the last one included.
 * @property {(connection: Connection) => void} [onConnection] Called when the connection changes.
 * @property {(error: import("./errors.js").SafelightError) => void} [onError] Called once if there is nothing to watch.
 * @property {(line: LogLine) => void} [onLog] Called with each line of the provider's log.
 * @property {Transport} [transport]
 *
 * @typedef {CallOptions & Listening} WatchOptions
 */

export {};
