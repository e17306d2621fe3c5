// The parts of VPP that the message handlers work on.
import type { DataPlane, SwInterface } from "../dataplane/index.js";
import type { DeviceFactory } from "../devices/index.js";
import type { VppLog } from "../log.js";
import type { MessageTable } from "./message-table.js";
import type { ApiRegistry } from "./registry.js";

/** The parts of one life of VPP that message handlers use. */
export interface ApiContext {
  registry: ApiRegistry;
  dp: DataPlane;
  log: VppLog;
  devices: DeviceFactory;
  /** The table, once it is made: it lists what the registry has. */
  table(): MessageTable;
  /** The folder of relative socket names. */
  runtimeDirectory: string;
  /** "26.06". */
  release: string;
  /** Where TAPs and af_packet interfaces end. */
  host: "emulated" | "linux";
  /** Runs a line of VPP's command line. The result is the answer of cli_inband. */
  cli(line: string): { retval: number; reply: string };
}

export type StatusFlag = "IF_STATUS_API_FLAG_ADMIN_UP" | "IF_STATUS_API_FLAG_LINK_UP";

export function statusFlags({ adminUp, linkUp }: SwInterface): StatusFlag[] {
  const flags: StatusFlag[] = [];
  if (adminUp) flags.push("IF_STATUS_API_FLAG_ADMIN_UP");
  if (linkUp) flags.push("IF_STATUS_API_FLAG_LINK_UP");
  return flags;
}

/** Returns an enum's value as a number. The codec gives a name for the values that it knows, and a number for others. */
export function enumNumber(value: string | number, names: Readonly<Record<string, number>>): number {
  return typeof value === "number" ? value : (names[value] ?? 0);
}
