// A manager in a process of its own that kills itself before or after one call that changes VPP, the store or Linux.
import { Vpp } from "../../lib/binapi/index.js";
import { LinuxHost, PuntManager } from "../../lib/punt/index.js";
import { type Operation, operate } from "./fault-operation.js";
import { type Around, type KillSite, type Moment, watchedHost, watchedStore, watchedVpp } from "./fault-points.js";
import { RemoteHost } from "./remote-host.js";
import { settings } from "./settling.js";

/** The call at which the process dies: the nth of its site from the beginning of the operation. */
export interface KillOrder {
  readonly site: KillSite;
  readonly moment: Moment;
  readonly nth: number;
}

interface Work {
  readonly apiSocket: string;
  readonly directory: string;
  /** Whether VPP is real, with the Linux side of this machine. */
  readonly real: boolean;
  readonly operation: Operation;
  readonly order: KillOrder;
}

async function main({ apiSocket, directory, real, operation, order }: Work): Promise<void> {
  let left = 0;
  const around: Around = async (site, work) => {
    const struck = site === order.site && left > 0 && --left === 0;
    if (struck && order.moment === "before") process.kill(process.pid, "SIGKILL");
    const result = await work();
    if (struck) process.kill(process.pid, "SIGKILL");
    return result;
  };
  const vpp = await Vpp.connect({ socketPath: apiSocket, wait: 5_000 });
  const { store, ...rest } = settings({ directory });
  const manager = await PuntManager.start({
    ...rest,
    vpp: watchedVpp(vpp, around),
    host: watchedHost(real ? new LinuxHost() : new RemoteHost(), around),
    store: watchedStore(store, around),
  });
  await manager.resync();
  left = order.nth;
  await operate(manager, operation);
  process.send!({ kept: true });
  await manager.close();
  await vpp.close();
  process.disconnect();
}

process.once("message", (work: Work) => void main(work));
