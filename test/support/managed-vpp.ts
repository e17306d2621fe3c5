// A manager on an embedded VPP, for tests; and what of a VPP's state can be compared.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Vpp } from "../../lib/binapi/index.js";
import { EmulatedHost, MemoryStore, PuntManager, type PuntManagerOptions } from "../../lib/punt/index.js";
import { EmbeddedVpp, type EmbeddedVppOptions } from "../../lib/sim/index.js";

/** VPP's cards in every such test, with addresses: if0 to if5. */
export const cards = ["if0", "if1", "if2", "if3", "if4", "if5"];

export function addressOf(card: string): string {
  return `10.0.${card.slice(2)}.1/24`;
}

/** What an operator configures, at every start of VPP. */
const startup = [
  ...cards.flatMap((card) => [`set interface state ${card} up`, `set interface ip address ${card} ${addressOf(card)}`]),
  "ip table add 1",
  "ip table add 2",
];

export interface ManagedVpp {
  readonly vpp: EmbeddedVpp;
  readonly client: Vpp;
  readonly host: EmulatedHost;
  readonly store: MemoryStore;
  readonly directory: string;
  manager: PuntManager;
  /** Another manager on the same store, as after the end of a process. */
  restartManager(options?: Partial<PuntManagerOptions>): Promise<PuntManager>;
  close(): Promise<void>;
}

const quick = { resyncInterval: 2_000, retry: { firstDelay: 20, longestDelay: 200 } };

export async function managedVpp(
  options: Partial<PuntManagerOptions> = {},
  vppOptions: EmbeddedVppOptions = {},
): Promise<ManagedVpp> {
  const directory = await mkdtemp(join(tmpdir(), "vpp-punt-"));
  const vpp = await EmbeddedVpp.start({ directory, interfaces: cards, exec: startup, ...vppOptions });
  const client = await Vpp.connect({ socketPath: vpp.apiSocket, reconnect: { min: 5, max: 50 } });
  const host = new EmulatedHost(vpp);
  const store = new MemoryStore();
  const start = (more: Partial<PuntManagerOptions> = {}) =>
    PuntManager.start({
      vpp: client,
      host,
      store,
      memifDirectory: join(directory, "memif"),
      ...quick,
      ...options,
      ...more,
    });
  const managed: ManagedVpp = {
    ...{ vpp, client, host, store, directory, manager: await start() },
    async restartManager(more) {
      await managed.manager.close();
      managed.manager = await start(more);
      return managed.manager;
    },
    async close() {
      await managed.manager.close();
      await client.close();
      await vpp.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return managed;
}
