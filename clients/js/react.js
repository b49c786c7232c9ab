/**
 * Safelight for React: a generation as state.
 *
 * @module safelight/react
 */

import { useCallback, useEffect, useState } from "react";
import { cancel, watch } from "./safelight.js";

/**
 * @typedef {import("./safelight.js").Connection} Connection
 * @typedef {import("./safelight.js").SafelightError} SafelightError
 * @typedef {import("./safelight.js").Snapshot} Snapshot
 * @typedef {import("./safelight.js").Transport} Transport
 *
 * @typedef {object} Seen
 * @property {Snapshot | null} status The newest snapshot.
 * @property {Connection | null} connection How news come in.
 * @property {SafelightError | null} error Why there is nothing to watch; not why the generation failed, which is in `status`.
 *
 * @typedef {Seen & {cancel: () => Promise<Snapshot>}} Generation
 */

/** @type {Seen} */
const NOTHING = { status: null, connection: null, error: null };

/**
 * Watch a generation for as long as the component is there. Give null while there is none yet.
 *
 * @param {string | null | undefined} idOrUrl
 * @param {{baseUrl?: string, headers?: Record<string, string>, transport?: Transport}} [options]
 * @returns {Generation}
 */
export function useGeneration(idOrUrl, { baseUrl, headers, transport } = {}) {
  const heads = headers && JSON.stringify(headers); // a new object with the same content is no reason to watch anew
  const key = JSON.stringify([idOrUrl, baseUrl, heads, transport]);
  const [seen, setSeen] = useState({ key, ...NOTHING });

  useEffect(() => {
    if (!idOrUrl) return undefined;
    const add = (/** @type {Partial<Seen>} */ more) =>
      setSeen((before) => ({ ...(before.key === key ? before : { key, ...NOTHING }), ...more }));
    const watching = watch(idOrUrl, {
      baseUrl,
      headers: heads ? JSON.parse(heads) : undefined,
      transport,
      onStatus: (status) => add({ status }),
      onConnection: (connection) => add({ connection }),
      onError: (error) => add({ error }),
    });
    return () => watching.close();
  }, [key]);

  const stop = useCallback(async () => {
    if (!idOrUrl) throw new TypeError("There is no generation to cancel.");
    return await cancel(idOrUrl, { baseUrl, headers: heads ? JSON.parse(heads) : undefined });
  }, [key]);

  const { status, connection, error } = seen.key === key ? seen : NOTHING;
  return { status, connection, error, cancel: stop };
}
