/** Snapshots in words for people. */

const PHASES = {
  queued: "Waiting in line",
  submitting: "Handing in",
  waiting: "Waiting for the provider",
  running: "Developing",
  saving: "Fixing the print",
  paused: "Held still",
};
const OUTCOMES = {
  succeeded: "Done",
  failed: "Failed",
  canceled: "Canceled",
  expired: "Out of time",
  rejected: "Refused",
  unknown: "Outcome unknown",
  interrupted: "Interrupted",
};
const CANCELS = {
  requested: "Cancel asked for",
  too_late: "Too late to cancel",
  unsupported: "This provider cannot cancel",
};
const CHARGES = { yes: "charged", unknown: "perhaps charged" };

/**
 * How a print is to look: empty, waiting, developing, paused, done, canceled or failed.
 *
 * @param {import("../safelight.js").Snapshot | null} snapshot
 */
export function lookOf(snapshot) {
  if (!snapshot) return "waiting";
  if (snapshot.status === "succeeded") return "done";
  if (snapshot.status === "failed") return snapshot.outcome === "canceled" ? "canceled" : "failed";
  if (snapshot.phase === "paused") return "paused";
  return snapshot.status === "processing" ? "developing" : "waiting";
}

/**
 * What is the matter, in a word or two.
 *
 * @param {import("../safelight.js").Snapshot | null} snapshot
 */
export function stateOf(snapshot) {
  if (!snapshot) return "Asking";
  if (isOver(snapshot)) return OUTCOMES[snapshot.outcome] ?? (snapshot.status === "succeeded" ? "Done" : "Failed");
  return PHASES[snapshot.phase] ?? (snapshot.status === "processing" ? "Developing" : "Waiting");
}

/**
 * What is said of what is going on, beside the state.
 *
 * @param {import("../safelight.js").Snapshot | null} snapshot
 */
export function moreOf(snapshot) {
  if (!snapshot || isOver(snapshot)) return null;
  if (snapshot.cancel) return CANCELS[snapshot.cancel];
  return snapshot.phase === "paused" ? null : snapshot.message;
}

/**
 * The facts beside the bar, as pairs of a name and a value.
 *
 * @param {import("../safelight.js").Snapshot} snapshot
 * @param {number} age Seconds since this snapshot came.
 * @param {number} now Milliseconds.
 * @param {number | null} guess The seconds left by the pace so far, for where the provider says nothing.
 * @returns {[string, string][]}
 */
export function readingsOf(snapshot, age, now, guess) {
  const { progress, steps, queue, eta, attempt, outputs, charged, cost, degraded } = snapshot;
  const isRunning = !isOver(snapshot);
  const output = outputs?.[0];
  const seconds = secondsOf(snapshot, now);
  /** @type {[string, string | null | false | undefined][]} */
  const all = [
    ["Progress", isRunning && progress !== undefined && `${progress} %`],
    ["Step", isRunning && steps && (steps.total ? `${steps.current} of ${steps.total}` : String(steps.current))],
    ["In line", isRunning && queue && (queue.size ? `${queue.position} of ${queue.size}` : String(queue.position))],
    ["Left", isRunning && snapshot.phase !== "paused" && (eta ? left(eta, age) : guess !== null && about(guess))],
    ["Attempt", attempt && attempt.n > 1 && `${attempt.n} of ${attempt.of}`],
    ["Size", !isRunning && output?.width && `${output.width} × ${output.height}`],
    ["Seed", !isRunning && output?.seed !== undefined && String(output.seed)],
    [isRunning ? "Elapsed" : "Took", seconds !== null && span(seconds)],
    ["Provider", snapshot.providerId],
    ["Cost", cost && `${cost.amount} ${cost.currency}${cost.estimated ? " or so" : ""}`],
    ["Money", !isRunning && CHARGES[charged]],
    ["Without", degraded?.length && degraded.join(", ")],
  ];
  return /** @type {[string, string][]} */ (all.filter(([, value]) => value));
}

/**
 * Text of so many characters at most, none of them cut in two: half of an emoji is no text, and no address can hold it.
 *
 * @param {string} text
 * @param {number} most
 */
export function shortened(text, most) {
  return text.length <= most ? text : [...text.slice(0, 2 * most)].slice(0, most).join("");
}

/**
 * A stretch of time.
 *
 * @param {number} seconds
 */
export function span(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/**
 * What a provider can do, in a sentence.
 *
 * @param {{available: boolean, fault?: string, capabilities?: Record<string, any>}} provider
 */
export function abilitiesOf({ available, fault, capabilities: can }) {
  if (!available || !can) return fault ?? "Not available.";
  const able = [can.previews && "shows previews", can.pause && "can be paused", can.cancel !== "none" && "can be canceled"].filter(Boolean);
  if (able.length === 0) return "Shows nothing before the end.";
  const last = able.pop();
  const sentence = able.length ? `${able.join(", ")} and ${last}` : last;
  return `${sentence[0].toUpperCase()}${sentence.slice(1)}.`;
}

/** @param {import("../safelight.js").Snapshot} snapshot */
function isOver({ status }) {
  return status === "succeeded" || status === "failed";
}

/**
 * @param {{p50: number, p90?: number}} eta
 * @param {number} age
 */
function left({ p50, p90 }, age) {
  const [likely, longest] = [p50, p90 ?? p50].map((seconds) => Math.max(seconds - age, 0));
  return longest - likely < 2 || longest < 1 ? about(likely) : `${Math.ceil(likely)}–${span(Math.ceil(longest))}`;
}

/** @param {number} seconds */
function about(seconds) {
  return seconds < 1 ? "any moment" : `about ${Math.ceil(seconds) < 10 ? `${Math.ceil(seconds)} s` : span(Math.ceil(seconds))}`;
}

/**
 * @param {import("../safelight.js").Snapshot} snapshot
 * @param {number} now
 */
function secondsOf(snapshot, now) {
  if (!snapshot.createdAt) return null;
  const end = snapshot.endedAt ? Date.parse(snapshot.endedAt) : now;
  return Math.max(end - Date.parse(snapshot.createdAt), 0) / 1000;
}
