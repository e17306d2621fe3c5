// The clients of etcd's package, one for each server.
import type { Etcd3, IOptions } from "etcd3";
import { isNoRoom } from "./errors.js";
import type { EtcdAccess } from "./options.js";

/** The part of etcd's client that is used here. */
export type EtcdClient = Pick<Etcd3, "kv" | "leaseClient" | "watchClient" | "maintenance" | "close">;

/** The client repeats no call: it must not repeat a write whose outcome is unknown. */
const ONCE = {
  execute: async (call: (context: unknown) => unknown) => {
    try {
      return await call({ signal: new AbortController().signal });
    } catch (error) {
      // The client takes its own error for a lost server, and closes all connections, those of watches too.
      throw isNoRoom(error) ? new Error((error as Error).message) : error;
    }
  },
};

/** Finds a dead connection within 10 seconds; an event loop may be busy for 4 of them. etcd closes a connection that pings more often than every 5 seconds. */
const CHANNEL = {
  "grpc.keepalive_time_ms": 5_500,
  "grpc.keepalive_timeout_ms": 4_500,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  "grpc.max_receive_message_length": 256 << 20,
};

interface Started {
  start(metadata: { set(name: string, value: string): void }, ...rest: unknown[]): void;
}

/** The options of a watch. A member of etcd that has lost its leader is silent otherwise; with this metadata, it ends the watch. */
export const NEEDS_LEADER = {
  interceptors: [
    (options: unknown, next: (options: unknown) => Started): Started => {
      const call = next(options);
      const start = call.start.bind(call);
      call.start = (metadata, ...rest) => {
        metadata.set("hasleader", "true");
        start(metadata, ...rest);
      };
      return call;
    },
  ],
} as object;

/** Returns a client for each server. A client of several servers takes them in turn, and so a dead one for every n-th call. */
export async function clientsFor(access: EtcdAccess): Promise<EtcdClient[]> {
  const { Etcd3: Client } = await import("etcd3");
  return access.endpoints.map((endpoint) => new Client(clientOptions(endpoint, access)));
}

function clientOptions(endpoint: string, { auth, credentials, timeout }: EtcdAccess): IOptions {
  return {
    hosts: [endpoint],
    // Without a deadline, a token that never comes would hold up every later call.
    ...(auth && { auth: { ...auth, callOptions: () => ({ deadline: Date.now() + timeout }) } }),
    ...(credentials && { credentials: credentials as NonNullable<IOptions["credentials"]> }),
    grpcOptions: CHANNEL,
    faultHandling: { host: () => ONCE, global: ONCE } as unknown as NonNullable<IOptions["faultHandling"]>,
  };
}
