// The Linux side of an embedded VPP in another process: its devices are inside of that VPP, and none are on this machine.
import { PuntError } from "../errors.js";
import type { Host, HostLink } from "./host.js";

export class InsideHost implements Host {
  readonly hasVhostNet = true;
  readonly hasDevices = false;

  async identify(namespace: string): Promise<string> {
    return `inside:${namespace}`;
  }

  async namedNamespaces(): Promise<string[]> {
    return [];
  }

  async links(): Promise<HostLink[]> {
    return [];
  }

  async change(): Promise<never> {
    throw new PuntError("host.inside", "ENOTSUP", "the devices of an embedded VPP are inside of it");
  }
}
