/**
 * Read one connection's bytes. What they say comes through the hooks while `push` runs.
 */
export class EventStreamParser {
    /**
     * @param {ParserHooks} hooks
     * @param {string} [lastEventId] Where the connection before this one stood.
     */
    constructor(hooks: ParserHooks, lastEventId?: string);
    /** The id to send when connecting again. */
    lastEventId: string;
    /**
     * Take the next piece of the stream.
     *
     * @param {Uint8Array | string} piece
     */
    push(piece: Uint8Array | string): void;
    /** The connection is over: an event without its blank line never happened. */
    end(): void;
    #private;
}
export type StreamEvent = {
    type: string;
    data: string;
    lastEventId: string;
};
export type ParserHooks = {
    onEvent?: ((event: StreamEvent) => void) | undefined;
    onRetry?: ((milliseconds: number) => void) | undefined;
};
