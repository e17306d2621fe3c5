// The smallest client of the binary API: what tests of the embedded VPP talk to it with, independent of the library's own client.
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { type Message, type MessageValue, type Release, Schema } from "../../../lib/binapi/index.js";

const HEADER = 16;

type Answer = MessageValue & { retval?: number };

interface Received {
  name: string;
  context: number;
  value: Answer;
}

/** Decodes a message. VPP sends some messages under the id of others: shows such a message as it is. */
function decodeOr(message: Message, bytes: Buffer): Answer {
  try {
    return message.decode(bytes) as Answer;
  } catch {
    return { undecodable: bytes.toString("hex", message.headerSize) };
  }
}

export class ApiClient {
  /** Everything received that no call waited for, such as events. */
  readonly events: Received[] = [];
  readonly ids = new Map<string, number>();
  closed = false;
  private readonly names = new Map<number, string>();
  private readonly waiting = new Map<number, (received: Received | undefined) => void>();
  private rest = Buffer.alloc(0);
  private context = 0;
  private index = 0;

  private constructor(
    readonly socket: Socket,
    private readonly schema: Schema,
  ) {
    this.names.set(16, "sockclnt_create_reply");
    this.ids.set("sockclnt_create", 15);
    socket.on("data", (chunk) => this.data(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => this.end());
  }

  static async connect(path: string, release?: Release): Promise<ApiClient> {
    const socket = createConnection(path);
    await once(socket, "connect");
    const client = new ApiClient(socket, Schema.builtin(release));
    const reply = await client.call("sockclnt_create", { name: "test" });
    client.index = reply.index as number;
    for (const { index, name } of reply.message_table as { index: number; name: string }[]) {
      const plain = name.slice(0, -9);
      client.names.set(index, plain);
      client.ids.set(plain, index);
    }
    return client;
  }

  /** The reply; undefined fields are not filled in. Rejects when the connection ends first. */
  async call(name: string, args: MessageValue = {}): Promise<Answer> {
    const received = await this.exchange(name, args);
    if (received === undefined) throw new Error(`${name}: connection closed`);
    return received.value;
  }

  /** The details, up to the answer to a control_ping behind the dump. */
  async dump(name: string, args: MessageValue = {}): Promise<Answer[]> {
    const details: Answer[] = [];
    const context = this.send(name, args);
    this.waiting.set(context, (received) => {
      if (received !== undefined) details.push(received.value);
    });
    await this.call("control_ping");
    this.waiting.delete(context);
    return details;
  }

  /** Sends a request and does not wait: gives its context. */
  send(name: string, args: MessageValue = {}): number {
    this.sendBytes(this.encode(name, args));
    return this.context;
  }

  /** A request as bytes, for tests that damage it. */
  encode(name: string, args: MessageValue = {}): Uint8Array {
    const id = this.ids.get(name);
    if (id === undefined) throw new Error(`this VPP has no ${name}`);
    return this.schema.message(name).encode(args, { id, clientIndex: this.index, context: ++this.context });
  }

  sendBytes(bytes: Uint8Array): void {
    const header = Buffer.alloc(HEADER);
    header.writeUInt32BE(bytes.length, 8);
    this.socket.write(Buffer.concat([header, bytes]));
  }

  close(): void {
    this.socket.destroy();
  }

  private exchange(name: string, args: MessageValue): Promise<Received | undefined> {
    const context = this.send(name, args);
    return new Promise((resolve) => {
      this.waiting.set(context, (received) => {
        this.waiting.delete(context);
        resolve(received);
      });
    });
  }

  private data(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    while (this.rest.length >= HEADER) {
      const end = HEADER + this.rest.readUInt32BE(8);
      if (this.rest.length < end) return;
      this.received(this.rest.subarray(HEADER, end));
      this.rest = this.rest.subarray(end);
    }
  }

  private received(bytes: Buffer): void {
    const name = this.names.get(bytes.readUInt16BE(0))!;
    const message = this.schema.message(name);
    const received = { name, context: message.header(bytes).context, value: decodeOr(message, bytes) };
    const waiting = this.waiting.get(received.context);
    if (waiting === undefined || message.contextOffset < 0) this.events.push(received);
    else waiting(received);
  }

  private end(): void {
    this.closed = true;
    for (const waiting of [...this.waiting.values()]) waiting(undefined);
  }
}
