// Two veth pairs to a VPP, embedded or real, as its two wires: frames go in on one and come out of both.
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type NativeSimFramePort, native } from "../../../lib/native.js";
import { atEnd } from "../machine/at-end.js";
import type { ApiClient } from "../vpp/api-client.js";
import { afPacketCreate } from "../vpp/api-values.js";
import { UP } from "./steps.js";

/** How long nothing more must come before the answers are complete, unless the test says otherwise. */
const QUIET_MS = 60;
const LONGEST_FRAME = 2048;
const BURST = 64;

export const VPP_MACS = ["02:fd:00:00:00:01", "02:fd:00:00:00:02"] as const;

let pairs = 0;

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

export interface Seen {
  wire: number;
  frame: Buffer;
}

export class VethWires {
  private readonly ports: NativeSimFramePort[] = [];
  private readonly names: string[] = [];
  private received: Seen[] = [];
  private last = 0;

  private constructor(private readonly quietMs: number) {}

  /** Makes interfaces 1 and 2 in VPP, up. */
  static async connect(api: ApiClient, quietMs = QUIET_MS): Promise<VethWires> {
    const wires = new VethWires(quietMs);
    atEnd(() => wires.close());
    for (const wire of [0, 1]) await wires.addWire(api, wire);
    return wires;
  }

  /** Returns the frames that leave VPP, by wire, when this frame comes in on wire `on`. */
  async exchange(on: number, ...frames: Buffer[]): Promise<Seen[]> {
    this.received = [];
    this.last = Date.now();
    for (const frame of frames) {
      this.ports[on]!.send(frame, Uint32Array.of(0, frame.length, 0), 1, new Uint8Array(1));
    }
    while (Date.now() - this.last < this.quietMs) await sleep(this.quietMs / 4);
    return this.received;
  }

  close(): void {
    for (const port of this.ports.splice(0)) port.close();
    for (const name of this.names.splice(0)) ip("link", "delete", name);
  }

  private async addWire(api: ApiClient, wire: number): Promise<void> {
    const pair = `vc${process.pid % 100_000}x${pairs++}`;
    const [ours, vpps] = [`${pair}a`, `${pair}b`];
    ip("link", "add", ours, "type", "veth", "peer", "name", vpps);
    this.names.push(ours);
    for (const name of [ours, vpps]) {
      // The kernel has nothing to say on these.
      execFileSync("sysctl", ["-qw", `net.ipv6.conf.${name}.disable_ipv6=1`]);
      ip("link", "set", name, "arp", "off", "up");
    }
    const { sw_if_index } = await api.call("af_packet_create_v3", afPacketCreate(vpps, VPP_MACS[wire]!));
    await api.call("sw_interface_set_flags", { sw_if_index, flags: UP });
    this.listen(ours, wire);
  }

  private listen(name: string, wire: number): void {
    const port = new native.SimFramePort({ kind: "packet", name, netns: "", sendBuffer: 0 });
    const slab = new Uint8Array(LONGEST_FRAME * BURST);
    const lengths = new Uint32Array(BURST);
    port.start(slab, lengths, LONGEST_FRAME, (count) => {
      for (let i = 0; i < count; i++) {
        const at = i * LONGEST_FRAME;
        this.received.push({ wire, frame: Buffer.from(slab.slice(at, at + lengths[i]!)) });
      }
      this.last = Date.now();
    });
    this.ports.push(port);
  }
}

/** Returns the frame without the fields that VPP chooses freely: IPv4's identification and checksum, and Ethernet's padding. */
export function withoutChance(frame: Buffer): string {
  const bytes = Buffer.from(frame);
  if (bytes.readUInt16BE(12) !== 0x0800) return bytes.toString("hex");
  bytes.fill(0, 18, 20);
  bytes.fill(0, 24, 26);
  return bytes.subarray(0, 14 + bytes.readUInt16BE(16)).toString("hex");
}
