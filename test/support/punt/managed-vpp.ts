// A manager on an embedded VPP, for tests.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Vpp } from "../../../lib/binapi/index.js";
import { EmulatedHost, MemoryStore, PuntManager, type PuntManagerOptions } from "../../../lib/punt/index.js";
import { EmbeddedVpp, type EmbeddedVppOptions } from "../../../lib/sim/index.js";

/** VPP's cards in every such test, with addresses: if0 to if5. */
export const cards = ["if0", "if1", "if2", "if3", "if4", "if5"];

export function addressOf(card: string): string {
  return `10.0.${card.slice(2)}.1/24`;
}

/** The card in VRF 1; all others are in VRF 0. */
const cardInVrf1 = "if5";

/** The configuration of an operator's startup file. */
const startup = cards
  .filter((card) => card !== cardInVrf1)
  .flatMap((card) => [`set interface state ${card} up`, `set interface ip address ${card} ${addressOf(card)}`]);

/** Makes the VRFs, for which the embedded VPP's command line has no words. */
async function configureVrfs(client: Vpp): Promise<void> {
  for (const table_id of [1, 2]) {
    for (const is_ip6 of [false, true]) {
      await client.call("ip_table_add_del", { is_add: true, table: { table_id, is_ip6, name: "" } });
    }
  }
  const details = await client.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
  const { sw_if_index } = details.find((it) => it.interface_name === cardInVrf1)!;
  await client.call("sw_interface_set_table", { sw_if_index, is_ipv6: false, vrf_id: 1 });
  await client.call("sw_interface_set_flags", { sw_if_index, flags: ["IF_STATUS_API_FLAG_ADMIN_UP"] });
  await client.call("sw_interface_add_del_address", {
    sw_if_index,
    is_add: true,
    del_all: false,
    prefix: addressOf(cardInVrf1),
  });
}

export interface ManagedVpp {
  readonly vpp: EmbeddedVpp;
  readonly client: Vpp;
  readonly host: EmulatedHost;
  readonly store: MemoryStore;
  readonly directory: string;
  manager: PuntManager;
  /** Another manager on the same store, as after the end of a process. */
  restartManager(options?: Partial<PuntManagerOptions>): Promise<PuntManager>;
  /** VPP forgets everything; the operator configures it again. */
  restartVpp(): Promise<void>;
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
  await configureVrfs(client);
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
    async restartVpp() {
      await vpp.restart();
      await client.connected();
      await configureVrfs(client);
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
