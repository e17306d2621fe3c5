// A server for the hostile clients of test/peers, and what it must still do after them.
import type { ExecutionContext } from "ava";
import type { Memif, MemifOptions } from "../../../lib/memif/index.js";
import { event, memifSocket, openMemif } from "./ports.js";

export function openServer(
  t: ExecutionContext,
  options: Partial<MemifOptions> = {},
): { server: Memif; socket: string } {
  const socket = memifSocket(t);
  return { socket, server: openMemif(t, { role: "server", socket, ...options }) };
}

/** Asserts that a well-behaved client is served. */
export async function servesTheNext(t: ExecutionContext, server: Memif, socket: string): Promise<void> {
  const client = openMemif(t, { role: "client", socket, secret: "s3cret" });
  await Promise.all([event(server, "up"), event(client, "up")]);
  t.is(client.send(new Uint8Array(60)), 1);
  client.close();
  await event(server, "down");
}
