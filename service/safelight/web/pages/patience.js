/** The wait before another try: it ends early when there is new hope. */

const hope = new EventTarget();

/** Say that another try is worth it now: the connection is back, or somebody asks for it. */
export function hurry() {
  hope.dispatchEvent(new Event("hope"));
}

/**
 * Wait so long, or until the network comes back, the page is looked at again, or somebody hurries.
 *
 * @param {number} milliseconds Infinity waits for hope alone.
 * @param {AbortSignal} [signal] Ends the wait, too.
 */
export async function patience(milliseconds, signal) {
  if (signal?.aborted) return;
  const listening = new AbortController();
  await new Promise((resolve) => {
    const wake = () => resolve(undefined);
    const options = { signal: listening.signal };
    const timer = Number.isFinite(milliseconds) ? setTimeout(wake, milliseconds) : undefined;
    listening.signal.addEventListener("abort", () => clearTimeout(timer));
    addEventListener("online", wake, options);
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake(), options);
    hope.addEventListener("hope", wake, options);
    signal?.addEventListener("abort", wake, options);
  });
  listening.abort();
}
