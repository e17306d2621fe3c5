// HTTP/2 sessions with a server of gRPC.
import type { ClientHttp2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { Http2SessionManager } from "@connectrpc/connect-node";
import { isAnswering } from "../sockets/index.js";

/**
 * Sessions whose errors never end the process, and whose ends never leave a call waiting.
 *
 * Node reports the error of a destroyed session one turn after those of its streams, when the manager may listen no more: a call that fails
 * and then closes the connection would leave an error without a listener. Before a call over a session that was idle for long, the manager
 * pings the server and waits for an answer or an error: a server that ends in between gives it neither.
 */
export class Http2Sessions extends Http2SessionManager {
  readonly #guarded = new WeakSet<ClientHttp2Session>();
  /** Whether the server has said anything over the session that was opened last. */
  #isAnswered = true;
  #hasAnswered = false;
  #last: ClientHttp2Session | undefined;

  /** Whether the session that was opened last got no word from the server: it may still come, or the server has ended the session. */
  get isUnanswered(): boolean {
    return !this.#isAnswered;
  }

  /** Whether the server has answered over any session so far. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Whether the server answers a ping over the session that was used last, or begins another session, within `patience` milliseconds. */
  async isAnswering(patience: number): Promise<boolean> {
    const last = this.#last;
    const end = sleep(patience, undefined, { ref: false });
    if (last !== undefined && (await isAnswering(last, patience))) return true;
    // The ping over a session that has ended fails at once, while a connection to a host that is away takes seconds to fail.
    await end;
    return this.#last !== last;
  }

  override async request(
    ...args: Parameters<Http2SessionManager["request"]>
  ): ReturnType<Http2SessionManager["request"]> {
    const stream = await super.request(...args);
    const session = stream.session as ClientHttp2Session | undefined;
    this.#last = session;
    if (session && !this.#guarded.has(session)) {
      this.#guarded.add(session);
      this.#isAnswered = false;
      session
        .on("error", () => {})
        .once("close", () => session.emit("error", new Error("the server has closed the connection")))
        .once("remoteSettings", () => {
          this.#isAnswered = true;
          this.#hasAnswered = true;
        });
    }
    return stream;
  }
}
