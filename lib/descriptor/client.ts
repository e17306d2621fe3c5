// Asks a descriptor server of another process.
import { setTimeout as sleep } from "node:timers/promises";
import { PuntError } from "../errors.js";
import { native } from "../native.js";
import { Connection } from "./connection.js";
import { type PeerCredentials, peerCredentials } from "./credentials.js";
import { closeAll, Descriptor } from "./descriptor.js";
import { decodeRefusal, protocolError } from "./frame.js";
import { DescriptorCheck, type ExchangeOptions } from "./options.js";

export interface ReceiveOptions extends ExchangeOptions {
  /** Descriptors for the server. The caller still owns them. */
  readonly descriptors?: readonly Descriptor[];
}

/** The server's answer, and who the server is. */
export interface ReceivedDescriptors {
  readonly bytes: Uint8Array;
  /** In the order in which the server gave them. The caller owns them. */
  readonly descriptors: readonly Descriptor[];
  readonly credentials: PeerCredentials;
}

const OP = "descriptor.receive";
const NAMES = ["descriptors", "maxBytes", "maxDescriptors", "timeoutMs"];
/** How often to look for room in the queue of a server that is busy. */
const RETRY_MS = 10;

/**
 * Sends a request, with descriptors beside it, to the {@link DescriptorServer} at `path`, and returns its answer with the
 * descriptors that it opened.
 *
 * @throws PuntError `ERR_OPTION`; `ENOENT`, `ECONNREFUSED` when there is not a server; `EACCES` when the socket's mode keeps
 *   this user out; `ETIMEDOUT`; `ECONNRESET` when the server goes; `EMFILE` when this process has no room for the descriptors;
 *   `ERR_PROTOCOL` when what answers is something else; or what the server's handler has thrown
 */
export async function receiveDescriptors(
  path: string,
  bytes: Uint8Array,
  options: ReceiveOptions = {},
): Promise<ReceivedDescriptors> {
  const check = new DescriptorCheck(OP);
  check.known(options, NAMES);
  const limits = check.exchange(options);
  const passed = check.descriptors(options.descriptors ?? []);
  const request = { kind: "request", bytes: check.payload(bytes) } as const;
  const end = performance.now() + limits.timeoutMs;
  const connection = new Connection(await connect(check.socketPath("path", path), end), limits.timeoutMs);
  try {
    const credentials = peerCredentials(connection.fd);
    await connection.send(request, passed);
    const answer = await connection.receive(limits);
    if (answer.kind === "answer") return { bytes: answer.bytes, descriptors: answer.descriptors, credentials };
    closeAll(answer.descriptors);
    throw answer.kind === "refusal" ? decodeRefusal(answer.bytes) : protocolError("it answered with a request");
  } finally {
    connection.close();
  }
}

async function connect(path: string, end: number): Promise<Descriptor> {
  for (;;) {
    try {
      return Descriptor.of(native.connectUnix(OP, path, "stream"));
    } catch (error) {
      if (!(error instanceof PuntError) || error.code !== "EAGAIN") throw error;
      if (performance.now() > end) {
        throw new PuntError(OP, "ETIMEDOUT", `the server at ${path} accepts no connection`, { path }, error);
      }
      await sleep(RETRY_MS);
    }
  }
}
