// HTTP/2 connections whose other end says nothing any more: a network that is cut, or a host that is gone, sends no end.
import type { ServerHttp2Session } from "node:http2";

/** The part of a connection that a ping needs. */
export type Pinged = Pick<ServerHttp2Session, "ping" | "closed" | "destroyed" | "destroy">;

/** Milliseconds between two pings over a silent connection, where no option says so. */
export const PING_INTERVAL_MS = 10_000;

/** Ends a connection whose other end leaves a ping without an answer for `interval` milliseconds. */
export function endIfSilent(session: ServerHttp2Session, interval: number): void {
  let isAnswered = true;
  const ask = () => {
    isAnswered = false;
    session.ping((error) => {
      isAnswered = error === null;
    });
  };
  const judge = () => {
    if (session.destroyed || !isAnswered) return session.destroy();
    ask();
  };
  // A whole turn of the event loop reads what has arrived: the answer may have come while this process was busy or stopped.
  const timer = setInterval(() => setImmediate(() => setImmediate(judge)), interval).unref();
  session.on("close", () => clearInterval(timer)).on("error", () => {});
}

/** Returns whether the other end of a connection answers within `patience` milliseconds. A connection that ends does not. */
export function isAnswering(session: Pinged, patience: number): Promise<boolean> {
  if (session.closed || session.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    // A whole turn of the event loop reads what has arrived, as above.
    const late = () => setImmediate(() => setImmediate(() => resolve(false)));
    const timer = setTimeout(late, patience);
    session.ping((error) => {
      clearTimeout(timer);
      resolve(error === null);
    });
  });
}
