/**
 * One kept result.
 */
export type Output = {
    /**
     * Where the bytes are, for as long as the generation is kept.
     */
    url: string;
    /**
     * Media type, sniffed from the bytes.
     */
    type: string;
    bytes: number;
    sha256: string;
    width?: number | undefined;
    height?: number | undefined;
    seed?: number | undefined;
    /**
     * A tiny blurred picture as a data URI.
     */
    placeholder?: string | undefined;
};
/**
 * Everything known about a generation at one moment; what is unknown is left out.
 */
export type Snapshot = {
    /**
     * The generation.
     */
    sessionId: string;
    /**
     * What was asked for.
     */
    providerId: string;
    /**
     * Rises whenever the generation is taken up anew.
     */
    epoch: number;
    /**
     * Rises with each snapshot.
     */
    seq: number;
    /**
     * Never goes back.
     */
    status: "started" | "processing" | "succeeded" | "failed";
    /**
     * Finer than `status`: queued, submitting, waiting, running, saving, paused, finished, or a newer word.
     */
    phase?: string | undefined;
    /**
     * 0 to 100, never falls; 100 only with succeeded.
     */
    progress?: number | undefined;
    /**
     * URLs; at least one once succeeded.
     */
    output?: string[] | undefined;
    /**
     * The same, with what is known about each.
     */
    outputs?: Output[] | undefined;
    /**
     * One sentence, always with failed.
     */
    error?: string | undefined;
    /**
     * The error for machines.
     */
    code?: string | undefined;
    retryable?: boolean | undefined;
    /**
     * How it ended: succeeded, failed, canceled, expired, rejected, unknown or interrupted.
     */
    outcome?: string | undefined;
    /**
     * What is going on, for people.
     */
    message?: string | undefined;
    steps?: {
        current: number;
        total?: number;
        unit?: string;
        label?: string;
    } | undefined;
    queue?: {
        position: number;
        size?: number;
    } | undefined;
    /**
     * Seconds.
     */
    eta?: {
        p50: number;
        p90?: number;
        basis: string;
        samples?: number;
    } | undefined;
    attempt?: {
        n: number;
        of: number;
        provider: string;
        model?: string;
        reason?: string;
    } | undefined;
    /**
     * The newest look at the unfinished picture.
     */
    preview?: {
        url: string;
        width: number;
        height: number;
    } | undefined;
    cost?: {
        amount: number;
        currency: string;
        estimated?: boolean;
    } | undefined;
    charged?: "unknown" | "no" | "yes" | undefined;
    cancel?: "requested" | "confirmed" | "too_late" | "unsupported" | undefined;
    /**
     * Which extras failed.
     */
    degraded?: string[] | undefined;
    ref?: string | undefined;
    /**
     * This and the other times: RFC 3339, UTC.
     */
    createdAt?: string | undefined;
    startedAt?: string | undefined;
    endedAt?: string | undefined;
    deadlineAt?: string | undefined;
};
/**
 * What `generate` asks for.
 */
export type Draft = {
    prompt: string;
    providerId?: string | undefined;
    model?: string | undefined;
    /**
     * Common to providers: width, height, steps, seed, count, …
     */
    params?: Record<string, unknown> | undefined;
    /**
     * The provider's own.
     */
    options?: Record<string, unknown> | undefined;
    /**
     * A word of your own, to find it again in the list.
     */
    ref?: string | undefined;
    /**
     * Providers that take over, in order, after a definite failure.
     */
    fallback?: string[] | undefined;
    /**
     * In how many seconds it has to be over.
     */
    deadline?: number | undefined;
    /**
     * `continue` (unless said), `cancel` or `cancel_after:<seconds>`: what becomes of it when nobody watches.
     */
    onDisconnect?: string | undefined;
    /**
     * Who is told how it stands.
     */
    webhook?: {
        url: string;
        events?: ("processing" | "output" | "ended")[];
    } | undefined;
};
/**
 * What is said on the wire and what callers give, for editors and type checkers; there is no code here.
 */
export type Created = {
    success: true;
    sessionId: string;
    providerId: string;
    status: "started";
    streamUrl: string;
    urls: {
        self: string;
        events: string;
        cancel: string;
    };
};
/**
 * What is said on the wire and what callers give, for editors and type checkers; there is no code here.
 */
export type Page = {
    /**
     * Newest first.
     */
    generations: Snapshot[];
    /**
     * The `cursor` of the next page; absent at the end.
     */
    next?: string | undefined;
};
/**
 * An RFC 9457 problem document.
 */
export type Problem = {
    code: string;
    detail?: string | undefined;
    error?: string | undefined;
    retryable?: boolean | undefined;
    requestId?: string | undefined;
    faults?: {
        path: string;
        message: string;
    }[] | undefined;
};
/**
 * What is said on the wire and what callers give, for editors and type checkers; there is no code here.
 */
export type LogLine = {
    at: string;
    line: string;
    sessionId: string;
};
/**
 * How news come in. None of these says anything about the generation.
 */
export type Connection = {
    state: "open" | "lost" | "polling";
    /**
     * Why it is not open.
     */
    reason?: string | undefined;
};
/**
 * What is said on the wire and what callers give, for editors and type checkers; there is no code here.
 */
export type CallOptions = {
    /**
     * Where the service is; the page's own origin unless said.
     */
    baseUrl?: string | undefined;
    /**
     * For every request, such as `Authorization`.
     */
    headers?: Record<string, string> | undefined;
    signal?: AbortSignal | undefined;
};
/**
 * What is said on the wire and what callers give, for editors and type checkers; there is no code here.
 */
export type Transport = "auto" | "shared" | "eventsource" | "fetch" | "poll";
/**
 * What is said on the wire and what callers give, for editors and type checkers; there is no code here.
 */
export type Listening = {
    /**
     * Called with each newer snapshot, the last one included.
     */
    onStatus?: ((snapshot: Snapshot) => void) | undefined;
    /**
     * Called when the connection changes.
     */
    onConnection?: ((connection: Connection) => void) | undefined;
    /**
     * Called once if there is nothing to watch.
     */
    onError?: ((error: import("./errors.js").SafelightError) => void) | undefined;
    /**
     * Called with each line of the provider's log.
     */
    onLog?: ((line: LogLine) => void) | undefined;
    transport?: Transport | undefined;
};
/**
 * What is said on the wire and what callers give, for editors and type checkers; there is no code here.
 */
export type WatchOptions = CallOptions & Listening;
