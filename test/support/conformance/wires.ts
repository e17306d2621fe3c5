// Two memif links to a VPP, embedded or real, as its two wires: what goes in on one, and what comes out of both.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Memif } from "../../../lib/memif.js";
import type { ApiClient } from "../api-client.js";
import { UP } from "./steps.js";

/** How long nothing more must come before the answers are complete. */
const QUIET_MS = 60;

export const VPP_MACS = ["02:fd:00:00:00:01", "02:fd:00:00:00:02"] as const;

export class MemifWires {
  private readonly ports: Memif[] = [];
  private received: { wire: number; frame: Buffer }[] = [];
  private last = 0;

  /** Makes interfaces 1 and 2 in VPP, up, and connects to them. */
  static async connect(api: ApiClient, directory: string): Promise<MemifWires> {
    const wires = new MemifWires();
    for (const wire of [0, 1]) await wires.addWire(api, join(directory, `w${wire}.sock`), wire);
    return wires;
  }

  /** What leaves VPP, by wire, when this comes in on wire `on`. */
  async exchange(on: number, ...frames: Buffer[]): Promise<{ wire: number; frame: Buffer }[]> {
    this.received = [];
    this.last = Date.now();
    for (const frame of frames) this.ports[on]!.send(frame);
    while (Date.now() - this.last < QUIET_MS) await sleep(QUIET_MS / 4);
    return this.received;
  }

  close(): void {
    for (const port of this.ports) port.close();
  }

  private async addWire(api: ApiClient, path: string, wire: number): Promise<void> {
    await api.call("memif_socket_filename_add_del_v2", { is_add: true, socket_id: wire + 1, socket_filename: path });
    const { sw_if_index } = await api.call("memif_create_v2", {
      role: "MEMIF_ROLE_API_MASTER",
      mode: "MEMIF_MODE_API_ETHERNET",
      rx_queues: 1,
      tx_queues: 1,
      id: 0,
      socket_id: wire + 1,
      ring_size: 1024,
      buffer_size: 2048,
      no_zero_copy: false,
      use_dma: false,
      hw_addr: VPP_MACS[wire]!,
      secret: "",
    });
    const port = Memif.open({ role: "client", socket: path, rxMode: "interrupt" });
    this.ports.push(port);
    const up = new Promise<void>((resolve) => port.once("up", () => resolve()));
    port.receive((batch) => {
      for (let i = 0; i < batch.length; i++) this.received.push({ wire, frame: Buffer.from(batch.copy(i)) });
      this.last = Date.now();
    });
    await api.call("sw_interface_set_flags", { sw_if_index, flags: UP });
    await up;
    const mode = { sw_if_index, queue_id_valid: false, queue_id: 0, mode: "RX_MODE_API_INTERRUPT" };
    await api.call("sw_interface_set_rx_mode", mode);
  }
}

/** Without what VPP chooses freely: IPv4's identification and what depends on it, and Ethernet's padding. */
export function withoutChance(frame: Buffer): string {
  const bytes = Buffer.from(frame);
  if (bytes.readUInt16BE(12) !== 0x0800) return bytes.toString("hex");
  bytes.fill(0, 18, 20);
  bytes.fill(0, 24, 26);
  return bytes.subarray(0, 14 + bytes.readUInt16BE(16)).toString("hex");
}
