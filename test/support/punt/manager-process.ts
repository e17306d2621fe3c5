// A manager in a process of its own, to be killed: adds and deletes the punts it is given, over and over.
import { Vpp } from "../../../lib/binapi/index.js";
import { FileStore, PuntManager, type PuntRequestInput } from "../../../lib/punt/index.js";

export interface ManagerJob {
  readonly apiSocket: string;
  readonly store: string;
  readonly memifDirectory: string;
  readonly owner: string;
  readonly punts: readonly PuntRequestInput[];
}

const { apiSocket, store, punts, ...options } = JSON.parse(process.argv[2]!) as ManagerJob;
const vpp = await Vpp.connect({ socketPath: apiSocket, wait: true });
const manager = await PuntManager.start({ vpp, store: new FileStore(store), ...options });
process.send!("started");
for (let round = 0; ; round++) {
  await Promise.allSettled(punts.map((punt) => manager.add(punt)));
  const some = manager.list().filter((_, index) => (index + round) % 2 === 0);
  await Promise.allSettled(some.map(({ id }) => manager.delete(id)));
}
