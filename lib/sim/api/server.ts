// VPP's API socket.
import { once } from "node:events";
import { chmod, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Message, type MessageValue, VNET_ERRORS } from "../../binapi/index.js";
import { listenInPlaceOfStale } from "../../descriptor/index.js";
import { PuntError } from "../../errors.js";
import { closeAt, inodeOf } from "../../sockets/index.js";
import { type FaultAction, type Faults, retvalOf } from "../faults.js";
import type { VppLog } from "../log.js";
import { VnetError } from "../vnet-error.js";
import { type ClientSocket, Connection } from "./connection.js";
import { emptyValue } from "./empty-value.js";
import type { MessageTable } from "./message-table.js";
import type { ApiRegistry, Handler } from "./registry.js";

/** Bit 31 of a client index tells a socket client from a shared-memory one. */
const SOCKET_CLIENT = 0x80000000;
/** Requests whose answers go out together. More would leave a client idle that has many under way. */
const ANSWERED_TOGETHER = 16;

interface Request {
  bytes: Buffer;
  connection: Connection;
}

export interface ApiServerOptions {
  path: string;
  table: MessageTable;
  registry: ApiRegistry;
  faults: Faults;
  log: VppLog;
  /** Called after every batch of messages, to send the packets that they caused. */
  flush(): void;
  /** Called when the `crash` fault strikes. */
  crashed(): void;
}

/**
 * VPP's API socket. It carries the requests of all clients out one after the other, as VPP's main thread does: a slow request
 * holds up all requests behind it.
 */
export class ApiServer {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #queue: Request[] = [];
  #working = false;
  #nextIndex = 0;
  #stopped = false;
  /** The inode of the socket's file. */
  #file: bigint | undefined;
  readonly #options: ApiServerOptions;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.accept(socket));
  }

  /** Takes a client. */
  accept(socket: ClientSocket): void {
    const { table, log } = this.#options;
    const index = (SOCKET_CLIENT | this.#nextIndex++) >>> 0;
    const received = (bytes: Buffer, from: Connection) => this.#received({ bytes, connection: from });
    const failed = (error: unknown) => log.write(`api: ${(error as Error).message}`);
    const connection = new Connection(socket, index, table, received, failed);
    this.#connections.add(connection);
    connection.onGone(() => this.#connections.delete(connection));
  }

  /** @throws PuntError EADDRINUSE: a process listens there; EEXIST: something other than a socket is there; an errno name */
  async listen(): Promise<void> {
    const { path } = this.#options;
    await listenInPlaceOfStale("sim.start", path, () => this.#listen(path));
  }

  async #listen(path: string): Promise<void> {
    try {
      await stat(dirname(path)); // listen() says EACCES where there is no folder
      this.#server.listen(path);
      await once(this.#server, "listening");
      this.#file = inodeOf(path);
      await chmod(path, 0o775);
    } catch (cause) {
      const { code = "EIO" } = cause as NodeJS.ErrnoException;
      throw new PuntError("sim.start", code, `cannot listen at ${path}`, { path }, cause);
    }
  }

  /** Names of the registered clients, in the order in which they connected. */
  get clients(): string[] {
    return [...this.#connections].map(({ name }) => name);
  }

  /** Breaks all connections, removes the socket, and forgets the requests that wait. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#queue = [];
    for (const connection of [...this.#connections]) connection.destroy();
    await closeAt(this.#options.path, this.#file, this.#server);
  }

  #received(request: Request): void {
    this.#queue.push(request);
    if (this.#working) return;
    this.#working = true;
    // Runs after the whole chunk has been cut into messages, so that the answers to the chunk go out together.
    setImmediate(() => void this.#work());
  }

  async #work(): Promise<void> {
    while (this.#queue.length > 0 && !this.#stopped) {
      const batch = this.#queue.splice(0);
      const connections = new Set(batch.map(({ connection }) => connection));
      for (const [index, request] of batch.entries()) {
        if (this.#stopped) break;
        const done = this.#carryOut(request);
        const isSlow = done !== undefined;
        if (isSlow || index % ANSWERED_TOGETHER === ANSWERED_TOGETHER - 1) flush(connections);
        if (isSlow) await done;
      }
      flush(connections);
      this.#options.flush();
    }
    this.#working = false;
  }

  #carryOut({ bytes, connection }: Request): Promise<void> | undefined {
    if (connection.isGone) return undefined;
    const { table, registry, faults, log } = this.#options;
    const message = bytes.length >= 2 ? table.message(bytes.readUInt16BE(0)) : undefined;
    const handler = message && registry.find(message.name);
    if (message === undefined || handler === undefined) {
      log.write(`api: no handler for a message of ${bytes.length} bytes`);
      return undefined;
    }
    const fault = faults.next(message.name);
    if (fault !== undefined) return this.#withFault(fault, message, handler, bytes, connection);
    return this.#handle(message, handler, bytes, connection);
  }

  async #withFault(
    fault: FaultAction,
    message: Message,
    handler: Handler,
    bytes: Buffer,
    connection: Connection,
  ): Promise<void> {
    if (fault.kind === "lose-request") return;
    if (fault.kind === "crash") return this.#options.crashed();
    if (fault.kind === "cut-request") return connection.destroy();
    if (fault.kind === "delay") await sleep(fault.ms);
    if (this.#stopped || connection.isGone) return;
    if (fault.kind === "answer-twice") return this.#answerTwice(message, handler, bytes, connection);
    const sender = fault.kind === "lose-reply" ? MUTE : fault.kind === "cut" ? cutting(connection) : connection;
    if (fault.kind !== "refuse") return this.#handle(message, handler, bytes, connection, sender);
    const retval = retvalOf(fault.error);
    const request = { message, handler, context: message.header(bytes).context, args: message.decode(bytes) as never };
    this.#refuse(request, retval, connection);
  }

  async #answerTwice(message: Message, handler: Handler, bytes: Buffer, connection: Connection): Promise<void> {
    const sent: Parameters<Sender["send"]>[] = [];
    await this.#handle(message, handler, bytes, connection, { send: (...answer) => void sent.push(answer) });
    for (const answer of [...sent, ...sent]) connection.send(...answer);
  }

  #handle(
    message: Message,
    handler: Handler,
    bytes: Buffer,
    connection: Connection,
    sender: Sender = connection,
  ): Promise<void> | undefined {
    let args: never;
    let context: number;
    try {
      args = message.decode(bytes) as never;
      context = message.contextOffset < 0 ? 0 : bytes.readUInt32BE(message.contextOffset);
    } catch (error) {
      // VPP logs a truncated message and drops it; the client stays.
      this.#options.log.write(`api: ${(error as Error).message}`);
      return undefined;
    }
    try {
      if (handler.kind === "dump" || handler.kind === "get") {
        this.#sendDetails(message, handler, context, handler.handle(args, connection), sender);
        return undefined;
      }
      const fields = handler.handle(args, connection);
      if (!(fields instanceof Promise)) return this.#reply(message, context, fields ?? {}, sender);
      return fields.then(
        (value) => this.#reply(message, context, value ?? {}, sender),
        (error) => this.#refused({ message, handler, context, args }, error, sender),
      );
    } catch (error) {
      this.#refused({ message, handler, context, args }, error, sender);
      return undefined;
    }
  }

  #reply(message: Message, context: number, fields: MessageValue, sender: Sender): undefined {
    const name = replyName(message);
    sender.send(name, context, { ...emptyValue(this.#options.table.schema.message(name)), ...fields });
  }

  #sendDetails(
    message: Message,
    handler: Handler & { kind: "dump" | "get" },
    context: number,
    details: Iterable<MessageValue>,
    sender: Sender,
  ): void {
    const name = message.service?.streamMessage ?? message.service?.reply ?? message.name.replace(/_dump$/, "_details");
    for (const value of details) sender.send(name, context, value);
    if (handler.kind === "get") this.#reply(message, context, handler.reply, sender);
  }

  #refused(request: Decoded, error: unknown, sender: Sender): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#options.log.write(`${request.message.name}: ${text}`);
    if (request.handler.kind === "silent-on-error") return;
    this.#refuse(request, error instanceof VnetError ? error.retval : VNET_ERRORS.BUG, sender);
  }

  #refuse({ message, handler, context, args }: Decoded, retval: number, sender: Sender): void {
    if (handler.kind === "dump") return;
    const fields = onErrorOf(handler, args);
    const hasRetval = this.#options.table.schema.message(replyName(message)).hasField("retval");
    this.#reply(message, context, hasRetval ? { ...fields, retval } : fields, sender);
  }
}

/** Sends the answers that wait. */
function flush(connections: Iterable<Connection>): void {
  for (const connection of connections) connection.flush();
}

/** A request that is being answered. */
interface Decoded {
  message: Message;
  handler: Handler;
  context: number;
  args: never;
}

function onErrorOf(handler: Handler, args: never): MessageValue {
  if (handler.kind === "get") return handler.reply;
  if (handler.kind !== "reply") return {};
  return typeof handler.onError === "function" ? handler.onError(args) : handler.onError;
}

/** The receiver of answers. */
interface Sender {
  send(name: string, context: number, value: MessageValue): void;
}

const MUTE: Sender = { send: () => undefined };

function cutting(connection: Connection): Sender {
  return { send: (name, context, value) => connection.cut(name, context, value) };
}

function replyName(message: Message): string {
  return message.service?.reply ?? `${message.name}_reply`;
}
