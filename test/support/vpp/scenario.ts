// One real VPP with hosts around it, a client and a punt manager: what an end-to-end test begins with.
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Vpp } from "../../../lib/binapi/index.js";
import { Memif } from "../../../lib/memif/index.js";
import type { PacketBatch } from "../../../lib/packet/index.js";
import {
  PuntManager,
  type PuntManagerOptions,
  type PuntRequestInput,
  type PuntStatus,
} from "../../../lib/punt/index.js";
import { Network, until } from "../machine/netns.js";
import { type RealVpp, startVpp, type VppOptions } from "./real.js";
import { snapshot } from "./snapshot.js";

const CREATED_WITHIN_MS = 60_000;

/** For `sw_interface_dump`. */
export const everyInterface = { sw_if_index: 0xffffffff, name_filter_valid: false, name_filter: "" };

export interface ScenarioOptions {
  readonly vpp?: VppOptions;
  readonly manager?: Partial<PuntManagerOptions>;
}

/** Torn down with the test: its punts are deleted, and anything that they leave in VPP or Linux fails the test. */
export class Scenario {
  static #number = 0;
  readonly vpp: RealVpp;
  readonly network: Network;
  readonly client: Vpp;
  manager!: PuntManager;
  /** The manager's. */
  readonly options: PuntManagerOptions;
  readonly #ports: Memif[] = [];
  #others: ReadonlySet<string> = new Set();

  private constructor(vpp: RealVpp, client: Vpp, options: Partial<PuntManagerOptions>) {
    this.vpp = vpp;
    this.client = client;
    this.network = new Network(vpp);
    // Tests run side by side: each manager has an owner of its own, as managers of one machine must.
    const owner = `t${process.pid}-${Scenario.#number++}`;
    this.options = {
      vpp: client,
      owner,
      memifDirectory: join(vpp.directory, "memif"),
      ...options,
    };
  }

  static async start(t: ExecutionContext, { vpp: vppOptions, manager = {} }: ScenarioOptions = {}): Promise<Scenario> {
    const vpp = await startVpp(vppOptions);
    t.teardown(() => vpp.stop());
    const client = await Vpp.connect({ socketPath: vpp.apiSocket });
    t.teardown(() => client.close());
    const scenario = new Scenario(vpp, client, manager);
    t.teardown(() => scenario.network.abandon());
    scenario.manager = await PuntManager.start(scenario.options);
    t.teardown(() => scenario.#end());
    return scenario;
  }

  /** Another manager in the place of this one, with the same settings. */
  async restartManager(options: Partial<PuntManagerOptions> = {}): Promise<void> {
    await this.manager.close();
    this.manager = await PuntManager.start({ ...this.options, ...options });
  }

  /** Adds a punt and waits until it is CREATED. */
  add(request: PuntRequestInput): Promise<PuntStatus> {
    return this.manager.add(request, { waitFor: "CREATED", timeout: CREATED_WITHIN_MS });
  }

  /** Makes loop0 and loop1, which are up and have addresses: 10.60.0.1/24 and fd60:0::1/64, 10.60.1.1/24 and fd60:1::1/64. */
  async makeLoopbacks(): Promise<void> {
    for (const index of [0, 1]) {
      const name = `loop${index}`;
      await this.vpp.configure("create loopback interface", `set interface state ${name} up`);
      await this.vpp.configure(`set interface ip address ${name} 10.60.${index}.1/24`);
      await this.vpp.configure(`set interface ip address ${name} fd60:${index}::1/64`);
    }
  }

  /** Opens the memif of a punt's interconnect, and waits until VPP is at its other end. */
  async memif(punt: PuntStatus, index = 0): Promise<Memif> {
    const port = Memif.open({ role: "client", ...attachmentOf(punt, index, "memif") });
    this.#ports.push(port);
    await until("VPP at the memif", () => port.stats().connects > 0);
    return port;
  }

  async #end(): Promise<void> {
    for (const port of this.#ports) port.close();
    for (const { id } of this.manager.list()) await this.manager.delete(id);
    const left = await this.leftovers();
    await this.manager.close();
    rmSync(join(this.vpp.directory, "memif"), { recursive: true, force: true });
    if (left.length > 0) throw new Error(`the manager leaves behind: ${left.join("; ")}`);
  }

  /** Returns the objects in VPP that neither the test's hosts nor VPP itself made. */
  async leftovers(): Promise<string[]> {
    return (await snapshot(this.client)).filter((line) => !foreign.test(line) && !this.#others.has(line));
  }

  /** Takes everything that VPP has now for the work of others, which must stay. Returns it line by line. */
  async keep(): Promise<string[]> {
    const lines = await snapshot(this.client);
    this.#others = new Set(lines);
    return lines;
  }
}

/** The test's own: hosts' links, loopbacks, tables, and the memif socket VPP begins with. */
const foreign =
  /^((interface|address|af_packet) (local0|host-pt|loop\d)|table |memif-socket [^ ]*\d-\w+\/memif\.sock$)/;

type Attachment = PuntStatus["metadata"]["interconnects"][number]["attachment"];

export function attachmentOf<K extends Attachment["kind"]>(
  punt: PuntStatus,
  index: number,
  kind: K,
): Omit<Extract<Attachment, { kind: K }>, "kind"> {
  const { attachment } = punt.metadata.interconnects[index]!;
  if (attachment.kind !== kind) throw new Error(`interconnect ${index} is ${attachment.kind}, not ${kind}`);
  const { kind: _, ...rest } = attachment as Extract<Attachment, { kind: K }>;
  return rest;
}

export interface Forwarded {
  /** Packets that went from the first port to the second, and back. */
  there: number;
  back: number;
}

/** Passes every packet of one port on to the other, both ways, as a CNF in the middle does. */
export function forwarder(first: Memif, second: Memif): Forwarded {
  const count: Forwarded = { there: 0, back: 0 };
  const pass = (from: Memif, to: Memif, direction: keyof Forwarded) =>
    from.receive((batch: PacketBatch) => {
      count[direction] += to.send(batch);
    });
  pass(first, second, "there");
  pass(second, first, "back");
  return count;
}
