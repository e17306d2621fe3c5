// The result of the examination of a frame.

/** The frame asks nothing of this host. */
export const NOT_MINE = 0;
/** The frame asks something of this host, and must not be answered: malformed, or from an impossible sender. */
export const REFUSED = 1;

/** `NOT_MINE`, `REFUSED`, or the frame that answers. */
export type Verdict = typeof NOT_MINE | typeof REFUSED | Uint8Array;
