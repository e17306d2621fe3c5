// The line to a daemon: what carries the calls, and knows whether the daemon answers.
import { connect } from "node:net";
import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { callSpan, Http2Sessions } from "../../grpc/index.js";
import { hostPort } from "../../net/index.js";
import { LONGEST_ANSWER, LONGEST_REQUEST } from "../../wire/index.js";
import { type ConnectOptions, socketOf, type TlsAddress } from "../options.js";

/** How often a silent TCP connection is tried, and how long the answer may take. */
const PING = { pingIntervalMs: 10_000, pingTimeoutMs: 5_000 };

export interface Line {
  readonly transport: Transport;
  readonly sessions: Pick<Http2Sessions, "isUnanswered" | "hasAnswered" | "isAnswering"> & { abort(): void };
}

/** Returns the line over HTTP/2: over the daemon's UNIX socket, or over TCP. */
export function http2Line(options: ConnectOptions): Line {
  const { tls } = options;
  const path = socketOf(options);
  const baseUrl = tls ? `https://${hostPort(tls.host, tls.port)}` : "http://localhost";
  const nodeOptions = tls ? tlsOptions(tls) : { createConnection: () => connect(path) };
  const sessions = new Http2Sessions(baseUrl, PING, nodeOptions);
  const transport = createGrpcTransport({
    ...{ baseUrl, sessionManager: sessions, nodeOptions, writeMaxBytes: LONGEST_REQUEST, readMaxBytes: LONGEST_ANSWER },
    interceptors: [callSpan],
  });
  return { transport, sessions };
}

/** Returns the certificates with the only version that a daemon speaks: the address is part of the URL. */
function tlsOptions({ host: _host, port: _port, ...pem }: TlsAddress) {
  return { ...pem, minVersion: "TLSv1.3" as const };
}
