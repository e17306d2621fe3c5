// StoneWork's end of a module's services: a client of the four, over a connection of its own.
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import * as wire from "../../../lib/stonework/wire.js";

export interface Caller {
  readonly discovery: Client<typeof wire.CnfDiscovery>;
  readonly punts: Client<typeof wire.PuntManager>;
  readonly meta: Client<typeof wire.MetaService>;
  readonly manager: Client<typeof wire.ManagerService>;
  /** Ends the connection. */
  close(): void;
}

export function callerOf(port: number, address = "127.0.0.1"): Caller {
  const baseUrl = `http://${address}:${port}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const transport = createGrpcTransport({ baseUrl, sessionManager, defaultTimeoutMs: 20_000 });
  return {
    discovery: createClient(wire.CnfDiscovery, transport),
    punts: createClient(wire.PuntManager, transport),
    meta: createClient(wire.MetaService, transport),
    manager: createClient(wire.ManagerService, transport),
    close: () => sessionManager.abort(),
  };
}
