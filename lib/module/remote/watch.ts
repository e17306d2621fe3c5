// A watch that outlives the daemon.
import { PuntError } from "../../errors.js";
import type { PuntEvent, WatchEvent, WatchOptions } from "../../punt/index.js";
import { idFromWire, stateFromWire, statusFromWire, type WatchResponse } from "../../wire/index.js";
import { type Connection, isLost, Pauses } from "./connection.js";

const OP = "punt.watch";

/**
 * Yields the daemon's events. When the connection is lost it goes on from the last revision; where the daemon has that no more, a
 * snapshot with `resync` comes. `onAway` is called with the cause each time the connection is lost.
 *
 * @throws PuntError ERR_DISCONNECTED: the daemon was away at the first attempt, and calls do not wait; ERR_POLICY;
 * ERR_SLOW_WATCHER: the program did not read for too long
 */
export async function* follow(
  connection: Connection,
  options: WatchOptions,
  host = "",
  onAway: (cause: PuntError) => void = () => {},
): AsyncIterable<WatchEvent> {
  const signal = AbortSignal.any([connection.ending.signal, ...(options.signal ? [options.signal] : [])]);
  const { cnf = "" } = options;
  let revision = options.from ?? "";
  const pauses = new Pauses();
  // The first connection waits as every call does; those after it for as long as it takes.
  try {
    await connection.call(OP, (each) => connection.client.info({}, { signal: each }), signal);
  } catch (error) {
    if (options.signal?.aborted) return;
    throw error;
  }
  while (!signal.aborted) {
    let cause: unknown = new PuntError(OP, "ERR_DISCONNECTED", "the daemon has ended the watch");
    try {
      for await (const response of connection.client.watch({ from: revision, cnf, host }, { signal })) {
        pauses.reset();
        if (response.revision !== "") revision = response.revision;
        yield eventOf(response, revision);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isLost(error)) throw connection.errorOf(error, OP);
      cause = error;
    }
    if (!signal.aborted) onAway(connection.errorOf(cause, OP));
    await pauses.wait(signal).catch(() => {});
  }
}

function eventOf({ event }: WatchResponse, revision: string): WatchEvent {
  if (event.case === "snapshot") {
    const { punts, revisionGone } = event.value;
    return { kind: "snapshot", revision, punts: punts.map(statusFromWire), ...(revisionGone && { resync: true }) };
  }
  if (event.case !== "change") return { kind: "progress", revision };
  const { id, from, to, cause } = event.value;
  const status = statusFromWire(event.value.status);
  const states = { from: stateFromWire(from), to: stateFromWire(to) ?? status.state };
  const change: PuntEvent = { id: idFromWire(id), ...states, cause, status };
  return { kind: "change", revision, event: change };
}
