// A VPP of a few lines: enough of the API socket's protocol to answer, stay silent, lie and die.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NEWEST_RELEASE, type Release } from "../../../lib/binapi/builtin.js";
import type { Message, MessageValue } from "../../../lib/binapi/message.js";
import { Schema } from "../../../lib/binapi/schema.js";

/** Messages that every VPP has under these ids, which libvapiclient does not look up. */
const FIXED_IDS: readonly [string, number][] = [
  ["sockclnt_create", 15],
  ["sockclnt_create_reply", 16],
  ["sockclnt_delete", 17],
  ["sockclnt_delete_reply", 18],
];

const CLIENT_INDEX = 0x80000001;

export interface FakeRequest {
  name: string;
  value: MessageValue;
  context: number;
  /** Sends a message with the request's context. */
  reply(name: string, value: MessageValue): void;
  /** Sends bytes as they are. */
  raw(bytes: Uint8Array): void;
}

export interface FakeOptions {
  release?: Release;
  /** Added to every id, as if other plugins had been loaded. */
  firstId?: number;
  /** Changes the message table before it is sent. */
  table?: (entries: { index: number; name: string }[]) => void;
}

/** Answers requests with `handler`; without one, only pings. */
export class FakeVpp {
  readonly folder = mkdtempSync(join(tmpdir(), "vpp-punt-fake-"));
  readonly socketPath = join(this.folder, "api.sock");
  readonly sockets = new Set<Socket>();
  /** Names of all requests that have come. */
  readonly seen: string[] = [];
  handler: (request: FakeRequest) => void = () => {};

  private onPing = (answer: () => void) => answer();
  private server: Server | undefined;
  private schema!: Schema;
  private ids = new Map<string, number>();
  private messages = new Map<number, Message>();
  private options!: FakeOptions;

  async listen(options: FakeOptions = {}): Promise<this> {
    this.options = options;
    this.schema = Schema.builtin(options.release ?? NEWEST_RELEASE);
    this.ids = new Map(this.schema.names().map((name, i) => [name, (options.firstId ?? 100) + i]));
    for (const [name, id] of FIXED_IDS) this.ids.set(name, id);
    this.messages = new Map([...this.ids].map(([name, id]) => [id, this.schema.message(name)]));
    rmSync(this.socketPath, { force: true });
    this.server = createServer((socket) => this.serve(socket));
    await new Promise<void>((resolve) => this.server!.listen(this.socketPath, resolve));
    return this;
  }

  /** Answers no ping until the function that it returns is called. */
  holdPings(): () => void {
    const held: (() => void)[] = [];
    this.onPing = (answer) => void held.push(answer);
    return () => {
      this.onPing = (answer) => answer();
      for (const answer of held) answer();
    };
  }

  /** Dies as a killed VPP does. */
  kill(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server?.close();
    this.server = undefined;
  }

  close(): void {
    this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The bytes of a message with its frame header. */
  frame(name: string, value: MessageValue, context = 0): Uint8Array {
    const body = this.schema
      .message(name)
      .encode(value, { id: this.ids.get(name)!, clientIndex: CLIENT_INDEX, context });
    const frame = new Uint8Array(16 + body.length);
    new DataView(frame.buffer).setUint32(8, body.length);
    frame.set(body, 16);
    return frame;
  }

  /** Sends a message that answers no request to all clients. */
  broadcast(name: string, value: MessageValue): void {
    for (const socket of this.sockets) socket.write(this.frame(name, value));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => {});
    let pending = Buffer.alloc(0);
    socket.on("data", (data: Buffer) => {
      pending = Buffer.concat([pending, data]);
      while (pending.length >= 16 && pending.length >= 16 + pending.readUInt32BE(8)) {
        const end = 16 + pending.readUInt32BE(8);
        this.request(socket, pending.subarray(16, end));
        pending = pending.subarray(end);
      }
    });
  }

  private request(socket: Socket, bytes: Uint8Array): void {
    const message = this.messages.get((bytes[0]! << 8) | bytes[1]!)!;
    const { context } = message.header(bytes);
    this.seen.push(message.name);
    const reply = (name: string, value: MessageValue) => socket.write(this.frame(name, value, context));
    if (message.name === "sockclnt_create") reply("sockclnt_create_reply", this.registration());
    else if (message.name === "sockclnt_delete") reply("sockclnt_delete_reply", { response: 1 });
    else if (message.name === "control_ping")
      this.onPing(() => reply("control_ping_reply", { retval: 0, client_index: 0, vpe_pid: 1 }));
    else
      this.handler({
        name: message.name,
        value: message.decode(bytes),
        context,
        reply,
        raw: (raw) => socket.write(raw),
      });
  }

  private registration(): MessageValue {
    const message_table = [...this.ids].map(([name, index]) => ({ index, name: this.schema.message(name).key }));
    this.options.table?.(message_table);
    return { response: 0, index: CLIENT_INDEX, message_table };
  }
}
