/**
 * Watch a generation for as long as the component is there. Give null while there is none yet.
 *
 * @param {string | null | undefined} idOrUrl
 * @param {{baseUrl?: string, headers?: Record<string, string>, transport?: Transport}} [options]
 * @returns {Generation}
 */
export function useGeneration(idOrUrl: string | null | undefined, { baseUrl, headers, transport }?: {
    baseUrl?: string;
    headers?: Record<string, string>;
    transport?: Transport;
}): Generation;
export type Connection = import("./safelight.js").Connection;
export type SafelightError = import("./safelight.js").SafelightError;
export type Snapshot = import("./safelight.js").Snapshot;
export type Transport = import("./safelight.js").Transport;
export type Seen = {
    /**
     * The newest snapshot.
     */
    status: Snapshot | null;
    /**
     * How news come in.
     */
    connection: Connection | null;
    /**
     * Why there is nothing to watch; not why the generation failed, which is in `status`.
     */
    error: SafelightError | null;
};
export type Generation = Seen & {
    cancel: () => Promise<Snapshot>;
};
