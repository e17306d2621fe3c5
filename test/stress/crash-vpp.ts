// VPPs that can be killed: an embedded VPP in a process of its own, and a real VPP.
import { spawnSync } from "node:child_process";
import { EmulatedHost, type Host, LinuxHost } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { startVpp } from "../support/vpp/real.js";
import { cards } from "./history.js";

export interface KillableVpp {
  readonly apiSocket: string;
  readonly directory: string;
  readonly real: boolean;
  readonly host: Host;
  /** Whether the machine has VRF devices. */
  readonly hasVrf: boolean;
  /** Kills VPP with SIGKILL and starts another. */
  killAndStart(): Promise<void>;
  end(): Promise<void>;
}

export async function startEmbedded(): Promise<KillableVpp> {
  const vpp = await EmbeddedVpp.spawn({ interfaces: cards });
  return {
    apiSocket: vpp.apiSocket,
    directory: vpp.directory,
    real: false,
    hasVrf: true,
    host: new EmulatedHost(vpp),
    async killAndStart() {
      await vpp.kill();
      await vpp.start();
    },
    end: () => vpp.close(),
  };
}

/** Tries to create a VRF device in a namespace that ends with the command. */
export function kernelHasVrf(): boolean {
  const command = ["--net", "ip", "link", "add", "vrf1", "type", "vrf", "table", "1"];
  return spawnSync("unshare", command).status === 0;
}

export async function startReal(): Promise<KillableVpp> {
  const vpp = await startVpp();
  const { apiSocket, directory } = vpp;
  return {
    ...{ apiSocket, directory, real: true, host: new LinuxHost(), hasVrf: kernelHasVrf() },
    killAndStart: () => vpp.restart("SIGKILL"),
    end: () => vpp.stop(),
  };
}
