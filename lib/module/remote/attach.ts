// Takes open descriptors from the daemon's attach.sock, for a one-time token of the call Attach.
import { basename, dirname, join } from "node:path";
import {
  type Descriptor,
  OWN_NAMESPACE,
  openNamespace,
  type ReceivedDescriptors,
  receiveDescriptors,
} from "../../descriptor/index.js";
import { PuntError } from "../../errors.js";
import { type Attachments, type AttachOptions, attach, type PuntId, type PuntStatus } from "../../punt/index.js";
import { type AttachAnswer, type AttachQuestion, decodeAnswer, encodeAttach, isKnownEnd } from "../../wire/index.js";
import type { Handed, HandOverRequest } from "../handed-ends.js";
import { type ConnectOptions, socketOf } from "../options.js";
import { attachHanded, type FrameOptions } from "./attachments.js";
import type { Connection } from "./connection.js";

const OP = "punt.attach";
/** The daemon is away, or has just stopped. */
const AWAY = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT"]);
/** The exchange itself failed. A daemon that refuses may name the same code: that of VPP's socket. */
const EXCHANGE_OPS = new Set(["descriptor.receive", "descriptor.exchange"]);
const isAway = ({ op, code }: PuntError) => EXCHANGE_OPS.has(op) && AWAY.has(code);

export class Handovers {
  readonly #connection: Connection;
  readonly #options: ConnectOptions;

  constructor(connection: Connection, options: ConnectOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Asks for the ends of a punt that the caller lacks. @throws PuntError of the daemon; ERR_DISCONNECTED */
  async ends(id: PuntId, { have, only, ...rest }: HandOverRequest): Promise<readonly Handed[]> {
    const call = (signal: AbortSignal) => this.#connection.client.attach({ id }, { signal });
    const { token, socket } = await this.#connection.call(OP, call);
    const question = { kind: "punt" as const, token, have: { ...have }, ...(only && { only: [...only] }), ...rest };
    const { ends, descriptors } = await this.#exchange(socket, question);
    return ends.flatMap((end, index) => {
      const descriptor = descriptors[index]!;
      if (isKnownEnd(end)) return { ...end, descriptor };
      descriptor.close();
      return [];
    });
  }

  /** Opens the ends of a punt: see `attachHanded`. Over TCP, by their paths. */
  async attach(status: PuntStatus, options: AttachOptions, frames?: FrameOptions): Promise<Attachments> {
    // Descriptors do not travel over TCP.
    if (this.#options.tls) return attach(status.metadata, options);
    return attachHanded(status, options, (request) => this.ends(status.id, request), frames);
  }

  /** Hands over this process's network namespace. Returns the path that a request names it by; "" for the daemon's own. */
  async namespace(cnf: string): Promise<string> {
    const { attachSocket } = await this.#connection.call("punt.info", (signal) =>
      this.#connection.client.info({}, { signal }),
    );
    if (attachSocket === "") return "";
    const own = openNamespace(OWN_NAMESPACE);
    try {
      return (await this.#exchange(attachSocket, { kind: "namespace", cnf }, [own])).namespace;
    } finally {
      own.close();
    }
  }

  /** The folder of the daemon's sockets may be elsewhere in this process's file system: attach.sock is beside the other socket. */
  async #exchange(
    socket: string,
    question: AttachQuestion,
    passed: readonly Descriptor[] = [],
  ): Promise<AttachAnswer & Pick<ReceivedDescriptors, "descriptors">> {
    const path = join(dirname(socketOf(this.#options)), basename(socket));
    const { bytes, descriptors } = await receiveDescriptors(path, encodeAttach(question), {
      descriptors: passed,
      ...(this.#options.answerTimeout !== undefined && { timeoutMs: Math.min(this.#options.answerTimeout, 600_000) }),
    }).catch((error: PuntError) => {
      throw isAway(error)
        ? new PuntError(OP, "ERR_DISCONNECTED", `no daemon answers at ${path}`, { address: path }, error)
        : error;
    });
    try {
      const answer = decodeAnswer(bytes);
      if (answer.ends.length === descriptors.length) return { ...answer, descriptors };
      throw new PuntError(OP, "ERR_PROTOCOL", `${answer.ends.length} ends came with ${descriptors.length} descriptors`);
    } catch (error) {
      for (const descriptor of descriptors) descriptor.close();
      throw error;
    }
  }
}
