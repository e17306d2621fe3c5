// The clients of etcd's package, one for each server.
import type { Socket } from "node:net";
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
  return access.endpoints.map((endpoint) => {
    const client = new Client(clientOptions(endpoint, access));
    limitHandshakes(client, access.timeout);
    return client;
  });
}

/** One of gRPC's for each connection. */
interface Connector {
  connect(socket: Socket): Promise<unknown>;
}

/** The part of etcd's client, and of gRPC, that has no types: a version without it waits. */
interface Pool {
  readonly pool: {
    readonly hosts: readonly {
      readonly channelCredentials: { _createSecureConnector?(...of: unknown[]): Connector };
    }[];
  };
}

/**
 * gRPC waits for a TLS handshake without end, and keeps the process for it, after `close()` too: a server that is stopped accepts
 * connections and says nothing.
 */
function limitHandshakes(client: Etcd3, timeout: number): void {
  for (const { channelCredentials } of (client as unknown as Pool).pool.hosts) {
    const make = channelCredentials._createSecureConnector?.bind(channelCredentials);
    if (!make) continue;
    channelCredentials._createSecureConnector = (...of) => {
      const connector = make(...of);
      const connect = connector.connect.bind(connector);
      connector.connect = (socket) => {
        const late = setTimeout(() => socket.destroy(new Error("the TLS handshake takes too long")), timeout);
        return connect(socket).finally(() => clearTimeout(late));
      };
      return connector;
    };
  }
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
