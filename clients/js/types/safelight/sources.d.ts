export function openEventSource(url: string, hooks: SourceHooks, options: SourceOptions): () => void;
export function openFetch(url: string, hooks: SourceHooks, options: SourceOptions): () => void;
export type SourceHooks = {
    /**
     * Something came, a heartbeat at least. EventSource does not show heartbeats.
     */
    onBytes: () => void;
    /**
     *   The service answered with a stream, which begins with a snapshot; a resumed one only with what is new, if anything is.
     */
    onOpen: (isResumed: boolean) => void;
    onEvent: (type: string, data: string) => void;
    /**
     *   The connection is gone; connect again in `retry` milliseconds, or leave it to the source if that is null.
     */
    onCut: (reason: string, retry: number | null) => void;
    /**
     * No stream is to be had here; asking by other means says why.
     */
    onRefused: (reason: string) => void;
};
export type SourceOptions = {
    headers?: Record<string, string> | undefined;
    /**
     * What outlasts a connection: its last event id, the wait it was told.
     */
    memory: {
        id: string;
        retry: number;
    };
};
/**
 * Returns what closes it.
 */
export type Source = (url: string, hooks: SourceHooks, options: SourceOptions) => () => void;
