// Two network namespaces with a cable between them, and independent programs at the other end.
import { execFileSync, spawn } from "node:child_process";
import { statSync } from "node:fs";
import type { ExecutionContext } from "ava";
import { PacketSocket, type PacketSocketOptions } from "../../../lib/packet-socket/index.js";

export { until } from "../until.js";

/** A network namespace of one test: held by a process that sleeps. */
export class Host {
  /** Path of the namespace. */
  readonly path: string;

  constructor(t: ExecutionContext) {
    const child = spawn("setpriv", ["--pdeathsig", "KILL", "unshare", "--net", "sleep", "600"], { stdio: "ignore" });
    t.teardown(() => child.kill("SIGKILL"));
    this.path = `/proc/${child.pid}/ns/net`;
    const own = statSync("/proc/self/ns/net").ino;
    for (const end = Date.now() + 30_000; statSync(this.path).ino === own; ) {
      if (Date.now() > end) throw new Error("unshare --net has not made a namespace");
    }
  }

  /** Runs a program in it to its end; its output. */
  run(...command: string[]): string {
    return execFileSync("nsenter", [`--net=${this.path}`, ...command], { encoding: "utf8" });
  }

  ip(...args: string[]): string {
    return this.run("ip", ...args);
  }

  /** Runs a program in it that ends with the test; resolves with its output. */
  start(t: ExecutionContext, ...command: string[]): Promise<string> {
    const child = spawn("nsenter", [`--net=${this.path}`, ...command], { stdio: ["ignore", "pipe", "inherit"] });
    t.teardown(() => child.kill("SIGKILL"));
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", () => resolve(output));
    });
  }
}

/** Host a with device `punt0`, cabled to host b's `far0`. Both are up, and IPv6 says nothing by itself. */
export function cable(t: ExecutionContext): { a: Host; b: Host } {
  const [a, b] = [new Host(t), new Host(t)];
  for (const host of [a, b]) {
    for (const file of ["all", "default"]) {
      host.run("sh", "-c", `echo 1 > /proc/sys/net/ipv6/conf/${file}/disable_ipv6 2>/dev/null || true`);
    }
  }
  addCable(a, b);
  return { a, b };
}

export function addCable(a: Host, b: Host): void {
  const namespace = /\d+/.exec(b.path)![0];
  a.ip("link", "add", "punt0", "type", "veth", "peer", "name", "far0", "netns", namespace);
  a.ip("link", "set", "punt0", "up");
  b.ip("link", "set", "far0", "up");
}

/** A port on host a's device, closed after the test. */
export function openOn(t: ExecutionContext, host: Host, options: Partial<PacketSocketOptions> = {}): PacketSocket {
  const port = PacketSocket.open({ device: "punt0", namespace: host.path, ...options } as PacketSocketOptions);
  t.teardown(() => port.close());
  return port;
}

/** Everything a port receives from now on, as text in hexadecimal. */
export function collect(port: PacketSocket): string[] {
  const frames: string[] = [];
  port.receive((batch) => {
    for (let i = 0; i < batch.length; i++) frames.push(Buffer.from(batch.view(i)).toString("hex"));
  });
  return frames;
}

/** An Ethernet frame of `length` bytes that starts with `number`, of an EtherType for experiments. */
export function frame(number: number, length = 60): Uint8Array {
  const bytes = Buffer.alloc(length, number & 0xff);
  bytes.write("020000000002020000000001", 0, "hex");
  bytes.writeUInt16BE(0x88b5, 12);
  bytes.writeUInt32BE(number, 14);
  return bytes;
}

/** The number in a frame of `frame`. */
export const numberOf = (hex: string): number => Number.parseInt(hex.slice(28, 36), 16);

/** Python with a raw socket `s` on far0. `argv` are its arguments. */
export function python(t: ExecutionContext, host: Host, code: string, ...argv: string[]): Promise<string> {
  const preamble = `
import socket, struct, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
s.bind(("far0", 0))
argv = sys.argv[1:]
`;
  return host.start(t, "python3", "-c", preamble + code, ...argv);
}
