// One-time tokens: what the call Attach gives, and attach.sock takes.
import { randomBytes } from "node:crypto";
import { PuntError } from "../errors.js";
import type { PuntId } from "../punt/index.js";
import type { UnixCaller } from "./identity.js";

/** How long a token is good. */
const LIFETIME_MS = 30_000;
/** Of all callers together; the oldest ends then. */
const MOST_TOKENS = 10_000;

interface Grant {
  readonly caller: UnixCaller;
  readonly id: PuntId;
  readonly end: number;
}

/** Tokens that were given and not used yet. Each is good for one exchange, of the user that it was given to. */
export class Tokens {
  readonly #grants = new Map<string, Grant>();

  /** Returns a new token for the descriptors of a punt. */
  give(caller: UnixCaller, id: PuntId): string {
    const now = performance.now();
    for (const [token, { end }] of this.#grants) {
      if (end > now && this.#grants.size < MOST_TOKENS) break;
      this.#grants.delete(token);
    }
    const token = randomBytes(24).toString("base64url");
    this.#grants.set(token, { caller, id, end: now + LIFETIME_MS });
    return token;
  }

  /** Ends a token and returns what it was given for. @throws PuntError ERR_TOKEN */
  take(token: string, { uid, gid, socket }: Pick<UnixCaller, "uid" | "gid" | "socket">): Grant {
    const grant = this.#grants.get(token);
    this.#grants.delete(token);
    const { caller, end = 0 } = grant ?? {};
    const isSame = caller?.uid === uid && caller.gid === gid && caller.socket === socket;
    if (grant && isSame && end > performance.now()) return grant;
    throw new PuntError("punt.attach", "ERR_TOKEN", "the token was used, is too old, or was given to another user");
  }
}
